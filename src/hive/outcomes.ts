import { checkedDuration } from "../base/checked-number.ts";
import type { Clock } from "../base/clock.ts";
import type { Duration } from "../base/duration.ts";
import { BeeHiveError } from "../base/errors.ts";
import { time } from "../base/numbers.ts";
import type { QueueOperator } from "../contract/queue-operator.ts";
import { isEventType, type AnyEventType } from "../events/event-type.ts";
import type { Event } from "../events/event.ts";
import { QueueName } from "../events/queue-name.ts";
import { isNamedLike, journaledId } from "../journal/recording.ts";
import { withoutControls } from "../journal/segment.ts";
import { isAbsent } from "../journal/trace/absence.ts";
import type { JournalRecord, TraceRecord } from "../journal/trace/record.ts";
import type { JournalWatch } from "./journal-watch.ts";

/** The end to wait for, see {@link Hive.outcome}. */
export interface OutcomeOptions<T extends AnyEventType = AnyEventType> {
  /** The types of the events that end the process. */
  readonly of: readonly T[];
  /** The longest wait. @default "30s" */
  readonly timeout?: Duration | undefined;
  /** The time since when the process may have ended. @default a minute ago */
  readonly since?: Date | undefined;
}

/** The event that ended a process, without its body, see {@link Hive.outcome}. */
export interface ProcessOutcome<T extends AnyEventType = AnyEventType> {
  readonly type: T;
  readonly eventId: string;
  readonly published: Date;
}

/** The state of events and of all that followed from them. */
export type Settled = "done" | "failed" | "waiting";

const sinceMs = 60_000;
/** The time before a push that its entries may seem to be of, in ms: the clocks of processes differ. */
const skewMs = 10_000;
/** How long the list of readers is reused, in ms: a cloud charges for it. */
const readersMs = 15_000;
/** Shortest and longest time between two searches of the queues for one wait, in ms: each reads many rows. */
const searchMs = { min: 100, max: 1_000 };

/** Waits for the ends of processes, by the journal. */
export class Outcomes {
  readonly #watch: JournalWatch;
  readonly #clock: Clock;
  readonly #queues: QueueOperator;
  readonly #readers: () => Promise<readonly string[]>;
  #known: { readonly at: number; readonly names: Promise<readonly string[]> } | undefined;

  /** @param readers Returns the subscriptions and queues that there are. */
  constructor(watch: JournalWatch, clock: Clock, queues: QueueOperator, readers: () => Promise<readonly string[]>) {
    this.#watch = watch;
    this.#clock = clock;
    this.#queues = queues;
    this.#readers = readers;
  }

  async outcome<T extends AnyEventType>(
    id: string,
    { of, timeout = "30s", since }: OutcomeOptions<T>,
  ): Promise<ProcessOutcome<T>> {
    const timeoutMs = checkedDuration("hive.outcome", "timeout", timeout, time);
    const types = new Map([of ?? []].flat().map((type) => [type.name, type]));
    if (types.size === 0 || ![...types.values()].every(isEventType))
      throw new BeeHiveError(
        "InvalidConfiguration",
        "hive.outcome: of must name a type of event that ends the process.",
      );
    const now = this.#clock.now();
    const span = { since: since?.getTime() ?? now - sinceMs, until: now + timeoutMs };
    const end = await this.#watch.find(span, (record) => endIn(record, withoutControls(id), types));
    if (end) return end;
    throw new BeeHiveError(
      "Timeout",
      `No ${[...types.keys()].join(" and no ")} ended the process "${id}" within ${timeoutMs} ms. ` +
        "It may go on; hive.trace shows where it is.",
    );
  }

