import type { Client, Consumer, Library } from "./library.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { systemClock, withTimeLimit } from "../../../src/base/clock.ts";
import { Latch } from "../../../src/base/latch.ts";
import { durationProblems, inMs, type Duration } from "../../../src/base/duration.ts";
import { valueText, wholeMs } from "../../../src/base/numbers.ts";
import { objectProblems, throwProblems } from "../../../src/base/problems.ts";
import type {
  Acks,
  KafkaClient,
  KafkaConsumer,
  KafkaPlace,
  KafkaProducer,
  KafkaReader,
  ProducerOptions,
} from "../client.ts";
import { assignPartitions } from "./assign.ts";
import { GroupMember } from "./consumer.ts";
import { calling } from "./errors.ts";
import { TopicReader } from "./topic-reader.ts";

/** A value, or a function that returns it anew for each connection. */
type Given = string | (() => string | Promise<string>);

/**
 * The way to a Kafka cluster.
 *
 * @example
 * { brokers: ["kafka-1:9093", "kafka-2:9093"], tls: true, sasl: { mechanism: "SCRAM-SHA-512", username, password } }
 * @example <caption>Event Hubs and MSK by a token function</caption>
 * { brokers: "shop.servicebus.windows.net:9093", tls: true, sasl: { mechanism: "OAUTHBEARER", token: freshToken } }
 */
export interface KafkaClientOptions {
  /** Brokers to begin with, each `host:port`. */
  readonly brokers: string | readonly string[];
  /** The name of this application for the brokers. @default "beehive" */
  readonly clientId?: string | undefined;
  /** TLS: true, or the options of `node:tls`, such as `ca`, `cert` and `key`. @default false */
  readonly tls?: boolean | object | undefined;
  /** @default none */
  readonly sasl?:
    | {
        readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
        readonly username: Given;
        readonly password: Given;
      }
    | { readonly mechanism: "OAUTHBEARER"; readonly token: Given }
    | undefined;
  /** How long a process may be silent before its partitions go to others. @default "30s" */
  readonly session?: Duration | undefined;
}

const known: Readonly<Record<keyof KafkaClientOptions, true>> = {
  brokers: true,
  clientId: true,
  tls: true,
  sasl: true,
  session: true,
};

/** The versions of Node that the client runs on. */
const needed = "22.22, or 24.6 and later";
/** How long leaving a group may take before it goes on behind, and between two tries, in ms. */
const closeMs = 3_000;
const maxCloses = 20;
/** The client wants a name of a group, also where it joins none. */
const noGroup = "beehive-offsets";
/** Tries of one call, and the wait between two. What fails after them is tried again by the source or the hive. */
const tries = { retries: 3, retryDelay: 300 };

/**
 * Returns a client of a Kafka cluster, on the package @platformatic/kafka. Nothing connects before it is used.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of the options, or on a Node older than 22.22.
 * @example
 * const client = kafkaClient({ brokers: "localhost:9092" });
 */
export function kafkaClient(options: KafkaClientOptions): KafkaClient {
  throwProblems(clientProblems(options, process.versions.node), "The client of Kafka cannot be made");
  return new Platformatic(options);
}

class Platformatic implements KafkaClient {
  readonly cluster: NonNullable<KafkaClient["cluster"]>;
  readonly #base: ReturnType<typeof baseOf>;
  readonly #sessionMs: number;

  constructor(options: KafkaClientOptions) {
    this.cluster = { brokers: [options.brokers].flat(), tls: Boolean(options.tls) };
    this.#base = baseOf(options);
    this.#sessionMs = inMs(options.session ?? "30s");
  }

  async consumer(topic: string, group: string): Promise<KafkaConsumer> {
    const consumer = await this.#open(group);
    const close = (): Promise<void> => closed(consumer);
    const member = new GroupMember(consumer, topic, close);
    try {
      consumer.topics.track(topic);
      await calling(`join the group ${group} in ${topic}`, () => consumer.joinGroup({}));
      return member;
    } catch (error) {
      await close();
      throw error;
    }
  }

  async reader(topic: string): Promise<KafkaReader> {
    const consumer = await this.#open(noGroup);
    return new TopicReader(consumer, topic, () => closed(consumer));
  }

  async offsets(topic: string, at: KafkaPlace): Promise<ReadonlyMap<number, number>> {
    const consumer = await this.#open(noGroup);
    try {
      return await calling(`read the offsets of ${topic}`, async () => {
        const list = async (timestamp: bigint): Promise<readonly bigint[]> =>
          (await consumer.listOffsets({ topics: [topic], timestamp })).get(topic) ?? [];
        const [found, ends] = [await list(at === "beginning" ? -2n : at === "end" ? -1n : BigInt(at)), await list(-1n)];
        // A time after the last record has no offset.
        return new Map(found.map((offset, partition) => [partition, Number(offset < 0n ? ends[partition] : offset)]));
      });
    } finally {
      await closed(consumer);
    }
  }

  async producer({ acks, compression }: ProducerOptions): Promise<KafkaProducer> {
    const { Producer, ProduceAcks, compatibilityPartitioner } = await library();
    const levels: Readonly<Record<Acks, number>> = {
      all: ProduceAcks.ALL,
      1: ProduceAcks.LEADER,
      0: ProduceAcks.NO_RESPONSE,
    };
    let turn = 0;
    const producer = new Producer({
      ...this.#base,
      acks: levels[acks],
      idempotent: acks === "all",
      compression,
      // As the client of Java, so that a key has the same partition everywhere; without a key each in turn.
      partitioner: (message, key) => (key ? compatibilityPartitioner(message, key) : turn++),
    });
    return {
      send: (records) =>
        calling("write", async () => {
          await producer.send({
            messages: records.map(({ topic, key, value, timestamp, headers }) => ({
              topic,
              ...(key && { key: Buffer.from(key) }),
              ...(value && { value: Buffer.from(value) }),
              timestamp: BigInt(timestamp),
              headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
            })),
          });
        }),
      close: () => closed(producer),
    };
  }

