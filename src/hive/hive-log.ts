import { BeeHiveError } from "../base/errors.ts";
import type { Provider } from "../contract/provider.ts";
import type { KeptEvent, LogRange, TopicLog } from "../contract/topic-log.ts";
import type { Event } from "../events/event.ts";
import type { QueueName } from "../events/queue-name.ts";
import { reasonOf } from "./keep.ts";
import { Restoration, type Restored } from "./restore.ts";

/** An event of the log. */
export interface LoggedEvent {
  /** Counts the events of the topic from 0, without gaps, in the order of their commits. */
  readonly position: number;
  readonly published: Date;
  readonly event: Event;
}

/** The part of a log to read. */
export interface ReadLogOptions {
  /** The first position, or the time from which events were published. @default The oldest kept event. */
  readonly from?: Date | number | undefined;
  /** The end, exclusive. @default The newest event when reading began. */
  readonly to?: Date | number | undefined;
  /** Reads events of this partition key only. */
  readonly key?: string | undefined;
  /** The most events. @default Infinity */
  readonly limit?: number | undefined;
}

/** The part of a log to follow. */
export interface FollowLogOptions extends Pick<ReadLogOptions, "key"> {
  /** The first position, or the time from which events were published. @default The events to come. */
  readonly from?: Date | number | undefined;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
}

const page = 500;
const followMs = 30_000;

/**
 * The kept events of a topic. Returned by `hive.log(topic)`.
 *
 * @example
 * for await (const { position, published, event } of hive.log("OrderAccepted").read({ from: new Date("2026-01-01") }))
 *   console.log(position, published, event.getBody());
 */
export class HiveLog {
  readonly topic: QueueName;
  readonly #log: TopicLog;
  readonly #stopped: AbortSignal;

  /** @internal Created by `hive.log`. */
  constructor(topic: QueueName, log: TopicLog, stopped: AbortSignal) {
    this.topic = topic;
    this.#log = log;
    this.#stopped = stopped;
  }

  /** Returns the positions of the oldest kept event and of the next event to come. */
  range(): Promise<LogRange> {
    return this.#log.range(this.topic);
  }

  /** Yields kept events in the order of their positions, each once. */
  async *read({ from = 0, to, key, limit = Infinity }: ReadLogOptions = {}): AsyncGenerator<LoggedEvent, void> {
    const end = to === undefined ? (await this.range()).next : await this.#position(to);
    let position = await this.#position(from);
    let left = limit;
    while (left > 0 && position < end) {
      const events = await this.#log.read(this.topic, { from: position, limit: page, key });
      for (const kept of events) {
        if (kept.position >= end || left-- <= 0) return;
        yield logged(kept);
      }
      const last = events.at(-1);
      if (!last || events.length < page) return;
      position = last.position + 1;
    }
  }

  /**
   * Yields events as they come: every process that follows gets all of them, without a subscription and a lease.
   *
   * Ends when the signal aborts or the hive has stopped.
   *
   * @example
   * for await (const { event } of hive.log("PriceChanged").follow({ signal })) cache.delete(event.partitionKey);
   */
  async *follow({ from, key, signal }: FollowLogOptions = {}): AsyncGenerator<LoggedEvent, void> {
    const over = signal ? AbortSignal.any([signal, this.#stopped]) : this.#stopped;
    let position = from === undefined ? (await this.range()).next : await this.#position(from);
    while (!over.aborted) {
      const { next } = await this.range();
      const events = position < next ? await this.#log.read(this.topic, { from: position, limit: page, key }) : [];
      for (const kept of events) {
        yield logged(kept);
        if (over.aborted) return;
      }
      // With fewer than a page, all up to `next` were seen, also those of other keys.
      position =
        events.length < page ? Math.max(position, next, (events.at(-1)?.position ?? -1) + 1) : positionAfter(events);
      if (events.length === 0) await this.#log.wait(this.topic, position, followMs, over);
    }
  }

  /**
   * Appends events of a backup, at their positions and with their times. Leaves out those that are there.
   *
   * No subscription gets them as new events: rewind those that derive state. Nothing else may publish to the topic
   * meanwhile.
   *
   * @throws BeeHiveError `InvalidState` when other events are at these positions, when a subscription has unread events,
   *   or where the provider cannot; `InvalidEvent` out of order.
   * @example
   * await hive.log("OrderAccepted").restore(old.log("OrderAccepted").read());
   */
  async restore(events: Iterable<LoggedEvent> | AsyncIterable<LoggedEvent>): Promise<Restored> {
    const restoration = new Restoration(this.topic, this.#log);
    for await (const { published, ...kept } of events)
      await restoration.add({ ...kept, published: published.getTime() });
    return await restoration.end();
  }

  async #position(at: Date | number): Promise<number> {
    // A wrong place reads nothing, and a backup of nothing looks well.
    if (Number.isNaN(Number(at)))
      throw new BeeHiveError(
        "InvalidConfiguration",
        `${this.topic}: the part of a log begins and ends at a date or a position.`,
      );
    return typeof at === "number" ? at : await this.#log.positionAt(this.topic, at.getTime());
  }
}

function positionAfter(events: readonly KeptEvent[]): number {
  return (events.at(-1) as KeptEvent).position + 1;
}

function logged({ position, published, event }: KeptEvent): LoggedEvent {
  return { position, published: new Date(published), event };
}

/** Returns the log of a provider. @throws BeeHiveError `InvalidState` with the reason when it keeps no events. */
export function logOf({ name, queues, capabilities }: Provider): TopicLog {
  if (queues.log) return queues.log;
  throw new BeeHiveError("InvalidState", `${name} keeps no events of topics: ${reasonOf(capabilities)}`);
}
