import { allot, conflictsOf, loadsOf, type Allotment, type AllotOptions, type Work } from "../allot.ts";

/** A process that shares in the actors, as it last told. */
export interface Member {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** In ms since the epoch. */
  readonly started: number;
  readonly beat: number;
  /** The time between two beats, in ms. */
  readonly everyMs: number;
  /** The subscriptions that it has actors for, with the time limits of these. */
  readonly actors: Readonly<Record<string, { readonly maxLag?: number | undefined }>>;
  /** The work of its subscriptions, as it saw it. */
  readonly loads: Readonly<Record<string, SeenLoad>>;
}

/** The work of one subscription, as its process saw it lately. */
export interface SeenLoad {
  /** The mean number of events in work. */
  readonly load: number;
  readonly longestMs: number;
}

/** The process of each subscription. */
export interface PlacementPlan {
  readonly owners: Readonly<Record<string, string>>;
  /** The last known loads, for subscriptions whose process has gone. */
  readonly loads: Readonly<Record<string, SeenLoad>>;
  /** The last change of owners, in ms since the epoch. */
  readonly since: number;
  /** Since when a clearly better plan is known. */
  readonly betterSince?: number | undefined;
}

/** Beats that may be missing before a process counts as gone, and the differences between clocks, in ms. */
const maxMissedBeats = 3;
const toleranceMs = 2_000;
/** The load of an idle subscription: what is nearly idle is shared out by number. */
const idleLoad = 0.02;
/** How long a better plan must stay better, and how long a changed one stays, in ms. */
const patienceMs = 60_000;
/** Beats for which a new process must stay before it gets work. */
const beatsOfNew = 2;
/** The share of the highest load that a better plan saves. */
const minGain = 0.15;

/** Returns whether a process is at work. */
export function isAlive({ beat, everyMs }: Member, now: number): boolean {
  return now - beat <= maxMissedBeats * everyMs + toleranceMs;
}

export interface NextPlanOptions {
  readonly before: PlacementPlan | undefined;
  readonly members: readonly Member[];
  readonly frozen: boolean;
  readonly now: number;
}

/**
 * Returns the plan from now on; the same object when nothing changes.
 *
 * Subscriptions whose process has gone move at once. Others move only for a clearly better plan that stays better for
 * a minute, or for a new process; none while the placement is frozen.
 */
export function nextPlan({ before, members, frozen, now }: NextPlanOptions): PlacementPlan | undefined {
  const living = members.filter((member) => isAlive(member, now)).toSorted(bySeniority);
  if (living.length === 0) return before;
  const loads = loadsSeen(before, members);
  const options = { work: workOf(living, loads), stages: living.map(({ id }) => id), fits: fitsIn(living) };
  const present = presentOf(options, before);
  const missing = options.work.some(({ key }) => !present.has(key));
  const placed = missing ? allot({ ...options, before: present, still: present.size > 0 }) : present;
  const plan = sameAs(placed, before) ? before : { owners: Object.fromEntries(placed), loads, since: now };
  if (frozen || !plan) return withoutBetter(plan);
  const better = betterThan(placed, options);
  if (!better) return withoutBetter(plan);
  const { betterSince = now, since } = plan;
  const isNew = loadsOf(options.work, options.stages, placed).includes(0);
  const everyMs = Math.max(...living.map((member) => member.everyMs));
  const waited = now - betterSince >= (isNew ? beatsOfNew * everyMs : patienceMs);
  const rested = isNew || now - since >= patienceMs;
  if (waited && rested) return { owners: Object.fromEntries(better), loads, since: now };
  return plan.betterSince === betterSince ? plan : { ...plan, betterSince };
}

function bySeniority(one: Member, other: Member): number {
  return one.started - other.started || (one.id < other.id ? -1 : 1);
}

function loadsSeen(before: PlacementPlan | undefined, members: readonly Member[]): PlacementPlan["loads"] {
  return Object.assign({}, before?.loads, ...members.map(({ loads }) => loads)) as PlacementPlan["loads"];
}

function workOf(living: readonly Member[], loads: PlacementPlan["loads"]): readonly Work[] {
  const limits = new Map<string, number | undefined>();
  for (const { actors } of living) for (const [queue, { maxLag }] of Object.entries(actors)) limits.set(queue, maxLag);
  return [...limits]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, maxLag]) => {
      const { load = 0, longestMs = 0 } = loads[key] ?? {};
      return { key, load: Math.max(idleLoad, load), longestMs, maxLag };
    });
}

function fitsIn(living: readonly Member[]): (queue: string, id: string) => boolean {
  const able = new Map(living.map(({ id, actors }) => [id, actors]));
  return (queue, id) => Object.hasOwn(able.get(id) ?? {}, queue);
}

/** Returns the owners that are still at work. */
function presentOf({ work, fits }: AllotOptions, before: PlacementPlan | undefined): Allotment {
  return new Map(
    work.flatMap(({ key }) => {
      const owner = before?.owners[key];
      return owner !== undefined && fits?.(key, owner) ? [[key, owner] as const] : [];
    }),
  );
}

function sameAs(placed: Allotment, before: PlacementPlan | undefined): boolean {
  const owners = Object.entries(before?.owners ?? {});
  return before !== undefined && owners.length === placed.size && owners.every(([key, id]) => placed.get(key) === id);
}

/** Returns a clearly better allotment: with fewer broken time limits, or with a lower highest load. */
function betterThan(placed: Allotment, options: AllotOptions): Allotment | undefined {
  const found = allot({ ...options, before: placed });
  const { work, stages } = options;
  const ended = conflictsOf(work, placed).length - conflictsOf(work, found).length;
  const highest = (allotment: Allotment): number => Math.max(...loadsOf(work, stages, allotment));
  const isBetter = ended > 0 || (ended === 0 && highest(found) < highest(placed) * (1 - minGain));
  return isBetter ? found : undefined;
}

function withoutBetter(plan: PlacementPlan | undefined): PlacementPlan | undefined {
  if (plan?.betterSince === undefined) return plan;
  const { betterSince: _, ...rest } = plan;
  return rest;
}