  async #open(groupId: string): Promise<Consumer> {
    const { Consumer, FetchIsolationLevels } = await library();
    return new Consumer({
      ...this.#base,
      groupId,
      sessionTimeout: this.#sessionMs,
      rebalanceTimeout: this.#sessionMs * 2,
      heartbeatInterval: Math.max(100, Math.floor(this.#sessionMs / 10)),
      partitionAssigner: assignPartitions,
      autocommit: false,
      isolationLevel: FetchIsolationLevels.READ_COMMITTED,
    });
  }
}

async function library(): Promise<Library> {
  try {
    // @ts-ignore -- the package is an optional peer, which this project does not install
    return (await import("@platformatic/kafka")) as Library;
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new BeeHiveError(
      "InvalidConfiguration",
      "The client of Kafka is not installed. Run npm install @platformatic/kafka",
      { cause },
    );
  }
}

/** Closes a client. One whose broker is gone cannot leave its group: it goes on to try, and keeps no process for it. */
async function closed(client: Client | Consumer): Promise<void> {
  await withTimeLimit(closedAtLast(client), systemClock, closeMs, () => {});
}

async function closedAtLast(client: Client | Consumer): Promise<void> {
  for (let times = 1; times <= maxCloses; times++) {
    try {
      // Closing alone does not end a join that is under way (2.12), and the member would send heartbeats for ever.
      if ("leaveGroup" in client) await client.leaveGroup(true);
      return await client.close(true);
    } catch {
      await client.connections.close().catch(() => {});
    }
    const { promise, resolve } = new Latch<void>();
    systemClock.after(closeMs, resolve).unref?.();
    await promise;
  }
}

function baseOf({ brokers, clientId = "beehive", tls, sasl }: KafkaClientOptions): {
  readonly clientId: string;
  readonly bootstrapBrokers: readonly string[];
  readonly retries: number;
  readonly retryDelay: number;
} {
  const { servername = true } = Object(tls) as { readonly servername?: string };
  return {
    clientId,
    bootstrapBrokers: [brokers].flat(),
    ...tries,
    ...(tls !== undefined && tls !== false && { tls: tls === true ? {} : tls, tlsServerName: servername }),
    ...(sasl && { sasl: { ...sasl, authBytesValidator: assertAccepted } }),
  };
}

/** Fails for a refused token. The client (2.12) takes the answer that says so for consent. */
function assertAccepted(answer: Buffer, done: (error: Error | null, answer?: Buffer) => void): void {
  const { status } = /"status"\s*:\s*"(?<status>\w+)"/.exec(answer.toString())?.groups ?? {};
  if (status === undefined) done(null, answer);
  else done(new Error(`The broker refuses the token: ${status}.`));
}

/** Returns what is wrong with the options, or with this version of Node, in words. */
export function clientProblems(options: unknown, node: string): string[] {
  const [major = 0, minor = 0] = node.split(".").map(Number);
  const isOld = major < 22 || (major === 22 && minor < 22) || major === 23 || (major === 24 && minor < 6);
  const old = isOld
    ? [`@platformatic/kafka needs Node ${needed}, and this is Node ${node}: run the bridge on a newer one`]
    : [];
  const [noObject] = objectProblems("what it is given", options);
  if (noObject !== undefined) return [...old, noObject];
  const { brokers, tls = false, sasl, session = 1 } = options as Partial<KafkaClientOptions>;
  const list: readonly unknown[] = [brokers ?? []].flat();
  return [
    ...old,
    ...Object.keys(options as object).flatMap((name) =>
      Object.hasOwn(known, name) ? [] : [`"${name}" is not an option; there are ${Object.keys(known).join(", ")}`],
    ),
    ...(list.length === 0 ? ['brokers must name at least one, such as "localhost:9092"'] : []),
    ...list.flatMap((one) =>
      typeof one === "string" && one !== "" ? [] : [`a broker is host:port, not ${valueText(one)}`],
    ),
    ...(typeof tls === "boolean" ? [] : objectProblems("tls", tls)),
    ...(sasl === undefined ? [] : saslProblems(sasl)),
    ...durationProblems("session", session, wholeMs(1)),
  ];
}

const credentials: Readonly<Record<string, readonly string[]>> = {
  PLAIN: ["username", "password"],
  "SCRAM-SHA-256": ["username", "password"],
  "SCRAM-SHA-512": ["username", "password"],
  OAUTHBEARER: ["token"],
};

/** Returns what is wrong with credentials, in words without their values. */
function saslProblems(sasl: object): string[] {
  const { mechanism, ...given } = sasl as Readonly<Record<string, unknown>>;
  const needed = credentials[String(mechanism)];
  if (!needed)
    return [`sasl.mechanism must be one of ${Object.keys(credentials).join(", ")}, not ${valueText(mechanism)}`];
  const isGiven = (name: string): boolean => ["string", "function"].includes(typeof given[name]) && given[name] !== "";
  return needed.filter((name) => !isGiven(name)).map((name) => `sasl.${name} must be a text or a function`);
}
