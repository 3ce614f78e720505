import type { ActorDescriptor } from "../../actors/actor.ts";
import type { Hold } from "../../actors/pause.ts";
import type { Journal, JournalEntry } from "../journal.ts";
import { withoutControls } from "../segment.ts";
import type { Lease, QueueOperator } from "../../contract/queue-operator.ts";
import { JournalRecord, type TraceRecord } from "./record.ts";
import type { Trace, TracedAttempt, TracedBranch, TracedEvent, TraceState } from "./trace.ts";
import { Whereabouts } from "./whereabouts.ts";

export interface TraceParts {
  readonly journal: Journal;
  /** The known actors. The journal adds others after their first attempt. */
  readonly descriptors: readonly ActorDescriptor[];
  /** Now, in ms since the epoch. */
  readonly now: number;
  /** Asked where events are, for a live trace. @default The trace is not live. */
  readonly queues?: QueueOperator | undefined;
  /** The leases of this process. */
  readonly leases?: readonly Lease[] | undefined;
  /** The pauses that operators set, by subscription; `*` for all of them. @default None are known. */
  readonly holds?: ReadonlyMap<string, Hold> | undefined;
}

/** Maximum depth, for endless chains such as a clock that sets itself. */
const maxDepth = 300;

/** Returns the events with an id, correlation id or business id, and everything that followed from them. */
export async function traceItem(id: string, parts: TraceParts): Promise<Trace> {
  const { journal, descriptors, queues } = parts;
  const record = await JournalRecord.of(journal);
  for (const { queueName } of descriptors) record.reads(queueName);
  for (const name of (await queues?.names?.()) ?? []) record.reads(name);
  const named = record.named(id);
  const name = withoutControls(id);
  const isSubject = named.some(({ subjects }) => subjects.has(name));
  const tree = new TreeBuilder(record, new Whereabouts(parts), parts, isSubject ? name : undefined);
  const names = new Set(named.map((event) => event.id));
  const roots: TracedEvent[] = [];
  for (const event of named.filter((one) => !record.follows(one, names))) roots.push(await tree.event(event, 0, true));
  // Adds events whose only path from a root runs through events of another subject.
  for (const event of named) if (!tree.shown.has(event.id)) roots.push(await tree.event(event, 0, true));
  return { id, live: queues !== undefined, since: record.since, roots };
}

const nothingMore = { dueAt: undefined, behind: undefined, behindUntil: undefined, paused: undefined };

class TreeBuilder {
  readonly shown = new Set<string>();
  readonly #record: JournalRecord;
  readonly #whereabouts: Whereabouts;
  readonly #subject: string | undefined;
  readonly #parts: TraceParts;

  constructor(record: JournalRecord, whereabouts: Whereabouts, parts: TraceParts, subject: string | undefined) {
    this.#parts = parts;
    this.#record = record;
    this.#whereabouts = whereabouts;
    this.#subject = subject;
  }

  async event(record: TraceRecord, depth: number, isRoot = false): Promise<TracedEvent> {
    const { id, eventType, destination, correlationId, time } = record;
    const cut = this.#cutOf(record, depth);
    if (cut === undefined) this.shown.add(id);
    return {
      id,
      eventType,
      destination,
      correlationId,
      subject: this.#subjectOf(record),
      causationId: isRoot ? record.causationId : undefined,
      time,
      cut,
      branches: cut === undefined ? await this.#branches(record, depth) : [],
    };
  }

  /** The one that was asked for, else the latest. */
  #subjectOf({ subjects }: TraceRecord): string | undefined {
    return this.#subject !== undefined && subjects.has(this.#subject) ? this.#subject : [...subjects].at(-1);
  }

  #cutOf({ id, subjects }: TraceRecord, depth: number): TracedEvent["cut"] {
    if (this.shown.has(id)) return "shown";
    if (this.#subject !== undefined && subjects.size > 0 && !subjects.has(this.#subject)) return "other";
    return depth >= maxDepth ? "deep" : undefined;
  }

  async #branches(event: TraceRecord, depth: number): Promise<readonly TracedBranch[]> {
    const attempted = event.attempts.map(({ queueName }) => queueName);
    const names = new Set([...(this.#record.readers.get(event.destination) ?? []), ...attempted]);
    if (names.size === 0 && !event.destination.endsWith("-")) names.add(event.destination);
    if (names.size === 0) return [{ queueName: event.destination, state: "unread", ...nothingMore, attempts: [] }];
    const branches: TracedBranch[] = [];
    for (const queueName of [...names].sort()) {
      const own = event.attempts.filter((attempt) => attempt.queueName === queueName);
      const whereabouts = await this.#whereabouts.of(event, queueName, own.at(-1), this.#record.since);
      const reason = this.#pauseOf(queueName, whereabouts.state);
      branches.push({ queueName, ...whereabouts, paused: reason, attempts: await this.#attempts(own, depth) });
    }
    return branches;
  }

  /** Returns the pause of a branch; a pause concerns waiting events only. */
  #pauseOf(queueName: string, state: TraceState): TracedBranch["paused"] {
    if (state !== "waiting" && state !== "delayed") return undefined;
    const { now, holds } = this.#parts;
    const hold = holds?.get(queueName) ?? holds?.get("*");
    if (hold) return { until: hold.until, by: hold.by, reason: hold.reason };
    const { dueAt = 0, errorName = "", errorMessage } = this.#record.pauses.get(queueName) ?? {};
    return dueAt > now ? { until: dueAt, by: errorName, reason: errorMessage } : undefined;
  }

  async #attempts(entries: readonly JournalEntry[], depth: number): Promise<readonly TracedAttempt[]> {
    const attempts: TracedAttempt[] = [];
    for (const one of joined(entries)) {
      const outputs: TracedEvent[] = [];
      for (const { id } of one.outputs) {
        const output = this.#record.events.get(id);
        if (output) outputs.push(await this.event(output, depth + 1));
      }
      const { errorName: name, errorMessage: message = "", outcome, actor = "" } = one;
      if (outcome === "pushed" || outcome === "paused") continue;
      attempts.push({
        actor,
        attempt: one.attempt,
        outcome,
        time: one.time,
        durationMs: Math.round(one.durationMs),
        error: name === undefined ? undefined : { name, message },
        outputs,
      });
    }
    return attempts;
  }
}

/** Joins the entries of one attempt whose outputs were spread over several. */
function joined(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  const attempts: JournalEntry[] = [];
  for (const entry of entries) {
    const last = attempts.at(-1);
    const same = last?.attempt === entry.attempt && last.time === entry.time && last.outputs.length > 0;
    if (same && last) attempts[attempts.length - 1] = { ...last, outputs: [...last.outputs, ...entry.outputs] };
    else attempts.push(entry);
  }
  return attempts;
}
