import type { Clock } from "../../../src/base/clock.ts";
import { BeeHiveError, isBeeHiveError } from "../../../src/base/errors.ts";
import type { Event } from "../../../src/events/event.ts";
import { identityOf } from "../../../src/events/output-id.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import type { Addresses, QueueAddress } from "./addresses.ts";
import type { ClaimCheck } from "./claim-check.ts";
import { maxOrderedDelayMs } from "./limits.ts";
import type { Load } from "./load.ts";
import { assertSize, bodyOf, fifoToken } from "./message.ts";
import { isFifo } from "./names.ts";
import type { Outbox, Outgoing } from "./outbox.ts";
import { attributesWith, type RedeliveryState } from "./redelivery-state.ts";

/** Limit of SQS; SNS has no delay. */
const maxDelaySeconds = 900;
/** Maximum bytes of a message. */
const maxBytes = { queue: 1_048_576, topic: 262_144 };

/** The message of an event with its destination: a queue, or the kinds of a topic. */
interface Publication {
  readonly to: QueueAddress | readonly string[];
  readonly event: Event;
  readonly body: string;
  readonly delaySeconds: number | undefined;
}

export interface PublisherParts {
  readonly addresses: Addresses;
  readonly outbox: Outbox;
  readonly load: Load;
  readonly clock: Clock;
  readonly claims: ClaimCheck | undefined;
  readonly maxEventBytes: number;
}

/** Publishes events to queues and topics. */
export class Publisher {
  readonly #parts: PublisherParts;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /**
   * Publishes events. @throws BeeHiveError `QueueNotFound`, `TooLarge` or `InvalidEvent` before anything is published.
   */
  async push(events: readonly Event[]): Promise<void> {
    // Check all destinations and sizes first, so that nothing is published when one is wrong.
    const publications = await Promise.all(events.map((event) => this.#publication(event)));
    await this.#parts.load.while(() => allOf(publications.flatMap((publication) => this.#dispatch(publication))));
  }

  /**
   * Sends an event to one queue, whatever its destination, past the deduplication of SQS.
   *
   * @param state travels with the event.
   */
  async sendTo(queue: QueueAddress, event: Event, deduplicationId: string, state?: RedeliveryState): Promise<void> {
    const body = await this.#packed(event, maxBytes.queue);
    const fields = queue.fifo ? { ...fifoFields(event), deduplicationId } : fairFields(event);
    await this.send(queue, { body, ...(state && { attributes: attributesWith(state, {}) }), ...fields });
  }

  /** Sends a message to one queue. Large messages become claims, else the caller checks the size. */
  async send(queue: QueueAddress, message: Outgoing): Promise<void> {
    const { addresses, outbox, load, claims } = this.#parts;
    const kept = claims && Buffer.byteLength(message.body) > maxBytes.queue;
    const body = kept ? await claims.keep(message.body) : message.body;
    try {
      await load.while(() => outbox.send(queue, { ...message, body }));
    } catch (error) {
      if (isBeeHiveError(error, "QueueNotFound")) addresses.forget(queue.name);
      throw error;
    }
  }

  async #publication(event: Event): Promise<Publication> {
    const { addresses, clock } = this.#parts;
    const name = QueueName.parse(event.queueName);
    const to = name.kind === "queue" ? await addresses.queue(name) : await addresses.topics(name);
    const delayMs = (event.enqueueTime?.getTime() ?? 0) - clock.now();
    if ("url" in to ? to.fifo : to.some(isFifo)) assertKeptUntilDue(event, delayMs);
    const body = await this.#packed(event, name.kind === "queue" ? maxBytes.queue : maxBytes.topic);
    return { to, event, body, delaySeconds: delayMs > 0 ? delaySeconds(delayMs) : undefined };
  }

  /** Returns the body, or its claim. @throws BeeHiveError `TooLarge`. */
  async #packed(event: Event, max: number): Promise<string> {
    const { claims, maxEventBytes } = this.#parts;
    const body = bodyOf(event);
    const bytes = Buffer.byteLength(body);
    if (claims && bytes > Math.min(maxEventBytes, max)) return await claims.keep(body);
    assertSize(event, bytes, Math.min(maxEventBytes, max));
    return body;
  }

  /** Sends a message. FIFO queues and topics take no delay, and topics never one. */
  #dispatch({ to, event, body, delaySeconds: delay }: Publication): Promise<void>[] {
    const { outbox } = this.#parts;
    const ordered = (): Outgoing => ({ body, ...fifoFields(event) });
    const unordered = (): Outgoing => ({ body, ...fairFields(event) });
    if ("url" in to) return [this.send(to, to.fifo ? ordered() : { ...unordered(), delaySeconds: delay })];
    return to.map(async (arn) => {
      try {
        await outbox.publish(arn, isFifo(arn) ? ordered() : unordered());
      } catch (error) {
        if (isBeeHiveError(error, "QueueNotFound")) this.#parts.addresses.forget();
        throw error;
      }
    });
  }
}

/** Returns the group of an event, which keeps order: its partition key, else its identity. */
function fifoFields(event: Event): Pick<Outgoing, "groupId" | "deduplicationId"> {
  const identity = identityOf(event);
  return { groupId: fifoToken(event.partitionKey ?? identity), deduplicationId: fifoToken(identity) };
}

/**
 * Returns the group of an event in a queue or topic without order: its partition key.
 *
 * SQS then shares receives fairly between groups, so that one with many messages does not starve the others.
 */
function fairFields({ partitionKey }: Event): Pick<Outgoing, "groupId"> {
  return partitionKey === undefined ? {} : { groupId: fifoToken(partitionKey) };
}

/** @throws BeeHiveError `InvalidEvent` when SQS would delete the event before it is due. */
function assertKeptUntilDue({ eventType, id, queueName, enqueueTime }: Event, delayMs: number): void {
  if (delayMs <= maxOrderedDelayMs) return;
  throw new BeeHiveError(
    "InvalidEvent",
    `The event ${eventType} ${id} to ${queueName} is due at ${enqueueTime?.toISOString()}: SQS keeps an ` +
      "ordered event for 14 days, so it may be due in at most 13 days. Push it later, or to a queue that " +
      "is not ordered.",
  );
}

/** Returns the delay as SQS takes it: whole seconds, rounded up, 15 minutes at most. */
export function delaySeconds(delayMs: number): number {
  return Math.min(maxDelaySeconds, Math.ceil(delayMs / 1_000));
}

/** Waits for all, then throws the first failure. */
export async function allOf(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}
