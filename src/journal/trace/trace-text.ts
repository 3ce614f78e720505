import { QueueName } from "../../events/queue-name.ts";
import {
  branchesOf,
  type Trace,
  type TracedAttempt,
  type TracedBranch,
  type TracedEvent,
  type TraceState,
} from "./trace.ts";

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
