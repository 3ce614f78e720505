/*
 * The part of @platformatic/kafka that the bridge uses. With it the project compiles without the client, which needs a newer
 * Node. The tests of the bridge run with the client itself, beside a broker.
 */

export interface ClientOptions {
  readonly clientId: string;
  readonly bootstrapBrokers: readonly string[];
  readonly retries?: number;
  readonly retryDelay?: number;
  readonly metadataMaxAge?: number;
  readonly connectTimeout?: number;
  readonly requestTimeout?: number;
  readonly tls?: object;
  readonly tlsServerName?: boolean;
  readonly sasl?: object;
}

interface TopicMetadata {
  readonly id: string;
  readonly partitions: readonly { readonly leader: number }[];
}

export interface FetchedRecords {
  readonly firstOffset: bigint;
  readonly lastOffsetDelta: number;
  readonly firstTimestamp: bigint;
  readonly maxTimestamp: bigint;
  readonly attributes: number;
  readonly producerId: bigint;
  readonly records: readonly {
    readonly offsetDelta: number;
    readonly timestampDelta: bigint;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: readonly (readonly [Buffer | null, Buffer | null])[];
  }[];
}

export interface PartitionResponse {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly highWatermark: bigint;
  readonly logStartOffset: bigint;
  readonly abortedTransactions: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];
  readonly records?: readonly FetchedRecords[];
}

export interface FetchResponse {
  readonly responses: readonly { readonly topicId: string; readonly partitions: readonly PartitionResponse[] }[];
}

export interface Client {
  readonly connections: { close(): Promise<void> };
  metadata(options: { readonly topics: readonly string[]; readonly forceUpdate?: boolean }): Promise<{
    readonly topics: ReadonlyMap<string, TopicMetadata>;
  }>;
  clearMetadata(): void;
  close(force?: boolean): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

export interface Consumer extends Client {
  readonly topics: { track(topic: string): boolean };
  readonly assignments: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null;
  joinGroup(options?: object): Promise<string>;
  leaveGroup(force: boolean): Promise<void>;
  fetch(options: {
    readonly node: number;
    readonly maxWaitTime: number;
    readonly maxBytes: number;
    readonly topics: readonly {
      readonly topicId: string;
      readonly partitions: {
        readonly partition: number;
        readonly fetchOffset: bigint;
        readonly partitionMaxBytes: number;
        currentLeaderEpoch: number;
        lastFetchedEpoch: number;
      }[];
    }[];
  }): Promise<FetchResponse>;
  listOffsets(options: {
    readonly topics: readonly string[];
    readonly timestamp: bigint;
  }): Promise<ReadonlyMap<string, readonly bigint[]>>;
  listCommittedOffsets(options: {
    readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
  }): Promise<ReadonlyMap<string, readonly (bigint | undefined)[]>>;
  commit(options: {
    readonly offsets: readonly {
      readonly topic: string;
      readonly partition: number;
      readonly offset: bigint;
      readonly leaderEpoch: number;
    }[];
  }): Promise<void>;
}

export interface Producer extends Client {
  send(options: {
    readonly messages: readonly {
      readonly topic: string;
      readonly key?: Buffer;
      readonly value?: Buffer;
      readonly timestamp: bigint;
      readonly headers: ReadonlyMap<Buffer, Buffer>;
    }[];
  }): Promise<unknown>;
}

/** Decides which member of a group reads which partitions. */
export type Assigner = (
  current: string,
  members: ReadonlyMap<string, { readonly topics?: readonly string[] }>,
  topics: ReadonlySet<string>,
  metadata: { readonly topics: ReadonlyMap<string, TopicMetadata> },
) => {
  readonly memberId: string;
  readonly assignments: Map<string, { topic: string; partitions: number[] }>;
}[];

/** The module of the package. */
export interface Library {
  readonly Consumer: new (
    options: ClientOptions & {
      readonly groupId: string;
      readonly sessionTimeout?: number;
      readonly rebalanceTimeout?: number;
      readonly heartbeatInterval?: number;
      readonly autocommit?: boolean;
      readonly partitionAssigner?: Assigner;
      readonly isolationLevel?: number;
      readonly maxBytes?: number;
    },
  ) => Consumer;
  readonly Producer: new (
    options: ClientOptions & {
      readonly acks: number;
      readonly idempotent: boolean;
      readonly compression: string;
      readonly partitioner: (message: unknown, key: Buffer | undefined) => number;
    },
  ) => Producer;
  readonly compatibilityPartitioner: (message: unknown, key: Buffer | undefined) => number;
  readonly ProduceAcks: { readonly ALL: number; readonly LEADER: number; readonly NO_RESPONSE: number };
  readonly FetchIsolationLevels: { readonly READ_COMMITTED: number };
}
