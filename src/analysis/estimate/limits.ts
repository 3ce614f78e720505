/*
 * The limits of providers, read at their sources on 2026-11-29. Those of accounts can be raised on request.
 */

/** A limit of a provider. */
export interface Bound {
  readonly max: number;
  readonly unit: string;
  readonly source: string;
  /** True if the provider raises it on request. */
  readonly raised?: boolean;
}

const sqs = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html";
const sns = "https://docs.aws.amazon.com/general/latest/gr/sns.html";
const dynamo = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html";
const throttling = "https://learn.microsoft.com/azure/service-bus-messaging/service-bus-throttling";
const premium = "https://learn.microsoft.com/azure/service-bus-messaging/service-bus-performance-improvements";
const tables = "https://learn.microsoft.com/azure/storage/tables/scalability-targets";
const bench = "bench/RESULTS.md";
const postgresBench = "bench/postgres.ts";

/** The names of the limits. */
export type LimitName =
  | "sqsInFlight"
  | "sqsFifo"
  | "snsStandard"
  | "snsFifo"
  | "dynamoPartitionWrites"
  | "dynamoPartitionReads"
  | "dynamoTableWrites"
  | "dynamoTableReads"
  | "serviceBusCredits"
  | "serviceBusPremium"
  | "tablePartition"
  | "tableAccount"
  | "postgresServer"
  | "postgresItem"
  | "sqliteFile";

export const limits: Readonly<Record<LimitName, Bound>> = {
  sqsInFlight: { max: 120_000, unit: "events in flight", source: sqs, raised: true },
  /** Requests of one kind to one FIFO queue in high-throughput mode, in the largest regions. */
  sqsFifo: { max: 70_000, unit: "requests/s", source: sqs },
  snsStandard: { max: 30_000, unit: "events/s", source: sns, raised: true },
  snsFifo: { max: 3_000, unit: "events/s", source: sns, raised: true },
  dynamoPartitionWrites: { max: 1_000, unit: "writes/s", source: dynamo },
  dynamoPartitionReads: { max: 3_000, unit: "reads/s", source: dynamo },
  dynamoTableWrites: { max: 40_000, unit: "writes/s", source: dynamo, raised: true },
  dynamoTableReads: { max: 40_000, unit: "reads/s", source: dynamo, raised: true },
  serviceBusCredits: { max: 1_000, unit: "credits/s", source: throttling },
  /** 64 messaging units of a namespace with four partitions, about 4 MB/s each. */
  serviceBusPremium: { max: 256e6, unit: "bytes/s", source: premium },
  tablePartition: { max: 2_000, unit: "calls/s", source: tables },
  tableAccount: { max: 20_000, unit: "calls/s", source: tables },
  /** Eight times the processors of the bench: more than that is not planned. */
  postgresServer: { max: 16, unit: "server processors", source: postgresBench },
  /** A group of commits each 5 ms: a flush of 3 ms, and the way there and back. */
  postgresItem: { max: 200, unit: "writes/s", source: postgresBench },
  sqliteFile: { max: 30_000, unit: "events/s", source: bench },
};

/** Bytes a second of a messaging unit, sent and received together. */
export const bytesOfUnit = 4e6;
/** Numbers of messaging units that can be bought. */
export const unitSizes: readonly number[] = [1, 2, 4, 8, 16, 32, 64];
/** Processors of the instances of RDS. */
export const instanceSizes: readonly number[] = [2, 4, 8, 16];
