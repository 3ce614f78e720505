import type { Consumer } from "./library.ts";
import type { KafkaConsumer } from "../client.ts";
import { calling } from "./errors.ts";
import { TopicReader } from "./topic-reader.ts";

/** A member of a group. */
export class GroupMember extends TopicReader implements KafkaConsumer {
  readonly #consumer: Consumer;
  readonly #topic: string;

  constructor(consumer: Consumer, topic: string, close: () => Promise<void>) {
    super(consumer, topic, close);
    this.#consumer = consumer;
    this.#topic = topic;
  }

  get partitions(): readonly number[] {
    return (this.#consumer.assignments ?? []).flatMap(({ topic, partitions }) =>
      topic === this.#topic ? partitions : [],
    );
  }

  committed(partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    return calling(`read the offsets of the group in ${this.#topic}`, async () => {
      const topics = [{ topic: this.#topic, partitions }];
      const offsets = (await this.#consumer.listCommittedOffsets({ topics })).get(this.#topic) ?? [];
      return new Map(
        partitions.flatMap((partition) => {
          const offset = Number(offsets[partition] ?? -1n);
          return offset < 0 ? [] : [[partition, offset] as const];
        }),
      );
    });
  }

  commit(next: ReadonlyMap<number, number>): Promise<void> {
    const topic = this.#topic;
    const offsets = [...next].map(([partition, offset]) => ({
      topic,
      partition,
      offset: BigInt(offset),
      leaderEpoch: -1,
    }));
    return calling(`commit the offsets of the group in ${topic}`, () => this.#consumer.commit({ offsets }));
  }
}
