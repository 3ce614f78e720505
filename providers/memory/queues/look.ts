import type { LineHead, QueuedEvent } from "../../../src/contract/queue-operator.ts";
import type { KeptEvent } from "../../../src/contract/topic-log.ts";
import type { Entry } from "./entry.ts";

/** The content of a queue. Times are in ms since the epoch. */
interface Content {
  readonly ready: readonly Entry[];
  /** Events of the log that are not entries yet. */
  readonly unread: readonly KeptEvent[];
  readonly behind: Iterable<{ readonly entry: Entry; readonly holder: Entry; readonly ahead: number }>;
  /** The ends of leases. */
  readonly leased: ReadonlyMap<Entry, number>;
  /** The ends of delays. */
  readonly delayed: ReadonlyMap<Entry, number>;
}

/** Returns the events of a queue: those that are leased next first. */
export function look(limit: number, id: string | undefined, content: Content): readonly QueuedEvent[] {
  const found: QueuedEvent[] = [];
  for (const one of all(content)) {
    if (id !== undefined && one.event.id !== id) continue;
    found.push(one);
    if (found.length === limit) break;
  }
  return found;
}

function* all({ ready, unread, behind, leased, delayed }: Content): Generator<QueuedEvent, void, undefined> {
  const at = (entry: Entry): number | undefined => leased.get(entry) ?? delayed.get(entry);
  for (const { event, attempt } of ready) yield { event, state: "ready", dueAt: undefined, attempts: attempt };
  for (const { event } of unread) yield { event, state: "ready", dueAt: undefined, attempts: 0 };
  for (const { entry, holder, ahead } of behind) {
    const state = leased.has(holder) ? "leased" : delayed.has(holder) ? "delayed" : "ready";
    const { event, attempt } = holder;
    const heldBy: LineHead = { eventId: event.id, attempts: attempt, state, dueAt: at(holder), ahead };
    yield { event: entry.event, state: "waiting", dueAt: undefined, attempts: entry.attempt, heldBy };
  }
  for (const [{ event, attempt }, dueAt] of leased) yield { event, state: "leased", dueAt, attempts: attempt };
  for (const [{ event, attempt }, dueAt] of [...delayed].sort(([, one], [, other]) => one - other))
    yield { event, state: "delayed", dueAt, attempts: attempt };
}
