/*
 * A topic of Kafka as a log of events. The design, in short:
 *
 * - The log is one topic of Kafka. `kafkaSink` appends to it, as an outbox does: after the step, at least once.
 * - `kafkaLog` reads it, in no group and without leases: every reader gets all events.
 * - A place is an offset in each partition. Kafka has no order between partitions, so there is no single position.
 * - `read` ends where the log ended when it began; `follow` goes on. Both see what is committed, and that alone.
 * - An event has the id that it was published with. So readers drop the repeats of an append.
 * - `seek` of a `kafkaSource` rewinds a subscription, to offsets or a time.
 * - Retention and compaction are settings of the topic. Nothing here removes a record.
 * - `limits` says what the log of a provider promises, and this one does not. So it is no `hive.log(topic)`.
 */
import type { Published } from "../../src/actors/actor.ts";
import { sleep, systemClock } from "../../src/base/clock.ts";
import { messageOf } from "../../src/base/error-text.ts";
import { BeeHiveError, isBeeHiveError } from "../../src/base/errors.ts";
import { valueText } from "../../src/base/numbers.ts";
import { objectProblems, throwProblems } from "../../src/base/problems.ts";
import type { Codec } from "../../src/contract/codec.ts";
import type { LogRange } from "../../src/contract/topic-log.ts";
import type { Event } from "../../src/events/event.ts";
import { CodedEvents } from "../../src/schemas/coded-events.ts";
import type { FetchedPartition, KafkaClient, KafkaReader, KafkaRecord } from "./client.ts";
import { destinationProblems, shapeOf, type EventShape } from "./event-shape.ts";
import { eventOf, keyOf, withOwnId } from "./record-event.ts";
import { offsetsAt, type SeekPlace } from "./seek-place.ts";
import { untilAborted } from "./until-aborted.ts";

/**
 * The options of {@link kafkaLog}.
 *
 * @example
 * { client, topic: "order-accepted", of: OrderAccepted }
 */
export interface KafkaLogOptions {
  readonly client: KafkaClient;
  /** The topic of Kafka. */
  readonly topic: string;
  /** The event type of its records, or the topic of a hive that they were published to. */
  readonly of: Published;
  /** The content type of records whose headers have no `content-type`. @default "application/json" */
  readonly contentType?: string | undefined;
  /** Decodes bodies; the codec of the hive that wrote them. @default none */
  readonly codec?: Codec | undefined;
}

/** An event of a topic of Kafka. */
export interface KafkaLoggedEvent {
  readonly partition: number;
  /** Grows within a partition, with gaps. */
  readonly offset: number;
  /** The time of the record. */
  readonly published: Date;
  /** With the id that it was published with, else `topic:partition:offset`. */
  readonly event: Event;
}

/** The part of a topic of Kafka to follow. */
export interface FollowKafkaLogOptions {
  /** The place to begin at. Partitions that `offsets` does not name begin at their beginning. @default "end" */
  readonly from?: SeekPlace | undefined;
  /** Reads events of this partition key only. Kafka has no index of keys: all records are read. */
  readonly key?: string | undefined;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
}

/** The part of a topic of Kafka to read. */
export interface ReadKafkaLogOptions extends FollowKafkaLogOptions {
  /** The place to begin at. Partitions that `offsets` does not name begin at their beginning. @default "beginning" */
  readonly from?: SeekPlace | undefined;
  /** The end, exclusive. Partitions that `offsets` does not name end at their end. @default "end" */
  readonly to?: SeekPlace | undefined;
}

/** A promise of the log of a provider that a topic of Kafka does not keep. */
export type KafkaLogLimit = "order" | "append" | "rewind" | "retention" | "clear";

/** The longest wait of a fetch, in ms. */
const fetchMs = 500;
/** The wait after a failure, and the longest outage, in ms: a broker that starts again takes a while. */
const retryMs = 1_000;
const maxOutageMs = 60_000;

