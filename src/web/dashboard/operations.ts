import type { OperatorPause } from "../../controls/controls.ts";
import type { RunningHive } from "../../controls/heartbeats.ts";
import { pausesOf, type ActivePause } from "../../controls/pauses.ts";
import { schedulesOf, type ScheduledPulser } from "../../controls/schedules.ts";
import type { Watched } from "./watched.ts";
import { sourcesOf } from "../../controls/sources.ts";
import type { ActRow, HiveRow, PauseRow, ScheduleRow, SourceRow } from "./wire.ts";

/** The requests of {@link operationsOf}: what operators set, heartbeats, firings. */
export const requestsOfOperations = 3;

const maxActs = 50;

/** The processes at work, and what operators have set. */
export interface Operations {
  readonly hives: readonly RunningHive[];
  readonly pauses: readonly ActivePause[];
  readonly schedules: readonly ScheduledPulser[];
}

/** Looks at heartbeats, pauses and schedules. */
export async function operationsOf({ operator, provider }: Watched, now: number): Promise<Operations> {
  const [hives, states] = await Promise.all([operator.hives(), operator.states()]);
  return {
    hives,
    pauses: pausesOf(states, hives),
    schedules: await schedulesOf(hives, states, provider.stores, now),
  };
}

/** Returns what operators did lately, newest first. */
export async function actsOf({ operator }: Watched, on: string | undefined): Promise<readonly ActRow[]> {
  const acts: ActRow[] = [];
  for await (const act of operator.acts()) {
    if (on !== undefined && act.on !== on && act.on !== "*") continue;
    acts.push({ ...act, time: act.time.getTime() });
    if (acts.length >= maxActs) break;
  }
  return acts;
}

export function pauseRow({ by, operator, reason, since, until, hive }: ActivePause): PauseRow {
  return { by, operator, reason, since: since.getTime(), until: until?.getTime(), hive };
}

export function hiveRow({
  appVersion,
  version,
  started,
  beat,
  lastCommit,
  subscriptions,
  pulsers,
  sources,
  ...rest
}: RunningHive): HiveRow {
  return {
    ...rest,
    version: appVersion === undefined || appVersion === version ? version : `${appVersion} (${version})`,
    started: started.getTime(),
    beat: beat.getTime(),
    lastCommit: lastCommit?.getTime(),
    subscriptions: subscriptions.map(({ queue, actor, parallelism, elastic, inFlight, paused, late }) => ({
      queue,
      actor,
      parallelism,
      elastic,
      inFlight,
      isPaused: paused !== undefined,
      isLate: late !== undefined,
    })),
    pulsers: pulsers.map(({ name }) => name),
    sources: sources.map(({ name }) => name),
  };
}

/** Returns the sources over all processes. */
export function sourceRows({ hives, pauses }: Operations): readonly SourceRow[] {
  return sourcesOf(hives, pauses).map(({ paused, ...rest }) => ({
    ...rest,
    pause: paused && pauseRow(paused),
    isPausedWithAll: paused?.kind === "queue",
  }));
}

/** Returns where the events of a subscription wait longer than its actor allows, in words. */
export function lateTexts(hives: readonly RunningHive[], queue: string): readonly string[] {
  return hives.flatMap(({ stage, host, subscriptions }) =>
    subscriptions.flatMap(({ queue: name, late }) =>
      name === queue && late
        ? [
            `late ${stage === undefined ? `on ${host}` : `in stage ${stage}`}: ${late.lagMs} ms, at most ${late.maxMs} ms`,
          ]
        : [],
    ),
  );
}

export function scheduleRow({ last, next, paused, ...rest }: ScheduledPulser): ScheduleRow {
  return { ...rest, last: last?.getTime(), next: next?.getTime(), pause: paused && operatorPause(paused) };
}

function operatorPause({ by, reason, since, until }: OperatorPause): PauseRow {
  return { by: "operator", operator: by, reason, since: since.getTime(), until: until?.getTime(), hive: undefined };
}
