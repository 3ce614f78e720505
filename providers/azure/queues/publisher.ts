import type { ServiceBusClient, ServiceBusMessage, ServiceBusSender } from "@azure/service-bus";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { originText, type EventCopy } from "../../../src/provider-kit/archive/index.ts";
import { translateErrors } from "../errors.ts";
import type { ClaimCheck } from "./claim-check.ts";
import { copyId, redeliveryProperties, toMessage, type RedeliveryState } from "./message.ts";
import type { Names } from "./names.ts";
import type { Throttling } from "./throttling.ts";

/** Sends events and copies of events to queues and topics, with one sender for each. */
export class Publisher {
  readonly #client: ServiceBusClient;
  readonly #names: Names;
  readonly #claims: ClaimCheck | undefined;
  readonly #throttling: Throttling;
  readonly #senders = new Map<string, ServiceBusSender>();

  /** @param claims stores bodies that are too large; without it they are refused. */
  constructor(client: ServiceBusClient, names: Names, claims: ClaimCheck | undefined, throttling: Throttling) {
    this.#client = client;
    this.#names = names;
    this.#claims = claims;
    this.#throttling = throttling;
  }

  /** Sends events to their queues and topics, in batches up to the limit of the service. */
  async push(events: readonly Event[]): Promise<void> {
    const byQueue = new Map<string, Event[]>();
    for (const event of events) {
      const together = byQueue.get(event.queueName);
      if (together) together.push(event);
      else byQueue.set(event.queueName, [event]);
    }
    await Promise.all([...byQueue].map(([name, some]) => this.#send(QueueName.parse(name), some.map(published))));
  }

  /** Sends copies of the log to one subscription alone, at once. Duplicate detection drops those sent before. */
  async sendCopies(to: QueueName, copies: readonly EventCopy[]): Promise<void> {
    const messages = copies.map(({ event, id, origin }): Sending => ({
      event,
      message: (checkedIn, claim) => {
        const state = { to: to.subscription, claim, origin: origin && originText(origin) };
        const { scheduledEnqueueTimeUtc: _, ...now } = toMessage(checkedIn, state, copyId(id));
        return now;
      },
    }));
    await this.#send(to.destination, messages);
  }

  /** Sends a copy of an event back to its queue or subscription, under another message id. */
  async requeue(event: Event, from: QueueName, { id, at, redelivery }: RequeueOptions): Promise<void> {
    const to = from.kind === "subscription" ? from.subscription : undefined;
    const message = toMessage(redelivery.claim === undefined ? event : withoutBody(event), { ...redelivery, to }, id);
    const { scheduledEnqueueTimeUtc: _, ...now } = message;
    await translateErrors(`requeue an event to ${from}`, () =>
      this.#sender(this.#names.entity(from)).sendMessages(
        at === undefined ? now : { ...now, scheduledEnqueueTimeUtc: new Date(at) },
      ),
    );
  }

  /** Schedules a message, which is no event, that wakes a session of `name`. */
  async wake(
    name: QueueName,
    { id, sessionId, at }: { readonly id: string; readonly sessionId: string; readonly at: number },
  ): Promise<void> {
    const to = name.kind === "subscription" ? name.subscription : undefined;
    const message: ServiceBusMessage = {
      messageId: id,
      sessionId,
      body: "",
      applicationProperties: redeliveryProperties({ wake: true, to }),
      scheduledEnqueueTimeUtc: new Date(at),
    };
    await translateErrors(`delay an event of ${name}`, () =>
      this.#sender(this.#names.entity(name)).sendMessages(message),
    );
  }

  /** Opens a link to a queue or topic, which needs the right to send only. @throws BeeHiveError `QueueNotFound`. */
  async assertReachable(name: QueueName): Promise<void> {
    await translateErrors(`reach ${name}`, () => this.#sender(this.#names.entity(name)).createMessageBatch());
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#senders.values()].map((sender) => sender.close()));
  }

  async #send(name: QueueName, sendings: readonly Sending[]): Promise<void> {
    await translateErrors(`send to ${name}`, async () => {
      const sender = this.#sender(this.#names.entity(name));
      let batch = await sender.createMessageBatch();
      this.#throttling.watchSender(sender);
      for (const sending of sendings) {
        const message = sending.message(sending.event);
        if (batch.tryAddMessage(message)) continue;
        if (batch.count > 0) {
          await sender.sendMessages(batch);
          batch = await sender.createMessageBatch();
          if (batch.tryAddMessage(message)) continue;
        }
        const small = await this.#checkedIn(sending, batch.maxSizeInBytes);
        if (!batch.tryAddMessage(small)) throw tooLarge(sending.event, batch.maxSizeInBytes);
      }
      if (batch.count > 0) await sender.sendMessages(batch);
    });
  }

  async #checkedIn({ event, message }: Sending, limit: number): Promise<ServiceBusMessage> {
    if (!this.#claims) throw tooLarge(event, limit);
    return message(withoutBody(event), await this.#claims.keep(event));
  }

  #sender(entity: string): ServiceBusSender {
    let sender = this.#senders.get(entity);
    if (!sender) this.#senders.set(entity, (sender = this.#client.createSender(entity)));
    return sender;
  }
}

export interface RequeueOptions {
  /** The message id of the copy. */
  readonly id: string;
  /** In ms since the epoch. @default at once */
  readonly at?: number | undefined;
  readonly redelivery: RedeliveryState;
}

/** An event to send, and the message of it. With a claim its body is elsewhere. */
interface Sending {
  readonly event: Event;
  readonly message: (event: Event, claim?: string) => ServiceBusMessage;
}

function published(event: Event): Sending {
  return { event, message: (checkedIn, claim) => toMessage(checkedIn, { claim }) };
}

/** Returns the event with an empty body of the same kind, text or bytes. */
function withoutBody(event: Event): Event {
  const record = event.toRecord();
  return Event.fromRecord({ ...record, body: typeof record.body === "string" ? "" : new Uint8Array() });
}

function tooLarge(event: Event, limit: number): BeeHiveError {
  const { body } = event.toRecord();
  const bytes = Buffer.byteLength(body);
  return new BeeHiveError(
    "TooLarge",
    `The event ${event.eventType} ${event.id} has a body of ${bytes} bytes and its properties; ` +
      `at most ${limit} bytes are taken in all. ` +
      "Keep large data in the key-value store and send its key, or let the provider do so with claimCheck=true.",
  );
}
