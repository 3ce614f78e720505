import type { Consumer, PartitionResponse } from "./library.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import type { FetchedPartition, KafkaReader } from "../client.ts";
import { calling, isOutOfRange } from "./errors.ts";
import { committedRecords } from "./read-committed.ts";

/** The most bytes of a fetch from one broker, and of one partition in it. One larger record comes all the same. */
const maxBytes = 8 * 1024 * 1024;
const maxPartitionBytes = 1024 * 1024;

/** A fetch from one broker, and what it asked for. */
interface Fetch {
  readonly from: ReadonlyMap<number, number>;
  readonly result: Promise<readonly FetchedPartition[]>;
}

/** Reads a topic. Fetches from each broker on its own, so that a quiet one holds up no other. */
export class TopicReader implements KafkaReader {
  readonly #consumer: Consumer;
  readonly #topic: string;
  readonly #close: () => Promise<void>;
  /** The fetches under way by broker. */
  readonly #fetches = new Map<number, Fetch>();
  #failure: Error | undefined;

  constructor(consumer: Consumer, topic: string, close: () => Promise<void>) {
    this.#consumer = consumer;
    this.#topic = topic;
    this.#close = close;
    // Without a listener the error would end the process. Nothing joins the group again after it.
    consumer.on("error", (error) => (this.#failure = error));
  }

  fetch(from: ReadonlyMap<number, number>, waitMs: number): Promise<readonly FetchedPartition[]> {
    return calling(`read ${this.#topic}`, async () => {
      if (this.#failure) throw this.#failure;
      for (const [broker, wanted] of await this.#byBroker(from))
        if (!this.#fetches.has(broker)) this.#fetches.set(broker, this.#begin(broker, wanted, waitMs));
      const done = [...this.#fetches].map(async ([broker, { from: asked, result }]) => {
        try {
          return (await result).filter(({ partition }) => asked.get(partition) === from.get(partition));
        } finally {
          this.#fetches.delete(broker);
        }
      });
      // Whatever comes first; the others are of the next call.
      return await Promise.race(done);
    });
  }

  #begin(broker: number, from: ReadonlyMap<number, number>, waitMs: number): Fetch {
    const result = this.#fetchFrom(broker, from, waitMs);
    // Nobody may wait for it any more when it fails.
    result.catch(() => {});
    return { from, result };
  }

  async #fetchFrom(
    node: number,
    from: ReadonlyMap<number, number>,
    maxWaitTime: number,
  ): Promise<readonly FetchedPartition[]> {
    const { id: topicId } = await this.#metadata();
    const partitions = [...from].map(([partition, offset]) => ({
      partition,
      fetchOffset: BigInt(offset),
      partitionMaxBytes: maxPartitionBytes,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
    }));
    const offsetOf = ({ partitionIndex }: PartitionResponse): number | undefined => from.get(partitionIndex);
    try {
      const { responses } = await this.#consumer.fetch({
        node,
        maxWaitTime,
        maxBytes,
        topics: [{ topicId, partitions }],
      });
      return responses
        .flatMap((response) => response.partitions)
        .flatMap((one) => {
          const offset = offsetOf(one);
          return offset === undefined ? [] : [committedRecords(offset, one)];
        });
    } catch (error) {
      if (isOutOfRange(error)) return await this.#restarts([...from.keys()], from);
      // The leader may be another by now.
      this.#consumer.clearMetadata();
      throw error;
    }
  }

  /** Returns where partitions go on that have no records at their offsets. */
  async #restarts(partitions: readonly number[], from: ReadonlyMap<number, number>): Promise<FetchedPartition[]> {
    const [starts, ends] = await Promise.all([this.#offsets(-2n), this.#offsets(-1n)]);
    return partitions.flatMap((partition) => {
      const [next, start = 0, end = 0] = [from.get(partition) ?? 0, starts[partition], ends[partition]];
      return next >= start && next <= end ? [] : [{ partition, records: [], next, end, restart: start }];
    });
  }

  async #offsets(timestamp: bigint): Promise<readonly number[]> {
    const found = await this.#consumer.listOffsets({ topics: [this.#topic], timestamp });
    return (found.get(this.#topic) ?? []).map(Number);
  }

  async #byBroker(from: ReadonlyMap<number, number>): Promise<ReadonlyMap<number, Map<number, number>>> {
    const { partitions } = await this.#metadata();
    const brokers = new Map<number, Map<number, number>>();
    for (const [partition, offset] of from) {
      const leader = partitions[partition]?.leader ?? -1;
      const wanted = brokers.get(leader) ?? new Map<number, number>();
      brokers.set(leader, wanted.set(partition, offset));
    }
    return brokers;
  }

  async #metadata(): Promise<{ readonly id: string; readonly partitions: readonly { readonly leader: number }[] }> {
    const { topics } = await this.#consumer.metadata({ topics: [this.#topic] });
    const found = topics.get(this.#topic);
    if (found) return found;
    throw new BeeHiveError("QueueNotFound", `Kafka has no topic ${this.#topic}: create it, or correct the name.`);
  }

  close(): Promise<void> {
    return this.#close();
  }
}