/**
 * Makes a log of a topic of Kafka: its events, read without a group.
 *
 * Events of one partition come in order, and so do those of one key; partitions come in any order.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of the options.
 * @example
 * const accepted = kafkaLog({ client, topic: "order-accepted", of: OrderAccepted });
 * for await (const { event } of accepted.read({ from: new Date("2026-01-01"), key: "order-1042" }))
 *   console.log(event.getBody());
 */
export function kafkaLog(options: KafkaLogOptions): KafkaLog {
  throwProblems(logProblems(options), "The log of Kafka cannot be made");
  return new KafkaLog(options);
}

/** The events of a topic of Kafka. Returned by {@link kafkaLog}. */
export class KafkaLog {
  /** The promises of the log of a provider that this one does not keep, with the reason, a sentence each. */
  readonly limits: Readonly<Record<KafkaLogLimit, string>> = {
    order: "Events of one partition are in order, and so are those of one key; partitions have no order among them.",
    append: "A sink appends after the step, and again when it cannot know that it did: repeats have one event id.",
    rewind: "What a source reads again is published again, under ids of its own; context.replayed is not set.",
    retention: "The settings of the topic remove records, whether or not a subscription has read them.",
    clear: "A seek empties no stores: empty those of derived state before it.",
  };
  readonly topic: string;
  readonly #client: KafkaClient;
  readonly #shape: EventShape;
  readonly #coded: CodedEvents | undefined;

  /** @internal Created by {@link kafkaLog}. */
  constructor({ client, topic, of, contentType, codec }: KafkaLogOptions) {
    this.topic = topic;
    this.#client = client;
    this.#shape = shapeOf(of, { contentType });
    this.#coded = codec && new CodedEvents(codec);
  }

