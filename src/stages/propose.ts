import type { ActorDescriptor } from "../actors/actor.ts";
import type { Observation } from "../analysis/estimate/observe.ts";
import { allot, conflictsOf, loadsOf, type Allotment, type Conflict, type Work } from "./allot.ts";

export interface ProposeOptions {
  readonly work: readonly Work[];
  /** The names of the stages. */
  readonly stages: readonly string[];
  /** The present stage of each work. @default None. */
  readonly before?: Allotment | undefined;
}

/** A time limit of an actor within a proposal. */
export interface TimeLimit {
  readonly key: string;
  readonly stage: string;
  /** The limit, in ms. */
  readonly maxLag: number;
  /** The time of a turn of each work of the stage: the wait behind all of them, in ms. */
  readonly roundMs: number;
  /**
   * `promised`: the round keeps the limit, and the stage has time to spare. `kept`: no single turn breaks the limit.
   * `broken`: the longest turn of a neighbour does.
   */
  readonly state: "promised" | "kept" | "broken";
}

/** Stages proposed by what was observed, with the reasons. */
export interface Proposal {
  readonly allotment: Allotment;
  readonly stages: readonly { readonly name: string; readonly load: number; readonly work: readonly Work[] }[];
  readonly limits: readonly TimeLimit[];
  readonly conflicts: readonly Conflict[];
  readonly moves: readonly { readonly key: string; readonly from: string; readonly to: string }[];
}

/** The most of its time that a stage with a promise is busy. */
const maxPromisedLoad = 0.7;

/**
 * Proposes the stage of each work: time limits first, then even loads, then few moves.
 *
 * @example
 * const { allotment, limits } = propose({ work, stages: ["stage1", "stage2"] });
 */
export function propose({ work, stages: names, before = new Map() }: ProposeOptions): Proposal {
  const allotment = allot({ work, stages: names, before });
  const conflicts = conflictsOf(work, allotment);
  const loads = loadsOf(work, names, allotment);
  const stages = names.map((name, index) => ({
    name,
    load: loads[index] ?? 0,
    work: work.filter(({ key }) => allotment.get(key) === name),
  }));
  const limits = stages.flatMap(({ name, load, work: own }) => {
    const roundMs = own.reduce((sum, { longestMs }) => sum + longestMs, 0);
    return own.flatMap(({ key, maxLag }): TimeLimit[] => {
      if (maxLag === undefined) return [];
      const isBroken = conflicts.some(({ sensitive }) => sensitive.key === key);
      const isPromised = roundMs <= maxLag && load <= maxPromisedLoad;
      return [{ key, stage: name, maxLag, roundMs, state: isBroken ? "broken" : isPromised ? "promised" : "kept" }];
    });
  });
  const moves = [...allotment].flatMap(([key, to]) => {
    const from = before.get(key);
    return from === undefined || from === to ? [] : [{ key, from, to }];
  });
  return { allotment, stages, limits, conflicts, moves };
}

/** The load of work that was not observed: little, so that it is spread evenly by number. */
const unseenLoad = 0.001;

/**
 * Returns the observed work of actors, each with all its subscriptions.
 *
 * @param keyOf Returns the name of an actor in a stage file.
 */
export function workOf(
  descriptors: readonly ActorDescriptor[],
  { actors, seconds }: Observation,
  keyOf: (descriptor: ActorDescriptor) => string,
): readonly Work[] {
  const work = new Map<string, Work>();
  for (const descriptor of descriptors) {
    const key = keyOf(descriptor);
    const { load, longestMs, maxLag } = work.get(key) ?? { load: 0, longestMs: 0, maxLag: undefined };
    const seen = actors.get(descriptor.queueName.toString());
    const busyMs = seen ? seen.events * seen.attempts * seen.durationMs : 0;
    const limits = [maxLag, descriptor.maxLag].filter((limit) => limit !== undefined);
    work.set(key, {
      key,
      load: load + Math.max(unseenLoad, seconds > 0 ? busyMs / 1_000 / seconds : 0),
      longestMs: Math.max(longestMs, seen?.longestMs ?? 0),
      maxLag: limits.length > 0 ? Math.min(...limits) : undefined,
    });
  }
  return [...work.values()];
}
