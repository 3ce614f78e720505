/** The numbers of results that are as in the past, and that are not. */
export interface Comparison {
  readonly same: number;
  /** In both, with another content. */
  readonly changed: number;
  /** Of the replay alone. */
  readonly added: number;
  /** Of the past alone. */
  readonly missing: number;
}

/** The result of a replay. Returned by {@link replay}. */
export interface ReplayReport {
  readonly subscription: string;
  readonly actor: string;
  /** The events that it ran over, from a position up to another, exclusive. */
  readonly events: number;
  readonly from: number;
  readonly to: number;
  /** Events whose actor threw; their outputs and writes count for nothing. */
  readonly failures: number;
  readonly outputs: Comparison;
  /** Outputs that cannot be compared, by topics that keep no events and by queues. */
  readonly notCompared: Readonly<Record<string, number>>;
  readonly writes: Comparison;
  /** Hints about the comparison, in sentences. */
  readonly notes: readonly string[];
  /** The first differences. */
  readonly differences: readonly Difference[];
}

/** An output, an item of a store, or an event whose actor threw. */
export type Difference = OutputDifference | WriteDifference | Failure;

export type Change = "changed" | "added" | "missing";

export interface OutputDifference {
  readonly kind: "output";
  readonly change: Change;
  /** The input: its place in the log, and its id. */
  readonly position: number;
  readonly eventId: string;
  readonly eventType: string;
  readonly queueName: string;
  /** The body in the log, and that of the replay, as text. */
  readonly was?: string | undefined;
  readonly is?: string | undefined;
}

export interface WriteDifference {
  readonly kind: "write";
  readonly change: Change;
  /** The store, such as `collection/Totals`. */
  readonly store: string;
  readonly id: string;
  /** The value in the store, and that of the replay, as text. */
  readonly was?: string | undefined;
  readonly is?: string | undefined;
}

export interface Failure {
  readonly kind: "failure";
  readonly position: number;
  readonly eventId: string;
  /** The code of a `BeeHiveError` or the name of another error, and its message. */
  readonly error: string;
  readonly message: string;
}

/** Counts results, and lists the first that differ. */
export class Differences {
  readonly #max: number;
  readonly #list: Difference[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  get list(): readonly Difference[] {
    return this.#list;
  }

  add(difference: Difference): void {
    if (this.#list.length < this.#max) this.#list.push(difference);
  }
}

export type Counts = { -readonly [K in keyof Comparison]: number };

export function noCounts(): Counts {
  return { same: 0, changed: 0, added: 0, missing: 0 };
}
