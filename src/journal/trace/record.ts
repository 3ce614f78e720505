import { isNamedLike } from "../recording.ts";
import type { Journal, JournalEntry } from "../journal.ts";
import { withoutControls } from "../segment.ts";
import { QueueName } from "../../events/queue-name.ts";

/** Everything that a journal holds about one event. */
export interface TraceRecord {
  readonly id: string;
  readonly eventType: string;
  readonly destination: string;
  correlationId: string | undefined;
  causationId: string | undefined;
  /** Its business ids, the latest last: each process may name one. */
  readonly subjects: Set<string>;
  /** When it was published; when it was created if the journal has no publication. */
  time: number;
  published: boolean;
  dueAt: number | undefined;
  /** The attempts of all subscriptions, oldest first. */
  readonly attempts: JournalEntry[];
}

/** A whole journal, by event. */
export class JournalRecord {
  readonly events: Map<string, TraceRecord> = new Map();
  /** The known subscriptions, by the destination of their events. */
  readonly readers: Map<string, Set<string>> = new Map();
  /** The last pause of each subscription. */
  readonly pauses: Map<string, JournalEntry> = new Map();
  since: number | undefined;

  /** Reads the whole journal, which is bounded: the causes of an event may be anywhere before it. */
  static async of(journal: Pick<Journal, "read">): Promise<JournalRecord> {
    const entries: JournalEntry[] = [];
    for await (const entry of journal.read()) entries.push(entry);
    const record = new JournalRecord();
    // Reverses first: the sort is stable, so entries of one millisecond keep the order of appending.
    for (const entry of entries.reverse().sort((one, other) => one.time - other.time)) record.#add(entry);
    return record;
  }

  /**
   * Returns the events with that id, correlation id or business id, oldest first.
   *
   * For a business id, events of other business ids with the same correlation id are left out.
   */
  named(id: string): readonly TraceRecord[] {
    const name = withoutControls(id);
    const named = [...this.events.values()].filter(
      (event) => isNamedLike(event.id, name) || event.correlationId === name || event.subjects.has(name),
    );
    const ofSubject = named.some(({ subjects }) => subjects.has(name));
    return named
      .filter(({ subjects }) => !ofSubject || subjects.size === 0 || subjects.has(name))
      .sort((one, other) => one.time - other.time);
  }

  #add(entry: JournalEntry): void {
    this.since ??= entry.time;
    const { queueName, outcome, outputs } = entry;
    if (outcome === "paused") return void this.pauses.set(queueName, entry);
    const destination = outcome === "pushed" ? queueName : this.reads(QueueName.parse(queueName));
    const event = this.#event(entry.eventId, entry.eventType, destination, entry.timestamp);
    event.correlationId = entry.correlationId ?? event.correlationId;
    event.causationId ??= entry.causationId;
    if (entry.subject !== undefined) event.subjects.add(entry.subject);
    if (outcome === "pushed") publish(event, entry.time, entry.dueAt);
    else event.attempts.push(entry);
    for (const output of outputs) {
      const published = this.#event(output.id, output.eventType, output.destination, entry.time);
      publish(published, entry.time, output.dueAt);
      // The journal is more reliable than the cause that the event itself carries.
      published.causationId = entry.eventId;
      // Only before the first attempt: an actor may have set another correlation id.
      published.correlationId ??= entry.correlationId ?? entry.eventId;
    }
  }

  #event(id: string, eventType: string, destination: string, time: number): TraceRecord {
    let event = this.events.get(id);
    if (event) return event;
    event = {
      id,
      eventType,
      destination,
      correlationId: undefined,
      causationId: undefined,
      subjects: new Set(),
      time,
      published: false,
      dueAt: undefined,
      attempts: [],
    };
    this.events.set(id, event);
    return event;
  }

  /** Notes a subscription or queue. Returns the destination of its events. */
  reads(name: QueueName): string {
    const destination = String(name.destination);
    const known = this.readers.get(destination);
    if (known) known.add(name.toString());
    else this.readers.set(destination, new Set([name.toString()]));
    return destination;
  }

  /** Returns whether one of the ids is a direct or indirect cause of the event. */
  follows(event: TraceRecord, ids: ReadonlySet<string>): boolean {
    const met = new Set<string>([event.id]);
    for (let cause = event.causationId; cause !== undefined && !met.has(cause);) {
      if (ids.has(cause)) return true;
      met.add(cause);
      cause = this.events.get(cause)?.causationId;
    }
    return false;
  }
}

/** Notes a publication. The first one counts: outputs of a repeated attempt are dropped as duplicates. */
function publish(event: TraceRecord, time: number, dueAt: number | undefined): void {
  if (event.published) return;
  event.published = true;
  event.time = time;
  event.dueAt = dueAt;
}
