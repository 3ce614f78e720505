/**
 * The broker of one test file, and the acts of tests on it.
 *
 *     const kafka = new Cluster();
 *     test.before(() => kafka.start());
 *     test.after(() => kafka.stop());
 */
import type { Test } from "uvu";
import type { Compression, KafkaClient } from "../../integrations/kafka/client.ts";
import { kafkaClient, type KafkaClientOptions } from "../../integrations/kafka/platformatic/index.ts";
import { openShop, type Shop, type ShopOptions } from "../support/kafka-shop.ts";
import { suite } from "../support/suite.ts";
import { startKafka, type BrokerOptions, type KafkaBroker } from "./broker.ts";
import { library, type Admin, type ProducedMessage, type Transaction } from "./library.ts";

/** Returns a suite that runs beside a broker, and is skipped without one. */
export function kafkaSuite(name: string): Test {
  const skip =
    process.env["BEEHIVE_TEST_KAFKA"] === undefined ? "npm run test:kafka runs them beside a broker" : undefined;
  return suite(name, { timeoutMs: 60_000, skip, skipInCi: true });
}

export interface TransactionalWriter extends AsyncDisposable {
  /** Writes `{"n":…}` in a transaction, which stays open. */
  begin(topic: string, numbers: readonly number[]): Promise<Pick<Transaction, "commit" | "abort">>;
}

export class Cluster {
  readonly #options: BrokerOptions;
  #broker: KafkaBroker | undefined;
  #topics = 0;

  constructor(options: BrokerOptions = {}) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#broker = await startKafka(this.#options);
  }

  async stop(): Promise<void> {
    await this.#broker?.stop();
  }

  get broker(): KafkaBroker {
    if (!this.#broker) throw new Error("The broker was not started.");
    return this.#broker;
  }

  client(options: Partial<KafkaClientOptions> = {}): KafkaClient {
    return kafkaClient({ brokers: this.broker.address, session: "3s", ...options });
  }

  async admin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const { Admin } = await library();
    const admin = new Admin({ clientId: "tests", bootstrapBrokers: [this.broker.address] });
    try {
      return await work(admin);
    } finally {
      await admin.close();
    }
  }

  async newTopic(
    partitions = 1,
    configs: Readonly<Record<string, string>> = {},
    topic = `topic-${++this.#topics}`,
  ): Promise<string> {
    const settings = Object.entries(configs).map(([name, value]) => ({ name, value }));
    await this.admin((admin) => admin.createTopics({ topics: [topic], partitions, replicas: 1, configs: settings }));
    return topic;
  }

  /** Writes records with the producer of the bridge. */
  async write(
    topic: string,
    records: readonly { readonly key?: string; readonly value: string | Uint8Array }[],
    compression: Compression = "none",
  ): Promise<void> {
    const producer = await this.client().producer({ acks: "all", compression });
    await producer.send(
      records.map(({ key, value }) => ({
        topic,
        key: key === undefined ? undefined : Buffer.from(key),
        value: Buffer.from(value),
        timestamp: Date.now(),
        headers: {},
      })),
    );
    await producer.close();
  }

  /** Writes `{"n":…}` in transactions, one after the other. Returns the numbers of those that were committed. */
  async writeInTransactions(topic: string, commits: readonly boolean[]): Promise<readonly number[]> {
    await using producer = await this.transactional();
    let n = 0;
    const committed: number[] = [];
    for (const isCommitted of commits) {
      const own = [n++, n++, n++];
      const transaction = await producer.begin(topic, own);
      if (isCommitted) committed.push(...own);
      await (isCommitted ? transaction.commit() : transaction.abort());
    }
    return committed;
  }

  /** Returns a producer that writes numbers in transactions. */
  async transactional(): Promise<TransactionalWriter> {
    const { Producer, compatibilityPartitioner } = await library();
    const producer = new Producer({
      clientId: "tests",
      bootstrapBrokers: [this.broker.address],
      acks: -1,
      idempotent: true,
      compression: "none",
      partitioner: compatibilityPartitioner,
    });
    const record = (topic: string, n: number): ProducedMessage => ({
      topic,
      value: Buffer.from(JSON.stringify({ n })),
      timestamp: BigInt(Date.now()),
      headers: new Map(),
    });
    return {
      async begin(topic, numbers) {
        const transaction = await producer.beginTransaction();
        await transaction.send({ messages: numbers.map((n) => record(topic, n)) });
        return transaction;
      },
      [Symbol.asyncDispose]: () => producer.close(),
    };
  }

  shopOn(topic: string, options: Partial<ShopOptions> = {}): Promise<Shop> {
    return openShop({ client: this.client(), topic, ...options });
  }
}
