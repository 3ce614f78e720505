import type { ServiceBusClient, ServiceBusReceivedMessage } from "@azure/service-bus";
import type { PeekRequest, QueuedEvent } from "../../../src/contract/queue-operator.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { translateErrors } from "../errors.ts";
import { lowest, type SequenceNumber } from "../sdk/sequence-number.ts";
import type { ClaimCheck } from "./claim-check.ts";
import { isForOthers, redeliveryStateOf } from "./message.ts";
import type { Names } from "./names.ts";
import { receiverOptions } from "./reader.ts";

const pageSize = 100;

/** Looks at messages without locking them, and cancels scheduled ones. */
export class Withdrawing {
  readonly #client: ServiceBusClient;
  readonly #names: Names;
  readonly #claims: ClaimCheck;

  constructor(client: ServiceBusClient, names: Names, claims: ClaimCheck) {
    this.#client = client;
    this.#names = names;
    this.#claims = claims;
  }

  async peek(name: QueueName, { limit, id }: PeekRequest): Promise<readonly QueuedEvent[]> {
    const ready: QueuedEvent[] = [];
    const delayed: QueuedEvent[] = [];
    for await (const message of this.#messages(name)) {
      if (redeliveryStateOf(message).wake || isForOthers(message, name)) continue;
      const one = await this.#queuedEvent(message, name);
      if (id !== undefined && one.event.id !== id) continue;
      (one.state === "ready" ? ready : delayed).push(one);
      if (ready.length === limit || (id !== undefined && ready.length + delayed.length === limit)) break;
    }
    return [...ready, ...delayed].slice(0, limit);
  }

  async #queuedEvent(message: ServiceBusReceivedMessage, name: QueueName): Promise<QueuedEvent> {
    const { event } = await this.#claims.read(message, name);
    const { attempts = 0, uncounted = 0 } = redeliveryStateOf(message);
    const tried = attempts + Math.max(0, (message.deliveryCount ?? 0) - uncounted);
    if (message.state === "active") return { event, state: "ready", dueAt: undefined, attempts: tried };
    return { event, state: "delayed", dueAt: message.scheduledEnqueueTimeUtc?.getTime(), attempts: tried };
  }

  /** Cancels the scheduled messages of a queue. Returns how many; 0 for a subscription, whose topic has them. */
  async cancelScheduled(name: QueueName): Promise<number> {
    if (name.kind !== "queue") return 0;
    const numbers: SequenceNumber[] = [];
    for await (const { state, sequenceNumber } of this.#messages(name))
      if (state === "scheduled" && sequenceNumber) numbers.push(sequenceNumber);
    if (numbers.length === 0) return 0;
    await translateErrors(`cancel the scheduled messages of ${name}`, async () => {
      const sender = this.#client.createSender(this.#names.entity(name));
      try {
        await sender.cancelScheduledMessages(numbers);
      } finally {
        await sender.close();
      }
    });
    return numbers.length;
  }

  /** Yields all messages, oldest first, without locking them. */
  async *#messages(name: QueueName): AsyncGenerator<ServiceBusReceivedMessage, void, undefined> {
    const path = this.#names.path(name);
    const receiver = await translateErrors(`look into ${name}`, () =>
      Promise.resolve(this.#client.createReceiver(path, receiverOptions)),
    );
    try {
      let from = lowest;
      for (;;) {
        const fromSequenceNumber = from;
        const page = await translateErrors(`look into ${name}`, () =>
          receiver.peekMessages(pageSize, { fromSequenceNumber }),
        );
        yield* page;
        const last = page.at(-1)?.sequenceNumber;
        if (!last) return;
        from = last.add(1);
      }
    } finally {
      await receiver.close();
    }
  }
}
