/** The catalogue with its topics in Kafka: brands write their lists there, and readers find the products there. */
import { setTimeout } from "node:timers/promises";
import type { Event, EventType, HiveOptions, Provider } from "beehive-actors";
import { kafkaSink, kafkaSource, type KafkaClient, type KafkaSource } from "beehive-actors/kafka";
import { PriceListed, ProductDescribed, StockReported } from "./events.ts";

const lists: readonly EventType<unknown>[] = [ProductDescribed, StockReported, PriceListed];

/** The topics of Kafka: one for each list, and a compacted one for the products. */
export const topics = [...lists.map(topicOf), "fashion-ProductEnriched"] as const;

function topicOf({ name }: Pick<EventType<unknown>, "name">): string {
  return `fashion-${name}`;
}

export class Catalogue {
  readonly #client: KafkaClient;
  readonly #sources: readonly KafkaSource[];

  constructor(client: KafkaClient) {
    this.#client = client;
    this.#sources = lists.map((to) =>
      kafkaSource({ client, topic: topicOf(to), group: "fashion", to, from: "beginning" }),
    );
  }

  /** A withdrawn product has no body, so that it becomes a tombstone: compaction removes the product. */
  get parts(): Pick<HiveOptions, "sources"> & { readonly sink: ReturnType<typeof kafkaSink> } {
    const sink = kafkaSink("ProductEnriched-Kafka", { client: this.#client, topic: "fashion-ProductEnriched" });
    return { sources: this.#sources, sink };
  }

  /** Writes lines of brands to Kafka, as the brands do. */
  async write(lines: readonly Event[]): Promise<void> {
    const producer = await this.#client.producer({ acks: "all", compression: "gzip" });
    try {
      await producer.send(
        lines.map(({ eventType, partitionKey = "", body, timestamp }) => ({
          topic: topicOf({ name: eventType }),
          key: Buffer.from(partitionKey),
          value: Buffer.from(body),
          timestamp: timestamp.getTime(),
          headers: {},
        })),
      );
    } finally {
      await producer.close();
    }
  }

  /** Resolves when the hive has read all that is in Kafka. */
  async isRead(provider: Provider): Promise<void> {
    for (const source of this.#sources) while ((await source.lag(provider)) > 0) await setTimeout(20);
  }
}
