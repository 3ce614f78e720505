import type { Fault } from "./faults.ts";
import type { Violation } from "./history.ts";

/** The result of a simulation. */
export interface SimulationReport {
  readonly runs: number;
  readonly failures: number;
  /** The seed of the first run that failed. */
  readonly firstSeed: number | undefined;
  /** How often each fault struck. */
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
  readonly coverage: Coverage;
  readonly durationMs: number;
}

/** The coverage of the runs. */
export interface Coverage {
  /** Actors that committed an event, and those that never did. */
  readonly actors: { readonly hit: number; readonly never: readonly string[] };
  /** Calls of actors that faults struck, those that none ever struck, and all that were reached. */
  readonly calls: { readonly hit: number; readonly never: readonly string[]; readonly reached: readonly string[] };
}

/** A run that broke a rule, shrunk to what it takes. */
export class SimulationFailed extends Error {
  override readonly name: string = "SimulationFailed";
  /** The seed of the run: `simulate({ ..., seed, runs: 1 })` repeats it. `undefined` when a calm run fails. */
  readonly seed: number | undefined;
  readonly violations: readonly Violation[];
  /** The run as a tree, with the faults in it. */
  readonly story: string;
  report: SimulationReport | undefined;

  constructor(seed: number | undefined, violations: readonly Violation[], story: string, note: string) {
    const broken = violations.map(({ check, message }) => `  ${check}: ${message}`).join("\n");
    const head = seed === undefined ? "A run without any fault fails" : `The run with the seed ${seed} fails`;
    super(`${head}:\n${broken}\n${note}\n\n${story}\n`);
    this.seed = seed;
    this.violations = violations;
    this.story = story;
  }
}
