import { errorNameOf } from "../../src/base/error-text.ts";
import { isBeeHiveError } from "../../src/base/errors.ts";
import { sleep, waitFor } from "../../src/base/clock.ts";
import type { Hold } from "../../src/actors/pause.ts";
import type { QueueName } from "../../src/events/queue-name.ts";
import type { RunningSource, SourceContext, SourceState } from "../../src/hive/source.ts";
import type { KafkaClient, KafkaConsumer, KafkaPlace } from "./client.ts";
import { PartitionReading, type Reader } from "./partition-reading.ts";
import { Places } from "./places.ts";
import { untilAborted } from "./until-aborted.ts";

/** The parts of a source that reading needs. */
export interface ReadingOptions extends Pick<Reader, "topic" | "toEvent" | "maxBatch"> {
  readonly client: KafkaClient;
  readonly group: string;
  readonly from: KafkaPlace;
  /** The most ready events of the destination in this hive before fetching stops. */
  readonly maxReady: number;
  readonly destination: QueueName;
}

/** The longest wait of a fetch, in ms: how late a new assignment or a hold is seen. */
const fetchMs = 500;
/** The time between two looks at the stored places, which operators move, in ms. */
const lookMs = 5_000;
/** The time between two commits to Kafka, and between two counts of ready events, in ms. */
const commitMs = 1_000;
const countMs = 1_000;
/** The wait before a lost connection is made again, in ms. */
const minDelayMs = 500;
const maxDelayMs = 30_000;

/** Reads the partitions that a group assigns to this process, until it is stopped. */
export class KafkaReading implements RunningSource {
  readonly #options: ReadingOptions;
  readonly #context: SourceContext;
  readonly #places: Places;
  readonly #readers: readonly QueueName[];
  readonly #partitions = new Map<number, PartitionReading>();
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #hold: Hold | undefined;
  /** Ends the sleep under way. */
  #awake = new AbortController();
  #failing: string | undefined;
  #lookedAt = -Infinity;
  #countedAt = -Infinity;
  #crowded = false;
  #committedAt = -Infinity;
  readonly #uncommitted = new Map<number, number>();

  constructor(options: ReadingOptions, context: SourceContext) {
    this.#options = options;
    this.#context = context;
    this.#places = new Places(context.provider.stores, options.group, options.topic);
    const to = String(options.destination);
    this.#readers = context.readers.filter((name) => String(name.destination) === to);
    this.#ended = this.#run();
  }

  hold(hold: Hold | undefined): void {
    this.#hold = hold;
    if (!hold) this.#awake.abort();
  }

  state(): SourceState {
    const all = [...this.#partitions.values()];
    const known = all.length > 0 && all.every(({ behind }) => behind !== undefined);
    return {
      behind: known ? all.reduce((sum, { behind = 0 }) => sum + behind, 0) : undefined,
      failing: this.#failing ?? all.find(({ failing }) => failing !== undefined)?.failing,
    };
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stop.abort();
    this.#awake.abort();
    await waitFor(this.#ended, this.#context.clock, deadlineMs);
  }

  /** Connects again and again until the stop. Never rejects. */
  async #run(): Promise<void> {
    const { clock, logger } = this.#context;
    const { signal } = this.#stop;
    for (let delayMs = minDelayMs; !signal.aborted;) {
      let consumer: KafkaConsumer | undefined;
      try {
        consumer = await this.#join();
        if (!consumer) return;
        await this.#read(consumer, () => {
          delayMs = minDelayMs;
          this.#failing = undefined;
        });
      } catch (error) {
        if (this.#failing === undefined && !signal.aborted)
          logger.warn({ err: error }, "the topic cannot be read; the source tries again until it can");
        this.#failing = isBeeHiveError(error) ? error.code : errorNameOf(error);
      } finally {
        this.#partitions.clear();
        this.#uncommitted.clear();
        this.#lookedAt = -Infinity;
        await consumer?.close().catch((error: unknown) => logger.debug({ err: error }, "the group was left uncleanly"));
      }
      await sleep(clock, delayMs, signal);
      delayMs = Math.min(maxDelayMs, delayMs * 2);
    }
  }

  /** Joins the group; `undefined` when the source is stopped before. */
  async #join(): Promise<KafkaConsumer | undefined> {
    const { client, topic, group } = this.#options;
    const joining = client.consumer(topic, group);
    const consumer = await untilAborted(joining, this.#stop.signal);
    if (!consumer) void joining.then((late) => late.close()).catch(() => {});
    return consumer;
  }

