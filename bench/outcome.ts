import type { Table } from "./table.ts";

/** Result of a bench. */
export interface Outcome {
  /** For people. */
  readonly tables: readonly Table[];
  /** Peers with their versions: `nact 7.6.2`, `Redis 7.0.15`. */
  readonly versions?: readonly string[];
  /** For programs. */
  readonly figures: Readonly<Record<string, number>>;
}

/** Amount of work of a bench. */
export interface Effort {
  /** Leaves out slow parts: fewer sizes, no idle measurement. */
  readonly quick: boolean;
  /** Duration of a contestant in a round. */
  readonly seconds: number;
  readonly rounds: number;
  /** Number of events where requests are counted. */
  readonly events: number;
}

export type Bench = (effort: Effort) => Promise<Outcome>;
