import type { Outcome } from "../../actors/outcome.ts";
import { QueueName } from "../../events/queue-name.ts";

/**
 * Where an event is at one subscription.
 *
 * - `done`: an actor has committed it.
 * - `waiting`: nobody has worked on it to the end yet; it is ready, or will be tried again.
 * - `delayed`: as `waiting`, and it is not due yet.
 * - `working`: an actor has it now.
 * - `dead-lettered`: it was given up and is among the dead letters; not looked up unless the trace is live.
 * - `requeued-or-dropped`: it was given up and is no longer among the dead letters.
 * - `unread`: nobody that is known of has a subscription of the topic where it went.
 * - `unknown`: the journal does not go back so far, or the entry was lost: the queue is empty and nobody said `done`.
 */
export type TraceState =
  | "done"
  | "waiting"
  | "delayed"
  | "working"
  | "dead-lettered"
  | "requeued-or-dropped"
  | "unread"
  | "unknown";

/** What happened to an item, from the journal. Plain data. */
export interface Trace {
  /** What was asked for: the id of an event, a correlation id or a business id. */
  readonly id: string;
  /** Whether the queues were asked where events are now. */
  readonly live: boolean;
  /** How far the journal goes back, in ms since the epoch; `undefined` when it is empty. */
  readonly since: number | undefined;
  /** The events that nothing shown led to, oldest first. */
  readonly roots: readonly TracedEvent[];
}

/** An event and all that followed from it. */
export interface TracedEvent {
  readonly id: string;
  readonly eventType: string;
  /** The topic, `OrderAccepted-`, or the queue, `Invoices`. */
  readonly destination: string;
  readonly correlationId: string | undefined;
  readonly subject: string | undefined;
  /** The event that led to it, when that one is not shown. */
  readonly causationId: string | undefined;
  /** When it was published, in ms since the epoch; its own timestamp when that happened outside of the journal. */
  readonly time: number;
  /** Why its branches are left out: they are elsewhere in this trace, it is another's business id, or it is too deep down. */
  readonly cut: "shown" | "other" | "deep" | undefined;
  /** One for each subscription that got a copy, in the order of their names. */
  readonly branches: readonly TracedBranch[];
}

/** The copy of an event at one subscription or queue. */
export interface TracedBranch {
  /** The subscription or queue; where it was published when nobody reads it. */
  readonly queueName: string;
  readonly state: TraceState;
  /** When it is due, in ms since the epoch; only when it is delayed and that is known. */
  readonly dueAt: number | undefined;
  /** The event of its partition key that it waits behind; only where the provider tells, and the key is its business id. */
  readonly behind: string | undefined;
  /**
   * That a process paused the subscription, for so long in ms since the epoch, and why, see {@link PausedBy}; of a process
   * that ended meanwhile the journal does not know.
   */
  readonly paused: { readonly until: number; readonly by: string } | undefined;
  /** In the order in which they ended. */
  readonly attempts: readonly TracedAttempt[];
}

export interface TracedAttempt {
  readonly actor: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly outcome: Outcome;
  /** When it ended, in ms since the epoch. */
  readonly time: number;
  readonly durationMs: number;
  /** The code of a `BeeHiveError` or the name of another, and the message, shortened. */
  readonly error: { readonly name: string; readonly message: string } | undefined;
  /** What it published, in the order in which the actor returned it. */
  readonly outputs: readonly TracedEvent[];
}

/** All branches of a trace, in the order in which they are shown. */
export function* branchesOf(events: Iterable<TracedEvent>): Generator<TracedBranch, void, undefined> {
  for (const { branches } of events) {
    for (const branch of branches) {
      yield branch;
      for (const { outputs } of branch.attempts) yield* branchesOf(outputs);
    }
  }
}

/** How a state is said. */
const words: Readonly<Record<TraceState, string>> = {
  done: "done",
  waiting: "waiting",
  delayed: "delayed",
  working: "being worked on",
  "dead-lettered": "in the dead letters",
  "requeued-or-dropped": "requeued or dropped from the dead letters",
  unread: "read by nobody",
  unknown: "unknown",
};

/** A trace for people: one line for each event and each attempt, what followed indented below, and where everything is now. */
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
  return `Nothing is called "${id}": no event, no correlation id and no business id. The business id of an event is its partitionKey, or what journal.subject makes of it. ${bounds}\n`;
}

/** @param start when the tree began: times within it are told from there. */
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
  if (branch.state === "done") return;
  if (branch.state === "dead-lettered" && branch.attempts.at(-1)?.outcome === "dead-lettered") return;
  const due = branch.dueAt === undefined ? "" : ` until ${timeOf(branch.dueAt)}`;
  const behind = branch.behind === undefined ? "" : ` behind ${branch.behind}`;
  const paused = branch.paused ? ` (paused by ${branch.paused.by} until ${timeOf(branch.paused.until)})` : "";
  lines.push(
    name.kind === "topic"
      ? `${indent}${words[branch.state]}`
      : `${indent}${reader}: ${words[branch.state]}${behind}${due}${paused}`,
  );
}

function attemptText({ actor, attempt, outcome, time, durationMs, error }: TracedAttempt, start: number): string {
  const again = attempt === 1 ? "" : `, attempt ${attempt}`;
  const failure = error ? `: ${error.name}${error.message === "" ? "" : `: ${error.message}`}` : "";
  return `${actor}${again} → ${outcome}${failure} (after ${lengthOf(Math.max(0, time - start))}, took ${lengthOf(durationMs)})`;
}

/** `OrderAccepted-Payment: waiting`, and how many are done. */
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