  /** @param went called after each round that went well. */
  async #read(consumer: KafkaConsumer, went: () => void): Promise<void> {
    const { clock } = this.#context;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#adopt(consumer);
      const now = clock.now();
      const due = [...this.#partitions.values()].filter(({ dueAt }) => dueAt <= now);
      if (this.#hold) await this.#sleep(lookMs);
      else if (due.length === 0 || (await this.#isCrowded())) await this.#sleep(fetchMs);
      else await this.#round(consumer, due);
      went();
      await this.#commit(consumer, signal.aborted);
    }
  }

  async #round(consumer: KafkaConsumer, due: readonly PartitionReading[]): Promise<void> {
    const from = new Map(due.map(({ partition, next }) => [partition, next]));
    const fetched = await untilAborted(consumer.fetch(from, fetchMs), this.#stop.signal);
    if (!fetched || this.#hold) return;
    await Promise.all(
      fetched.map(async (one) => {
        const reading = this.#partitions.get(one.partition);
        // A rebalance may have taken it away meanwhile.
        if (!reading || reading.next !== from.get(one.partition)) return;
        await reading.take(one, this.#stop.signal);
        if (reading.next !== from.get(one.partition)) this.#uncommitted.set(one.partition, reading.next);
      }),
    );
  }

  /** Follows the assignment, and the places that others moved. */
  async #adopt(consumer: KafkaConsumer): Promise<void> {
    const { clock } = this.#context;
    const assigned = new Set(consumer.partitions);
    for (const partition of this.#partitions.keys()) if (!assigned.has(partition)) this.#partitions.delete(partition);
    const isNew = [...assigned].filter((partition) => !this.#partitions.has(partition));
    if (isNew.length === 0 && clock.now() - this.#lookedAt < lookMs) return;
    this.#lookedAt = clock.now();
    const stored = await this.#places.all();
    for (const [partition, reading] of this.#partitions) {
      const place = stored.get(partition);
      if (place) reading.moveTo(place);
    }
    const unknown = isNew.filter((partition) => !stored.has(partition));
    const starts = unknown.length > 0 ? await this.#starts(consumer, unknown) : new Map<number, number>();
    for (const partition of isNew) {
      const place = stored.get(partition) ?? (await this.#places.begin(partition, starts.get(partition) ?? 0));
      this.#partitions.set(partition, new PartitionReading(partition, place, this.#reader()));
    }
  }

  /** Returns where partitions without a place start: where the group was in Kafka, else where the options say. */
  async #starts(consumer: KafkaConsumer, partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const committed = await consumer.committed(partitions);
    if (partitions.every((partition) => committed.has(partition))) return committed;
    const { client, topic, from } = this.#options;
    return new Map([...(await client.offsets(topic, from)), ...committed]);
  }

  #reader(): Reader {
    const { topic, toEvent, maxBatch } = this.#options;
    return { topic, toEvent, maxBatch, places: this.#places, ...this.#context };
  }

  /** Returns whether the subscriptions of this hive have as many ready events as they may. Counts now and then. */
  async #isCrowded(): Promise<boolean> {
    const { clock, provider, logger } = this.#context;
    if (clock.now() - this.#countedAt < countMs) return this.#crowded;
    this.#countedAt = clock.now();
    try {
      const counts = await Promise.all(this.#readers.map((name) => provider.queues.counts(name)));
      this.#crowded = counts.some(({ ready }) => ready >= this.#options.maxReady);
    } catch (error) {
      // Clouds have rights of their own to count events, which a source does not need.
      logger.debug({ err: error }, "the ready events could not be counted; the source reads on");
      this.#crowded = false;
    }
    return this.#crowded;
  }

  /** Commits to Kafka, for its tools. A failure changes nothing: the stored places count. */
  async #commit(consumer: KafkaConsumer, last: boolean): Promise<void> {
    const { clock, logger } = this.#context;
    if (this.#uncommitted.size === 0 || (!last && clock.now() - this.#committedAt < commitMs)) return;
    this.#committedAt = clock.now();
    const own = [...this.#uncommitted].filter(([partition]) => this.#partitions.has(partition));
    this.#uncommitted.clear();
    if (own.length === 0) return;
    try {
      await consumer.commit(new Map(own));
    } catch (error) {
      logger.debug({ err: error }, "the offsets could not be committed to Kafka; the next commit has them");
    }
  }

  /** Sleeps until the time, the end of a hold, or the stop. */
  async #sleep(ms: number): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#awake = new AbortController();
    await sleep(this.#context.clock, ms, this.#awake.signal);
  }
}
