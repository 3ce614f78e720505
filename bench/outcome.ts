/** What a bench has found out. */
export interface Outcome {
  /** For people. */
  readonly lines: readonly string[];
  /** For programs. */
  readonly figures: Readonly<Record<string, number>>;
}

/** Works with so many events. */
export type Bench = (events: number) => Promise<Outcome>;
