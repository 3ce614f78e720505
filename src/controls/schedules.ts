import type { Stores } from "../contract/stores.ts";
import { firedCollection, type Fired } from "../actors/pulses/pulsing.ts";
import { nextTime, scheduleText, type Schedule } from "../actors/pulses/schedule.ts";
import type { OperatedStates, OperatorPause } from "./controls.ts";
import type { RunningHive } from "./heartbeats.ts";

/** A pulser with its firings. Returned by `hive.schedules()`. */
export interface ScheduledPulser {
  readonly pulser: string;
  /** In words: `every 5m`, `0 3 * * * (Europe/Berlin)`; `undefined` when no process runs it. */
  readonly schedule: string | undefined;
  readonly missed: "skip" | "once" | undefined;
  /** The due time of the last firing; `undefined` before the first. */
  readonly last: Date | undefined;
  /** The next due time; `undefined` when no process runs it, or while it is paused without an end. */
  readonly next: Date | undefined;
  readonly paused: OperatorPause | undefined;
  /** The number of processes that run it. */
  readonly hives: number;
}

/** Returns the pulsers that processes run, and those that have fired. */
export async function schedulesOf(
  hives: readonly RunningHive[],
  states: OperatedStates,
  stores: Stores,
  now: number,
): Promise<readonly ScheduledPulser[]> {
  const running = new Map<string, { readonly schedule: Schedule; readonly hives: number }>();
  for (const { name, schedule } of hives.flatMap(({ pulsers }) => pulsers))
    running.set(name, { schedule, hives: (running.get(name)?.hives ?? 0) + 1 });
  const fired = new Map<string, number>();
  for await (const { id, time } of stores.collection<Fired>(firedCollection).all()) fired.set(id, time);
  const names = [...new Set([...running.keys(), ...fired.keys()])].toSorted();
  return names.map((pulser) => {
    const { schedule, hives: count = 0 } = running.get(pulser) ?? {};
    const paused = states.pulsers.get(pulser)?.pause;
    const last = fired.get(pulser);
    return {
      pulser,
      schedule: schedule && scheduleText(schedule),
      missed: schedule && (schedule.missed ?? "skip"),
      last: last === undefined ? undefined : new Date(last),
      next: schedule && nextOf(schedule, paused, now),
      paused,
      hives: count,
    };
  });
}

function nextOf(schedule: Schedule, paused: OperatorPause | undefined, now: number): Date | undefined {
  if (paused && !paused.until) return undefined;
  const next = nextTime(schedule, Math.max(now, paused?.until?.getTime() ?? 0));
  return next === undefined ? undefined : new Date(next);
}
