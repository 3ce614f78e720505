import type { Outcome } from "../../actors/outcome.ts";
import { QueueName } from "../../events/queue-name.ts";

/**
 * The state of an event at one subscription.
 *
 * - `done`: an actor has committed it.
 * - `waiting`: it is ready, or awaits a retry.
 * - `delayed`: it is not due yet.
 * - `working`: an actor is processing it.
 * - `dead-lettered`: it was dead-lettered; only a live trace checks that it still is.
 * - `requeued-or-dropped`: it was dead-lettered and is no longer among the dead letters.
 * - `expired`: it was delivered after its `expires`, and dropped.
 * - `absent`: it is not due yet, and its queue does not hold it: it was cancelled, purged, or never there.
 * - `unread`: its topic has no known subscription.
 * - `unknown`: the queue does not hold it and the journal has no end of it, because the entry is too old or lost.
 */
export type TraceState =
  | "done"
  | "waiting"
  | "delayed"
  | "working"
  | "dead-lettered"
  | "requeued-or-dropped"
  | "expired"
  | "absent"
  | "unread"
  | "unknown";

/** The history of an item, from the journal, as plain data. Returned by `hive.trace`. */
export interface Trace {
  /** The id that was traced: of an event, a correlation id or a business id. */
  readonly id: string;
  /** True if the queues were asked for the current state. */
  readonly live: boolean;
  /** The start of the journal, in ms since the epoch; `undefined` when it is empty. */
  readonly since: number | undefined;
  /** The events without a cause in this trace, oldest first. */
  readonly roots: readonly TracedEvent[];
}

/** An event and everything that followed from it. */
export interface TracedEvent {
  readonly id: string;
  readonly eventType: string;
  /** The topic, `OrderAccepted-`, or the queue, `Invoices`. */
  readonly destination: string;
  readonly correlationId: string | undefined;
  readonly subject: string | undefined;
  /** Its cause, when the trace does not show that event. */
  readonly causationId: string | undefined;
  /** When it was published, in ms since the epoch; its own timestamp if the journal has no publication. */
  readonly time: number;
  /** Why its branches are left out: shown elsewhere, of another business id, or too deep. */
  readonly cut: "shown" | "other" | "deep" | undefined;
  /** A branch for each subscription with a copy, sorted by name. */
  readonly branches: readonly TracedBranch[];
}

/** The pause of a subscription where an event waits. */
export interface TracedPause {
  /** The end, in ms since the epoch; `undefined` until an operator resumes. */
  readonly until: number | undefined;
  /** The operator, or the cause for which a process paused, see {@link PausedBy}. */
  readonly by: string;
  /** The words of the operator, or the message of the error. */
  readonly reason: string | undefined;
}

/** The copy of an event at one subscription or queue. */
export interface TracedBranch {
  /** The subscription or queue; the destination when it is unread. */
  readonly queueName: string;
  readonly state: TraceState;
  /** When a delayed event is due, in ms since the epoch, if known. */
  readonly dueAt: number | undefined;
  /** The event of its partition key that it waits behind, if the provider reports it. */
  readonly behind: string | undefined;
  /** When that event is tried again, or its lease ends, in ms since the epoch; if the provider reports it. */
  readonly behindUntil: number | undefined;
  /**
   * The pause of the subscription, of an operator or in a process, see {@link TracedPause}.
   *
   * The journal does not know whether the process that paused it has ended.
   */
  readonly paused: TracedPause | undefined;
  /** Sorted by their ends. */
  readonly attempts: readonly TracedAttempt[];
}

export interface TracedAttempt {
  readonly actor: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly outcome: Outcome;
  /** The end of the attempt, in ms since the epoch. */
  readonly time: number;
  readonly durationMs: number;
  /** The code of a `BeeHiveError` or the name of another error, and the shortened message. */
  readonly error: { readonly name: string; readonly message: string } | undefined;
  /** The events that it published, in the order of the actor. */
  readonly outputs: readonly TracedEvent[];
}

/**
 * Yields all branches of a trace, in the order of its text.
 *
 * @example
 * const done = [...branchesOf(trace.roots)].every(({ state }) => state === "done");
 */
export function* branchesOf(events: Iterable<TracedEvent>): Generator<TracedBranch, void, undefined> {
  for (const { branches } of events) {
    for (const branch of branches) {
      yield branch;
      for (const { outputs } of branch.attempts) yield* branchesOf(outputs);
    }
  }
}

