import type { ServiceBusClient, ServiceBusMessage, ServiceBusSender } from "@azure/service-bus";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { translateErrors } from "../errors.ts";
import type { ClaimCheck } from "./claim-check.ts";
import { redeliveryProperties, toMessage, type RedeliveryState } from "./message.ts";
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
    await Promise.all([...byQueue].map(([name, some]) => this.#send(QueueName.parse(name), some)));
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

  async #send(name: QueueName, events: readonly Event[]): Promise<void> {
    await translateErrors(`send to ${name}`, async () => {
      const sender = this.#sender(this.#names.entity(name));
      let batch = await sender.createMessageBatch();
      this.#throttling.watchSender(sender);
      for (const event of events) {
        const message = toMessage(event);
        if (batch.tryAddMessage(message)) continue;
        if (batch.count > 0) {
          await sender.sendMessages(batch);
          batch = await sender.createMessageBatch();
          if (batch.tryAddMessage(message)) continue;
        }
        const small = await this.#checkedIn(event, batch.maxSizeInBytes);
        if (!batch.tryAddMessage(small)) throw tooLarge(event, batch.maxSizeInBytes);
      }
      if (batch.count > 0) await sender.sendMessages(batch);
    });
  }

  async #checkedIn(event: Event, limit: number): Promise<ServiceBusMessage> {
    if (!this.#claims) throw tooLarge(event, limit);
    const claim = await this.#claims.keep(event);
    return toMessage(withoutBody(event), { claim });
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
