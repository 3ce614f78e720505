import { actorDescription, type ActorClass, type ActorOptions } from "../../src/actors/actor.ts";
import { messageOf } from "../../src/base/error-text.ts";
import { isBeeHiveError, PauseSubscription } from "../../src/base/errors.ts";
import { valueText } from "../../src/base/numbers.ts";
import { objectProblems, throwProblems } from "../../src/base/problems.ts";
import type { ForeignChannel } from "../../src/contract/surface.ts";
import type { Event } from "../../src/events/event.ts";
import { Batches } from "../../src/provider-kit/batches.ts";
import type { Acks, Compression, KafkaClient, KafkaProducer, ProducedRecord } from "./client.ts";
import { foreignChannel } from "./foreign-channel.ts";
import { recordOf, type RecordShape } from "./event-record.ts";

/**
 * The options of {@link kafkaSink}: those of an actor, and where its records go.
 *
 * @example
 * { client, topic: "payments", acks: "all", compression: "zstd" }
 */
export interface KafkaSinkOptions extends Omit<ActorOptions, "event" | "publishes"> {
  readonly client: KafkaClient;
  /** The topic of Kafka, or a function of the event. */
  readonly topic: string | ((event: Event) => string);
  /** The key of the record. @default the partition key of the event */
  readonly key?: ((event: Event) => string | Uint8Array | undefined) | undefined;
  /** Headers beside those of the CloudEvent. @default none */
  readonly headers?: ((event: Event) => Readonly<Record<string, string>>) | undefined;
  /** `all`: every replica in sync has the record. `1`: the leader has it. `0`: it was sent. @default "all" */
  readonly acks?: Acks | undefined;
  /** @default "none" */
  readonly compression?: Compression | undefined;
}

const acksAllowed: readonly unknown[] = ["all", 1, 0];
const compressions: readonly unknown[] = ["none", "gzip", "snappy", "lz4", "zstd"];
/** How long the subscription pauses while Kafka cannot be reached, in ms. */
const pauseMs = 5_000;
const defaultParallelism = 100;
/** The most bytes of one request; a broker takes 1 MiB in a batch of one partition. */
const maxBytes = 512 * 1024;

/**
 * Makes an actor that writes the events of a subscription to a topic of Kafka.
 *
 * At least once, in order of each partition key. The header `ce_id` is the id of the event: readers drop repeats by it.
 * Events that Kafka refuses become dead letters; while it cannot be reached, the subscription pauses.
 *
 * @param queueName the subscription, such as `OrderPaid-Kafka`.
 * @throws BeeHiveError `InvalidConfiguration` with every problem of the options.
 * @example
 * const hive = await createHive({ actors: [kafkaSink("OrderPaid-Kafka", { client, topic: "payments" })] });
 */
export function kafkaSink(queueName: string, options: KafkaSinkOptions): ActorClass {
  throwProblems(sinkProblems(options), `The sink of Kafka on ${queueName} cannot be made`);
  const { client, topic, key, headers, acks = "all", compression = "none", ...actor } = options;
  const shape: RecordShape = { topic, key, headers };
  const writer = new Writer(() => client.producer({ acks, compression }));
  class KafkaSink {
    static readonly channel: ForeignChannel = foreignChannel(client, typeof topic === "string" ? topic : undefined);

    async processAsync(event: Event): Promise<void> {
      try {
        await writer.write(recordOf(event, shape));
      } catch (error) {
        if (!isBeeHiveError(error) || !error.retryable) throw error;
        throw new PauseSubscription(pauseMs, messageOf(error), { cause: error });
      }
    }

    /** Called when a hive with the actor has stopped. */
    static async [Symbol.asyncDispose](): Promise<void> {
      await writer.close();
    }
  }
  const name = queueName.replace("-", "");
  actorDescription(queueName, { name, ordered: true, parallelism: defaultParallelism, ...actor })(KafkaSink);
  return KafkaSink;
}

/** Why a record was not written; `undefined` for one that was. */
type Failure = { readonly error: unknown } | undefined;

/** Writes the records of one turn of the event loop together. Makes the producer when the first one comes. */
class Writer {
  readonly #open: () => Promise<KafkaProducer>;
  readonly #batches = new Batches<ProducedRecord, Failure>((records) => this.#send(records), {
    maxEntries: 500,
    maxInFlight: 1,
  });
  #producer: Promise<KafkaProducer> | undefined;

  constructor(open: () => Promise<KafkaProducer>) {
    this.#open = open;
  }

  async write(record: ProducedRecord): Promise<void> {
    const failure = await this.#batches.add(record);
    if (failure) throw failure.error;
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await (await producer?.catch(() => undefined))?.close();
  }

  async #send(records: readonly ProducedRecord[]): Promise<readonly Failure[]> {
    const failures: Failure[] = [];
    for (const part of partsOf(records)) failures.push(...(await this.#sendPart(part)));
    return failures;
  }

  /** Returns the failure of each record. One that the broker refuses fails alone, after a few halves. */
  async #sendPart(records: readonly ProducedRecord[]): Promise<readonly Failure[]> {
    try {
      await (await (this.#producer ??= this.#open())).send(records);
      return records.map(() => undefined);
    } catch (error) {
      // Another producer begins to count anew: the broker would take a later batch for a repeat of the failed one.
      await this.close().catch(() => {});
      const isRefused = isBeeHiveError(error) && !error.retryable;
      if (!isRefused || records.length === 1) return records.map(() => ({ error }));
      const half = Math.ceil(records.length / 2);
      return [...(await this.#sendPart(records.slice(0, half))), ...(await this.#sendPart(records.slice(half)))];
    }
  }
}

/** Returns records in parts of few bytes each. */
function partsOf(records: readonly ProducedRecord[]): readonly (readonly ProducedRecord[])[] {
  const parts: ProducedRecord[][] = [];
  let bytes = Infinity;
  for (const record of records) {
    const size = record.value?.length ?? 0;
    if (bytes + size > maxBytes) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(record);
    bytes += size;
  }
  return parts;
}

function sinkProblems(options: unknown): string[] {
  const [noObject] = objectProblems("what it is given", options);
  if (noObject !== undefined) return [noObject];
  const { client, topic, key, headers, acks = "all", compression = "none" } = options as Partial<KafkaSinkOptions>;
  const functions = Object.entries({ key, headers }).filter(
    ([, one]) => one !== undefined && typeof one !== "function",
  );
  return [
    ...(typeof client?.producer === "function" ? [] : ["client must be a client of Kafka: kafkaClient({ brokers })"]),
    ...(typeof topic === "function" || (typeof topic === "string" && topic !== "")
      ? []
      : [`topic must be a text or a function, not ${valueText(topic)}`]),
    ...functions.map(([name]) => `${name} must be a function`),
    ...(acksAllowed.includes(acks) ? [] : [`acks must be "all", 1 or 0, not ${valueText(acks)}`]),
    ...(compressions.includes(compression)
      ? []
      : [`compression must be one of ${compressions.join(", ")}, not ${valueText(compression)}`]),
  ];
}
