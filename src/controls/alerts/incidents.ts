import type { QueueCounts, QueueOperator } from "../../contract/queue-operator.ts";
import type { RunningHive } from "../heartbeats.ts";
import { pausesOn, type ActivePause } from "../pauses.ts";
import { isAge, limitOf, type Watched } from "./alert.ts";

/** A rule that holds now. */
interface Incident {
  readonly value: number;
  readonly text: string;
}

/** The facts of one check. */
export interface Look {
  readonly now: number;
  readonly queues: Pick<QueueOperator, "counts" | "oldest">;
  readonly pauses: readonly ActivePause[];
  readonly hives: readonly RunningHive[];
  /** Since when events wait without a commit, by the key of the rule, as of the last check. */
  readonly waiting: Readonly<Record<string, number>>;
}

/** The finding of one rule on one queue. */
export interface Finding {
  /** `undefined` when all is well. */
  readonly incident: Incident | undefined;
  /** Since when events wait without a commit; `undefined` when none waits. */
  readonly waiting?: number | undefined;
}

/** Checks one rule on one queue. */
export async function find(watched: Watched, look: Look): Promise<Finding> {
  const { queue, rule } = watched;
  const limit = limitOf(rule);
  if (rule.on === "paused") return { incident: pausedFor(watched, look, limit) };
  if (rule.on === "late") return { incident: lateFor(watched, look, limit) };
  const counts = await look.queues.counts(queue);
  if (rule.on === "dead-letter")
    return incidentIf(counts.dead > limit, counts.dead, `${queue} has ${counts.dead} dead letters`);
  if (rule.on === "stuck") return stuckFor(watched, look, limit, counts);
  if (!isAge(rule)) {
    const due = counts.ready + counts.leased;
    return incidentIf(due > limit, due, `${queue} has ${due} events that are due`);
  }
  const oldest = counts.ready > 0 ? await look.queues.oldest?.(queue) : undefined;
  const age = oldest === undefined ? 0 : look.now - oldest;
  return incidentIf(age > limit, age, `the oldest event of ${queue} has waited for ${seconds(age)}`);
}

function incidentIf(holds: boolean, value: number, text: string): Finding {
  return { incident: holds ? { value, text } : undefined };
}

function pausedFor({ queue }: Watched, { pauses, now }: Look, limit: number): Incident | undefined {
  const [longest] = pausesOn(pauses, queue.toString()).toSorted((a, b) => a.since.getTime() - b.since.getTime());
  if (!longest) return undefined;
  const value = now - longest.since.getTime();
  const { operator, by, reason } = longest;
  return value >= limit ? { value, text: `${queue} is paused by ${operator ?? by}: ${reason}` } : undefined;
}

/** Events that waited longer than their actor allows, in the process where they waited longest. */
function lateFor({ queue }: Watched, { hives, now }: Look, limit: number): Incident | undefined {
  const name = queue.toString();
  const late = hives.flatMap(({ stage, host, subscriptions }) =>
    subscriptions.flatMap((one) => (one.queue === name && one.late ? [{ stage, host, ...one, ...one.late }] : [])),
  );
  const [worst] = late.toSorted((a, b) => b.lagMs - a.lagMs);
  if (!worst || now - worst.since.getTime() < limit) return undefined;
  const { lagMs, maxMs, actor, stage, host } = worst;
  const place = stage === undefined ? `on ${host}` : `in stage ${stage}`;
  return {
    value: lagMs,
    text: `${queue} is late ${place}: an event waited for ${lagMs} ms, ${actor} allows ${maxMs} ms`,
  };
}

/** Events that wait for a commit, without a pause that explains it. */
function stuckFor(watched: Watched, look: Look, limit: number, { ready, leased }: QueueCounts): Finding {
  const { queue, key } = watched;
  const name = queue.toString();
  if (ready + leased === 0 || pausesOn(look.pauses, name).length > 0) return { incident: undefined };
  const commits = look.hives.flatMap(({ subscriptions }) =>
    subscriptions.flatMap((one) => (one.queue === name ? (one.lastCommit?.getTime() ?? 0) : [])),
  );
  const waiting = Math.max(look.waiting[key] ?? look.now, ...commits);
  const value = look.now - waiting;
  const readers = commits.length === 0 ? "no process reads it" : `${commits.length} processes read it`;
  const text = `${queue} has ${ready + leased} events that are due, none was committed for ${seconds(value)}; ${readers}`;
  return { incident: value > limit ? { value, text } : undefined, waiting };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
