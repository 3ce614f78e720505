import type { EventContext, Receiver } from "rhea";
import type { Faults } from "./faults.ts";
import { noSession, type Inlet } from "./inlet.ts";
import { messagesOf } from "./message.ts";
import { accept, acceptAttach, encode, maxMessageBytes, reject, type AmqpMessage } from "./rhea.ts";

/** How many messages a sender may have under way. */
const credit = 1000;

/** Receives the messages that a client sends to a queue or topic. */
export class IncomingLink {
  readonly #receiver: Receiver;
  readonly #inlet: Inlet;
  readonly #faults: Faults;

  constructor(receiver: Receiver, inlet: Inlet, faults: Faults) {
    this.#receiver = receiver;
    this.#inlet = inlet;
    this.#faults = faults;
    acceptAttach(receiver);
    receiver.on("message", (context: EventContext) => this.#take(context));
    receiver.add_credit(credit);
  }

  /** Messages under way are still answered. */
  end(): void {}

  detach(condition: string, description: string): void {
    this.#receiver.close({ condition, description });
  }

  #take({ message, delivery }: EventContext): void {
    if (!delivery || message === undefined) return;
    const payload = message as unknown as AmqpMessage | Buffer;
    const bytes = Buffer.isBuffer(payload) ? payload.length : encode(payload).length;
    this.#faults.answer(() => {
      if (this.#faults.throttles()) {
        reject(
          delivery,
          "com.microsoft:server-busy",
          "The request was terminated because the entity is being throttled.",
        );
      } else if (bytes > maxMessageBytes) {
        const limit = `the limit (${maxMessageBytes} bytes) currently allowed on the link`;
        const sizes = `The received message (size:${bytes} bytes) exceeds ${limit}.`;
        reject(delivery, "amqp:link:message-size-exceeded", sizes);
      } else {
        const messages = messagesOf(delivery.format, payload);
        if (messages.every((one) => this.#inlet.admits(one))) {
          for (const one of messages) this.#inlet.take(one);
          accept(delivery);
        } else reject(delivery, "amqp:not-allowed", noSession);
      }
      if (this.#receiver.is_open()) this.#receiver.add_credit(1);
    });
  }
}