/** The words of each state. */
const words: Readonly<Record<TraceState, string>> = {
  done: "done",
  waiting: "waiting",
  delayed: "delayed",
  working: "being worked on",
  "dead-lettered": "in the dead letters",
  "requeued-or-dropped": "requeued or dropped from the dead letters",
  expired: "expired",
  absent: "not in its queue: cancelled or purged",
  unread: "read by nobody",
  unknown: "unknown",
};

/**
 * Returns a trace as text, with a line for each event and attempt, and a summary.
 *
 * @example
 * console.log(traceText(await hive.trace("order-1")));
 */
export function traceText(trace: Trace): string {
  if (trace.roots.length === 0) return notFound(trace);
  const lines: string[] = [];
  for (const root of trace.roots) {
    if (root.causationId !== undefined) lines.push(`after ${root.causationId}:`);
    writeEvent(root, "", root.time, lines);
  }
  lines.push("", summary(trace));
  return lines.map((line) => `${line}\n`).join("");
}

function notFound({ id, since }: Trace): string {
  const bounds = since === undefined ? "The journal is empty." : `The journal goes back to ${timeOf(since)}.`;
  return (
    `No event, correlation id or business id is called "${id}". ` +
    `The business id of an event is its partitionKey, or the result of journal.subject. ${bounds}\n`
  );
}

/** @param start The start of the tree; times within it are relative to it. */
function writeEvent(event: TracedEvent, indent: string, start: number, lines: string[]): void {
  const isRoot = indent === "";
  const notes = [
    ...(event.destination === `${event.eventType}-` ? [] : [`to ${event.destination}`]),
    ...(event.cut === "shown" ? ["see above"] : []),
    ...(event.cut === "other" ? [`of ${event.subject}`] : []),
    ...(event.cut === "deep" ? ["goes on, trace it by its id"] : []),
    ...(isRoot ? [timeOf(event.time)] : []),
  ];
  lines.push(`${indent}${event.eventType} ${event.id}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}`);
  for (const branch of event.branches) writeBranch(branch, `${indent}  `, start, lines);
}

function writeBranch(branch: TracedBranch, indent: string, start: number, lines: string[]): void {
  const name = QueueName.parse(branch.queueName);
  const reader = name.subscription || name.topic;
  branch.attempts.forEach((attempt) => {
    lines.push(`${indent}${reader}: ${attemptText(attempt, start)}`);
    for (const output of attempt.outputs) writeEvent(output, `${indent}  `, start, lines);
  });
  if (branch.state === "done" || branch.state === "expired") return;
  if (branch.state === "dead-lettered" && branch.attempts.at(-1)?.outcome === "dead-lettered") return;
  const due = branch.dueAt === undefined ? "" : ` until ${timeOf(branch.dueAt)}`;
  const until =
    branch.behindUntil === undefined ? "" : `, which is busy or delayed until ${timeOf(branch.behindUntil)}`;
  const behind = branch.behind === undefined ? "" : ` behind ${branch.behind}${until}`;
  const paused = branch.paused ? ` (${pauseText(branch.paused)})` : "";
  lines.push(
    name.kind === "topic"
      ? `${indent}${words[branch.state]}`
      : `${indent}${reader}: ${words[branch.state]}${behind}${due}${paused}`,
  );
}

function pauseText({ by, until, reason = "" }: TracedPause): string {
  const end = until === undefined ? "" : ` until ${timeOf(until)}`;
  return `paused by ${by}${end}${reason === "" ? "" : `: ${reason}`}`;
}

function attemptText({ actor, attempt, outcome, time, durationMs, error }: TracedAttempt, start: number): string {
  const again = attempt === 1 ? "" : `, attempt ${attempt}`;
  const failure = error ? `: ${error.name}${error.message === "" ? "" : `: ${error.message}`}` : "";
  const after = lengthOf(Math.max(0, time - start));
  return `${actor}${again} → ${outcome}${failure} (after ${after}, took ${lengthOf(durationMs)})`;
}

/** Returns the states and their counts: `2 done, 1 waiting at OrderAccepted-Payment`. */
function summary({ roots, live, since }: Trace): string {
  const counts = new Map<string, number>();
  for (const { state, queueName } of branchesOf(roots)) {
    const place = state === "done" ? words.done : `${words[state]} at ${queueName}`;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  const parts = [...counts].map(([place, count]) => `${count} ${place}`);
  const remarks = [
    ...(live ? [] : ["the queues were not asked"]),
    ...(since === undefined || [...counts.keys()].every((place) => !place.startsWith(words.unknown))
      ? []
      : [`the journal goes back to ${timeOf(since)}`]),
  ];
  return `${parts.join(", ")}${remarks.length === 0 ? "" : ` (${remarks.join("; ")})`}`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

function lengthOf(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 60_000 ? 1 : 0)} s`;
}
