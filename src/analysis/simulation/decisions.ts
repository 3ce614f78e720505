import { chance, hashOf } from "../../base/chance.ts";
import type { Fault, FaultProfile } from "./faults.ts";

/** A fault, where it strikes. */
export interface FaultDecision {
  readonly key: string;
  readonly fault: Fault;
  /** From 0 up to 1: how long, how late. */
  readonly size: number;
}

/** How long a call takes, in ms, where it is not {@link calmMs}. */
export interface DelayDecision {
  readonly key: string;
  readonly delayMs: number;
}

export type Decision = FaultDecision | DelayDecision;

/** How long each call takes in a calm run, in ms. */
export const calmMs = 1;

/**
 * Decides what happens at each point of a run.
 *
 * A point has a key that names the event, the attempt and the call, and a decision depends on the seed and the key
 * only. So one decision can be taken back without changing the others, which makes a failure easy to shrink.
 */
export interface Decisions {
  /** The decisions other than calm ones so far, in order. */
  readonly made: readonly Decision[];
  delayOf(key: string): number;
  /** Returns a fault of those that are possible at a point. @param possible Called when a fault is due. */
  faultAt(key: string, possible: () => readonly Fault[]): FaultDecision | undefined;
}

/** A run without faults, in which each call takes equally long. */
export class CalmDecisions implements Decisions {
  readonly made: readonly Decision[] = [];
  /** The number of points so far. */
  points = 0;
  readonly #delayMs: number;

  constructor(delayMs: number = calmMs) {
    this.#delayMs = delayMs;
  }

  delayOf(): number {
    return this.#delayMs;
  }

  faultAt(): undefined {
    this.points++;
    return undefined;
  }
}

/** The most faults of one run, as a multiple of the mean. */
const maxFactor = 4;

/** A run by a seed. Each run leaves out some faults and has its own pace, so that the rest get deeper. */
export class SeededDecisions implements Decisions {
  readonly made: Decision[] = [];
  readonly #seed: number;
  readonly #weights: ReadonlyMap<Fault, number>;
  readonly #rate: number;
  readonly #maxFaults: number;
  readonly #pace: number;
  #faults = 0;

  /** @param points The number of points of a calm run. @param mean The mean number of faults in a run. */
  constructor(seed: number, { faults }: FaultProfile<number>, points: number, mean: number) {
    const run = hashOf(seed, "run");
    const all = Object.entries(faults) as [Fault, number][];
    const some = all.filter(([name]) => chance(hashOf(seed, name), 0) < 0.6);
    this.#seed = seed;
    this.#weights = new Map(some.length > 0 ? some : all);
    this.#rate = (mean * 2 * chance(run, 1)) / Math.max(1, points);
    this.#maxFaults = Math.ceil(mean * maxFactor);
    this.#pace = chance(run, 2);
  }

  delayOf(key: string): number {
    const hash = hashOf(this.#seed, key);
    const [kind, size] = [chance(hash, 0), chance(hash, 1)];
    const slow = this.#pace < 0.3 ? 0 : this.#pace < 0.7 ? 0.05 : 0.15;
    const delayMs = kind < slow ? Math.floor(50 + size * 3_000) : Math.floor(size * (this.#pace < 0.5 ? 3 : 20));
    if (delayMs !== calmMs) this.made.push({ key, delayMs });
    return delayMs;
  }

  faultAt(key: string, possible: () => readonly Fault[]): FaultDecision | undefined {
    const hash = hashOf(this.#seed, key);
    if (chance(hash, 2) >= this.#rate || this.#faults >= this.#maxFaults) return undefined;
    const choices = possible().filter((fault) => (this.#weights.get(fault) ?? 0) > 0);
    const total = choices.reduce((sum, fault) => sum + (this.#weights.get(fault) ?? 0), 0);
    let left = chance(hash, 3) * total;
    const fault = choices.find((one) => (left -= this.#weights.get(one) ?? 0) < 0);
    if (fault === undefined) return undefined;
    this.#faults++;
    const decision = { key, fault, size: chance(hash, 4) };
    this.made.push(decision);
    return decision;
  }
}

/** A run with the given decisions, calm at all other points. */
export class GivenDecisions implements Decisions {
  readonly made: Decision[] = [];
  readonly #delays = new Map<string, DelayDecision>();
  readonly #faults = new Map<string, FaultDecision>();

  constructor(decisions: readonly Decision[]) {
    for (const one of decisions) {
      if ("fault" in one) this.#faults.set(one.key, one);
      else this.#delays.set(one.key, one);
    }
  }

  delayOf(key: string): number {
    const decision = this.#delays.get(key);
    if (decision) this.made.push(decision);
    return decision?.delayMs ?? calmMs;
  }

  faultAt(key: string): FaultDecision | undefined {
    const decision = this.#faults.get(key);
    if (decision) this.made.push(decision);
    return decision;
  }
}
