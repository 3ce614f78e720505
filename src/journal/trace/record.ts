import { isNamedLike } from "../recording.ts";
import type { Journal, JournalEntry } from "../journal.ts";
import { withoutControls } from "../segment.ts";
import { QueueName } from "../../events/queue-name.ts";

/** What a journal says of one event. */
export interface TraceRecord {
  readonly id: string;
  readonly eventType: string;
  readonly destination: string;
  correlationId: string | undefined;
  causationId: string | undefined;
  /** Its business ids, the latest last: each process says what it is called there. */
  readonly subjects: Set<string>;
  /** When it was published, or, where the journal does not say, made. */
  time: number;
  published: boolean;
  dueAt: number | undefined;
  /** Oldest first, those of all subscriptions. */
  readonly attempts: JournalEntry[];
}

/** A whole journal, by event. */
export class JournalRecord {
  readonly events: Map<string, TraceRecord> = new Map();
  /** The subscriptions that were seen, by where their events are published. */
  readonly readers: Map<string, Set<string>> = new Map();
  /** The last pause of each subscription. */
  readonly pauses: Map<string, JournalEntry> = new Map();
  since: number | undefined;

  /** Reads all of it: what led to an event may be anywhere before it. Bounded as the journal is. */
  static async of(journal: Journal): Promise<JournalRecord> {
    const entries: JournalEntry[] = [];
    for await (const entry of journal.read()) entries.push(entry);
    const record = new JournalRecord();
    // As they were appended first, so that those of one millisecond stay in that order.
    for (const entry of entries.reverse().sort((one, other) => one.time - other.time)) record.#add(entry);
    return record;
  }

  /**
   * The events that are called so, oldest first: by their own id, by correlation id or by business id. Where it is a
   * business id, without events of others that only share the correlation id.
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
      // What the journal saw says more than the id of a cause that the event itself carries.
      published.causationId = entry.eventId;
      // As long as nobody has worked on it: an actor may have given it another one.
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

  /** Notes that there is such a subscription or queue; answers where its events are published. */
  reads(name: QueueName): string {
    const destination = String(name.destination);
    const known = this.readers.get(destination);
    if (known) known.add(name.toString());
    else this.readers.set(destination, new Set([name.toString()]));
    return destination;
  }

  /** Whether one of those led to it, over however many others. */
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

/** The first time counts: an attempt that is repeated publishes its outputs again, and they are dropped as duplicates. */
function publish(event: TraceRecord, time: number, dueAt: number | undefined): void {
  if (event.published) return;
  event.published = true;
  event.time = time;
  event.dueAt = dueAt;
}