  /** Waits until all that followed from pushed events is done. */
  async settled(events: readonly Event[], timeoutMs: number): Promise<Settled> {
    const ids = events.map((event) => withoutControls(journaledId(event)));
    const now = this.#clock.now();
    const readers = await this.#readersNow(now);
    const span = { since: now - skewMs, until: now + timeoutMs };
    let [searchAt, pause] = [now, searchMs.min];
    const find = async (record: JournalRecord): Promise<Settled | undefined> => {
      const at = this.#clock.now();
      const found = settledIn(record, ids, readers, at + skewMs);
      if (!found || found.later.length === 0) return found?.state;
      if (at < searchAt) return undefined;
      if (await this.#areWithdrawn(found.later)) return found.state;
      searchAt = this.#clock.now() + pause;
      pause = Math.min(searchMs.max, pause * 2);
      return undefined;
    };
    return (await this.#watch.find(span, find)) ?? "waiting";
  }

  /** Returns whether events that are not due yet left their queues: cancelled or purged. Nobody can have worked on them. */
  async #areWithdrawn(copies: readonly Copy[]): Promise<boolean> {
    for (const { event, queueName } of copies) if (!(await isAbsent(this.#queues, queueName, event.id))) return false;
    return true;
  }

  #readersNow(now: number): Promise<readonly string[]> {
    if (!this.#known || now - this.#known.at > readersMs) this.#known = { at: now, names: this.#readers() };
    return this.#known.names;
  }
}

/** Returns the first event of one of the types in the process of that id. */
function endIn<T extends AnyEventType>(
  { events }: JournalRecord,
  id: string,
  types: ReadonlyMap<string, T>,
): ProcessOutcome<T> | undefined {
  const names = new Set([id]);
  for (const event of events.values())
    if (event.correlationId !== undefined && isNamedLike(event.id, id)) names.add(event.correlationId);
  let first: ProcessOutcome<T> | undefined;
  for (const { eventType, published, correlationId = "", time: at, id: eventId } of events.values()) {
    const type = types.get(eventType);
    if (!type || !published || !isOf(correlationId, names)) continue;
    if (!first || at < first.published.getTime()) first = { type, eventId, published: new Date(at) };
  }
  return first;
}

/** A correlation id is that of the first event. In the journal it may have its source, too. */
function isOf(correlationId: string, names: ReadonlySet<string>): boolean {
  return names.has(correlationId) || [...names].some((name) => isNamedLike(correlationId, name));
}

/** An event at one of its readers. */
interface Copy {
  readonly event: TraceRecord;
  readonly queueName: string;
}

/** The state of all that is done, and what is not due before a time. */
interface Found {
  readonly state: Settled;
  readonly later: readonly Copy[];
}

/** Returns the state of events and of all that followed; `undefined` while something is under way. */
function settledIn(
  record: JournalRecord,
  ids: readonly string[],
  queues: readonly string[],
  dueBefore: number,
): Found | undefined {
  for (const name of queues) record.reads(QueueName.parse(name));
  const left = ids.map((id) => record.events.get(id));
  const seen = new Set<TraceRecord>();
  const later: Copy[] = [];
  let state: Settled = "done";
  while (left.length > 0) {
    const event = left.pop();
    // The journal does not have it yet.
    if (event === undefined) return undefined;
    if (seen.has(event)) continue;
    seen.add(event);
    for (const [queueName, last] of lastOutcomes(event, record)) {
      if (last === "dead-lettered") state = "failed";
      else if (last === undefined && (event.dueAt ?? 0) > dueBefore) later.push({ event, queueName });
      else if (last !== "committed" && last !== "expired") return undefined;
    }
    for (const { outputs } of event.attempts) left.push(...outputs.map(({ id }) => record.events.get(id)));
  }
  return { state, later };
}

/** Returns the outcome of the last attempt of each reader of an event; `undefined` for one without an attempt. */
function lastOutcomes(
  { destination, attempts }: TraceRecord,
  record: JournalRecord,
): readonly (readonly [queueName: string, last: string | undefined])[] {
  const names = new Set([...(record.readers.get(destination) ?? []), ...attempts.map(({ queueName }) => queueName)]);
  if (names.size === 0 && !destination.endsWith("-")) names.add(destination);
  return [...names].map((name) => [name, attempts.findLast(({ queueName }) => queueName === name)?.outcome]);
}
