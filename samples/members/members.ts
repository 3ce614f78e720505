/** Runs the seven stages on one connection, and checks what they left in the stores. */
import { join } from "node:path";
import { storeOf, type Event, type Provider } from "beehive-actors";
import { createStages, planStages, type StagePlan } from "beehive-actors/stages";
import { newestOf } from "./feed.ts";
import { kinds, type Entry, type Kind } from "./events.ts";
import { indexes as indexStore, listOf, rowsOf, totals, valueOf, type Role } from "./roles.ts";

export interface MembersOptions {
  readonly provider: Provider;
  readonly feed: readonly Event[];
  /** How long batches wait for company, in ms. @default as stages.ini says */
  readonly interval?: number | undefined;
  /** Tells how the run goes on. */
  readonly say: (text: string) => void;
}

/** The invariants of a run, computed from the stores. */
export interface Report {
  readonly stages: number;
  readonly actors: number;
  /** Entries in the newest revision of the feed. */
  readonly stored: number;
  /** Copies and indexes that agree with the entries, of all kinds. */
  readonly copiesEqual: boolean;
  readonly indexesEqual: boolean;
  /** Entries without e-mail, each found by quality. */
  readonly flagged: number;
  /** Welcomes, one for each entry. */
  readonly noticed: number;
  /** Saved changes: those that were audited, and those that were counted. */
  readonly audited: number;
  readonly counted: number;
  readonly deadLetters: number;
  readonly durationMs: number;
}

const batches = 8;

export async function runMembers({ provider, feed, interval, say }: MembersOptions): Promise<Report> {
  const started = performance.now();
  const plan = withInterval(await planStages(join(import.meta.dirname, "stages.ini")), interval);
  await using stages = await createStages(plan, { provider });
  await stages.start();
  const hives = [...stages.hives.values()];
  const size = Math.max(1, Math.ceil(feed.length / batches));
  for (let from = 0; from < feed.length; from += size) {
    await hives[0]?.push(feed.slice(from, from + size));
    say(`${Math.min(feed.length, from + size)} changes published`);
  }
  say("waiting for the last batches");
  // A stage may publish what another one reads, so that all must be idle one after the other.
  for (const hive of hives) await hive.whenIdle();
  const actors = plan.stages.flatMap((planned) => planned.actors);
  const letters = actors.map(({ queueName }) => provider.queues.counts(queueName));
  const dead = (await Promise.all(letters)).reduce((sum, counts) => sum + counts.dead, 0);
  const found = await Promise.all(kinds.map((kind) => foundOf(kind, provider, newestOf(kind, feed))));
  const sum = (of: (one: Found) => number): number => found.reduce((total, one) => total + of(one), 0);
  return {
    stages: plan.stages.length,
    actors: actors.length,
    stored: sum(({ stored }) => stored),
    copiesEqual: found.every(({ copiesEqual }) => copiesEqual),
    indexesEqual: found.every(({ indexesEqual }) => indexesEqual),
    flagged: sum(({ flagged }) => flagged),
    noticed: sum(({ noticed }) => noticed),
    audited: sum(({ audited }) => audited),
    counted: sum(({ counted }) => counted),
    deadLetters: dead,
    durationMs: Math.round(performance.now() - started),
  };
}

function withInterval(plan: StagePlan, interval: number | undefined): StagePlan {
  if (interval === undefined) return plan;
  const planned = plan.stages.map(({ stage, actors }) => ({
    stage,
    actors: actors.map((actor) => (actor.batch ? { ...actor, batch: { ...actor.batch, interval } } : actor)),
  }));
  return { ...plan, stages: planned };
}

/** Returns which invariants do not hold, in words. */
export function problemsOf(report: Report, feed: readonly Event[]): string[] {
  const newest = kinds.flatMap((kind) => [...newestOf(kind, feed).values()]);
  const lacking = newest.filter(({ email }) => email === null).length;
  const { stages, actors, stored, copiesEqual, indexesEqual, flagged, noticed, audited, counted, deadLetters } = report;
  return [
    ...(stages === 7 && actors === 30 ? [] : [`There are ${stages} stages and ${actors} actors, not 7 and 30.`]),
    ...(stored === newest.length ? [] : [`${stored} of ${newest.length} entries are in their newest revision.`]),
    ...(copiesEqual ? [] : ["A copy differs from its entry."]),
    ...(indexesEqual ? [] : ["An index differs from the entries."]),
    ...(flagged === lacking ? [] : [`${flagged} entries are flagged, ${lacking} lack an e-mail.`]),
    ...(noticed === newest.length ? [] : [`${noticed} welcomes were sent to ${newest.length} entries.`]),
    ...(audited === counted ? [] : [`${audited} changes were audited, ${counted} were counted.`]),
    ...(deadLetters === 0 ? [] : [`There are ${deadLetters} dead letters.`]),
  ];
}

interface Found {
  readonly stored: number;
  readonly copiesEqual: boolean;
  readonly indexesEqual: boolean;
  readonly flagged: number;
  readonly noticed: number;
  readonly audited: number;
  readonly counted: number;
}

async function foundOf(kind: Kind, { stores }: Provider, newest: ReadonlyMap<string, Entry>): Promise<Found> {
  const rows = async (role: Role): Promise<ReadonlyMap<string, string>> =>
    new Map((await all(storeOf(rowsOf(kind, role), stores).all())).map(({ id, value }) => [id, value]));
  const entries = await all(storeOf(kind.entries, stores).all());
  const copies = (["Card", "Partner"] as const).map(async (role) => {
    const copied = await rows(role);
    return [...newest.values()].every((entry) => copied.get(entry.id) === valueOf(role, entry));
  });
  const indexes = (["City", "Search", "Domain"] as const).map(async (role) => {
    const byValue = new Map<string, string[]>();
    for (const [id, entry] of newest)
      byValue.set(valueOf(role, entry), [...(byValue.get(valueOf(role, entry)) ?? []), id]);
    const equal = [...byValue].map(async ([value, expected]) => {
      const found = await all(storeOf(indexStore, stores).all(listOf(kind, role), value));
      return String(found.map(({ id }) => id)) === String(expected.toSorted());
    });
    return (await Promise.all(equal)).every(Boolean);
  });
  return {
    stored: entries.filter(({ id, revision }) => newest.get(id)?.revision === revision).length,
    copiesEqual: (await Promise.all(copies)).every(Boolean),
    indexesEqual: (await Promise.all(indexes)).every(Boolean),
    flagged: [...(await rows("Quality")).values()].filter((value) => value !== "").length,
    noticed: (await rows("Notice")).size,
    audited: (await rows("Audit")).size,
    counted: await stores.counters.get(totals, kind.name),
  };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