  /** Returns the offsets of the oldest record and of the next to come, by partition. */
  async range(): Promise<ReadonlyMap<number, LogRange>> {
    const [firsts, ends] = [await this.#offsets("beginning"), await this.#offsets("end")];
    return new Map([...ends].map(([partition, next]) => [partition, { first: firsts.get(partition) ?? 0, next }]));
  }

  /**
   * Yields the events that are committed when it begins, each partition in order.
   *
   * Waits a minute for a cluster that cannot be reached.
   *
   * @throws BeeHiveError `QueueNotFound` without the topic; `InvalidConfiguration` for a place that is none;
   *   `InvalidEvent` for a record that is no event; `Unavailable` after that minute.
   */
  async *read({ from = "beginning", to = "end", key, signal }: ReadKafkaLogOptions = {}): AsyncGenerator<
    KafkaLoggedEvent,
    void
  > {
    const [starts, ends] = [await this.#offsets(from), await this.#offsets(to, "end")];
    yield* this.#events(starts, ends, key, signal);
  }

  /**
   * Yields events as they come: every process that follows gets all of them.
   *
   * Ends when the signal aborts. Throws as {@link read} does.
   *
   * @example
   * for await (const { event } of log.follow({ signal })) cache.delete(event.partitionKey);
   */
  async *follow({ from = "end", key, signal }: FollowKafkaLogOptions = {}): AsyncGenerator<KafkaLoggedEvent, void> {
    yield* this.#events(await this.#offsets(from), undefined, key, signal);
  }

  /** @param others where partitions are that the place does not name. */
  async #offsets(place: SeekPlace, others: "beginning" | "end" = "beginning"): Promise<ReadonlyMap<number, number>> {
    const offsets = await offsetsAt(this.#client, this.topic, place, `read ${this.topic}`);
    if (typeof place === "string" || place instanceof Date) return offsets;
    const all = await this.#client.offsets(this.topic, others);
    const unknown = [...offsets.keys()].filter((partition) => !all.has(partition));
    throwProblems(
      unknown.map((partition) => `there is no partition ${partition}`),
      `Cannot read ${this.topic}`,
    );
    return new Map([...all, ...offsets]);
  }

  /** @param ends where each partition ends; without them it goes on. */
  async *#events(
    starts: ReadonlyMap<number, number>,
    ends: ReadonlyMap<number, number> | undefined,
    key: string | undefined,
    signal: AbortSignal = new AbortController().signal,
  ): AsyncGenerator<KafkaLoggedEvent, void> {
    const next = new Map(starts);
    const endOf = (partition: number): number => (ends ? (ends.get(partition) ?? 0) : Infinity);
    await using fetching = new Fetching(this.#client, this.topic);
    for (;;) {
      const left = new Map([...next].filter(([partition, offset]) => offset < endOf(partition)));
      if (left.size === 0 || signal.aborted) return;
      for (const { partition, records, next: after, restart } of await fetching.fetch(left, signal)) {
        for (const record of records) {
          if (record.offset >= endOf(partition)) break;
          if (key === undefined || keyOf(record) === key) yield await this.#logged(partition, record);
          if (signal.aborted) return;
        }
        // The first record that is left, where retention has removed this one meanwhile.
        next.set(partition, restart ?? after);
      }
    }
  }

  async #logged(partition: number, record: KafkaRecord): Promise<KafkaLoggedEvent> {
    const { offset, timestamp } = record;
    const place = { topic: this.topic, partition, pass: 0 };
    try {
      const event = withOwnId(eventOf(record, place, this.#shape));
      return {
        partition,
        offset,
        published: new Date(timestamp),
        event: this.#coded ? await this.#coded.decode(event) : event,
      };
    } catch (cause) {
      throw new BeeHiveError(
        "InvalidEvent",
        `Kafka: the record at offset ${offset} of partition ${partition} of ${this.topic} is no event: ` +
          `${messageOf(cause)} Read on from the offset after it.`,
        { cause },
      );
    }
  }
}

/** Fetches through failures that pass: a broker that starts again, a leader that moves. */
class Fetching {
  readonly #client: KafkaClient;
  readonly #topic: string;
  #reader: KafkaReader | undefined;

  constructor(client: KafkaClient, topic: string) {
    this.#client = client;
    this.#topic = topic;
  }

  /** Returns nothing when the signal aborts. */
  async fetch(from: ReadonlyMap<number, number>, signal: AbortSignal): Promise<readonly FetchedPartition[]> {
    let giveUpAt = Infinity;
    while (!signal.aborted) {
      try {
        this.#reader ??= await this.#client.reader(this.#topic);
        return (await untilAborted(this.#reader.fetch(from, fetchMs), signal)) ?? [];
      } catch (error) {
        giveUpAt = Math.min(giveUpAt, systemClock.now() + maxOutageMs);
        if (!passes(error) || systemClock.now() >= giveUpAt) throw error;
        await this.#close();
        await sleep(systemClock, retryMs, signal);
      }
    }
    return [];
  }

  async #close(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    // A reader that failed may fail to close, too; another takes its place.
    await reader?.close().catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

function passes(error: unknown): boolean {
  return (["Unavailable", "Timeout", "Throttled"] as const).some((code) => isBeeHiveError(error, code));
}

const known: Readonly<Record<keyof KafkaLogOptions, true>> = {
  client: true,
  topic: true,
  of: true,
  contentType: true,
  codec: true,
};

function logProblems(options: unknown): string[] {
  const [noObject] = objectProblems("what it is given", options);
  if (noObject !== undefined) return [noObject];
  const { client, topic, of, codec } = options as Partial<KafkaLogOptions>;
  return [
    ...Object.keys(options as object).flatMap((name) =>
      Object.hasOwn(known, name) ? [] : [`"${name}" is not an option; there are ${Object.keys(known).join(", ")}`],
    ),
    ...(typeof client?.reader === "function" ? [] : ["client must be a client of Kafka: kafkaClient({ brokers })"]),
    ...(typeof topic === "string" && topic !== "" ? [] : [`topic must be a text, not ${valueText(topic)}`]),
    ...destinationProblems("of", of),
    ...(codec === undefined || typeof codec.decode === "function" ? [] : ["codec must be a codec of a hive"]),
  ];
}
