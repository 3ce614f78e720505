/*
 * The parts of a Kafka client that the bridge uses. `platformatic/` is one on @platformatic/kafka, `memory.ts` one
 * without a broker; another client takes their place by these interfaces alone.
 */

/** A record of a topic. */
export interface KafkaRecord {
  readonly offset: number;
  /** In ms since the epoch, as the topic defines it: of its creation, or of its arrival at the broker. */
  readonly timestamp: number;
  readonly key: Uint8Array | undefined;
  /** `undefined` for a tombstone. */
  readonly value: Uint8Array | undefined;
  readonly headers: readonly (readonly [name: string, value: Uint8Array | undefined])[];
}

/** The records of one partition that a fetch returned. */
export interface FetchedPartition {
  readonly partition: number;
  /** Without those of transactions that were aborted. */
  readonly records: readonly KafkaRecord[];
  /** The offset to go on from: behind the records, and behind what is left out. */
  readonly next: number;
  /** The offset behind the newest record. */
  readonly end: number;
  /** The first offset that the partition still has. Set when it has none at the one that was asked for. */
  readonly restart?: number | undefined;
}

/** A place in a topic: its oldest record, its end, or the first record of a time on, in ms since the epoch. */
export type KafkaPlace = "beginning" | "end" | number;

/** Reads a topic. */
export interface KafkaReader {
  /**
   * Returns records of partitions, from an offset each. Waits up to `waitMs` for the first.
   *
   * May leave out partitions without records.
   */
  fetch(from: ReadonlyMap<number, number>, waitMs: number): Promise<readonly FetchedPartition[]>;
  close(): Promise<void>;
}

/** A member of a consumer group, for one topic. */
export interface KafkaConsumer extends KafkaReader {
  /** The partitions that the group has assigned to this member; they change at any time. */
  readonly partitions: readonly number[];
  /** Returns the offsets that the group has committed; no entry for a partition without one. */
  committed(partitions: readonly number[]): Promise<ReadonlyMap<number, number>>;
  /** Commits the offsets to go on from, for tools that show the lag of a group. */
  commit(next: ReadonlyMap<number, number>): Promise<void>;
  /** Leaves the group. */
  close(): Promise<void>;
}

/** A record to write. */
export interface ProducedRecord extends Pick<KafkaRecord, "key" | "value" | "timestamp"> {
  readonly topic: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The acknowledgement that a write waits for.
 *
 * `all`: of all replicas in sync, each record once (an idempotent producer). `1`: of the leader. `0`: of none.
 */
export type Acks = "all" | 1 | 0;

/** The compression of written records. */
export type Compression = "none" | "gzip" | "snappy" | "lz4" | "zstd";

/** How a producer writes. */
export interface ProducerOptions {
  readonly acks: Acks;
  readonly compression: Compression;
}

/** Writes records; those of one key to one partition, which is the one that other clients choose for it. */
export interface KafkaProducer {
  /**
   * Resolves when the records are acknowledged.
   *
   * @throws BeeHiveError `TooLarge` for a record that the broker refuses, else one that is `retryable`.
   */
  send(records: readonly ProducedRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** A Kafka cluster. Errors of its calls are `BeeHiveError`s. */
export interface KafkaClient {
  /** The brokers, as `beehive graph --format asyncapi` names them. @default Unknown. */
  readonly cluster?: { readonly brokers: readonly string[]; readonly tls: boolean } | undefined;
  /** Joins a consumer group. Resolves when the member has its partitions. */
  consumer(topic: string, group: string): Promise<KafkaConsumer>;
  /** Returns a reader of all partitions, which is in no group. */
  reader(topic: string): Promise<KafkaReader>;
  /** Returns the offsets of all partitions of a topic at a place. The end is that of what is committed. */
  offsets(topic: string, at: KafkaPlace): Promise<ReadonlyMap<number, number>>;
  producer(options: ProducerOptions): Promise<KafkaProducer>;
}
