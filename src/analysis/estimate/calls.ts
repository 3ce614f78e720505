/** The times of calls in ms, and processor times of a process: measured by the bench, or as assumed. */
export interface CallTimes {
  /** A call of a store. */
  readonly store: number;
  /** A publication, when an actor publishes. */
  readonly publish: number;
  /** The settlement of an event. */
  readonly settle: number;
  /** Processor time of an event in the process, without that of the actor. */
  readonly processor: number;
}

/** `store`, `publish` and `settle` are assumed for one region; `processor` is measured, except for Azure. */
export const callTimes: Readonly<Record<"aws" | "azure" | "postgres" | "sqlite", CallTimes>> = {
  aws: { store: 6, publish: 15, settle: 15, processor: 0.46 },
  azure: { store: 10, publish: 20, settle: 10, processor: 0.8 },
  postgres: { store: 2, publish: 0, settle: 5, processor: 0.15 },
  sqlite: { store: 0.05, publish: 0, settle: 2, processor: 0.031 },
};

/** Round trip of a request to a cloud, in ms, in which more events arrive. */
export const roundTripMs = 10;
/** The wait of a request for others to join it, in ms: the option `linger` of AWS. */
export const lingerMs = 5;
/** The wait of a poll of an idle queue in s: the option `wait` of AWS. */
export const pollSeconds = 10;
/** Maximum messages of a request to SQS and SNS. */
export const maxBatch = 10;
