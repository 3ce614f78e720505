import type { Table } from "./table.ts";

/** What a bench has found out. */
export interface Outcome {
  /** For people. */
  readonly tables: readonly Table[];
  /** With what it was compared: `nact 7.6.2`, `Redis 7.0.15`. */
  readonly versions?: readonly string[];
  /** For programs. */
  readonly figures: Readonly<Record<string, number>>;
}

/** How much a bench is to do. */
export interface Effort {
  /** Whether all that is slow is left away: fewer sizes, nothing that waits. */
  readonly quick: boolean;
  /** How long each contestant runs in a round. */
  readonly seconds: number;
  readonly rounds: number;
  /** Where requests are counted, with so many events. */
  readonly events: number;
}

export type Bench = (effort: Effort) => Promise<Outcome>;
