import type { ActorDescriptor } from "../actors/actor.ts";
import type { Outcome } from "../actors/outcome.ts";
import type { Pause } from "../actors/pause.ts";
import type { Clock } from "../base/clock.ts";
import { errorNameOf, messageOf } from "../base/error-text.ts";
import type { Logger } from "../base/logger.ts";
import { ifRejected } from "../base/rejection.ts";
import { safeText } from "../base/safe-text.ts";
import type { DeliveryReport } from "../delivery/delivery.ts";
import { Event } from "../events/event.ts";
import type { Journal, JournalEntry, JournalOptions, JournaledEvent, LateEntry } from "./journal.ts";
import { maxOutputs } from "./segment.ts";

/** Writes the work of a hive into its journal. */
export class Recording {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #subject: JournalOptions["subject"];
  #subjectFailed = false;

  constructor(journal: Journal, clock: Clock, logger: Logger, subject: JournalOptions["subject"]) {
    this.#journal = journal;
    this.#clock = clock;
    this.#logger = logger;
    this.#subject = subject;
  }

  /** @param time The start of the push, in ms since the epoch: actors may finish before it has ended. */
  pushed(events: readonly Event[], time: number): void {
    for (const event of events) {
      const subject = this.#subjectOf(event);
      if (this.#journal.appendLate && isLight(event)) this.#journal.appendLate(new LatePush(event, subject, time));
      else this.#journal.append(pushEntry(event, subject, time));
    }
  }

  delivered(report: DeliveryReport): void {
    const subject = this.#subjectOf(report.event);
    const time = this.#clock.now();
    if (this.#journal.appendLate && refersToLittle(report))
      this.#journal.appendLate(new LateDelivery(report, subject, time));
    else this.#journal.append(deliveryEntry(report, subject, time));
  }

  paused(descriptor: ActorDescriptor, pause: Pause): void {
    this.#journal.append(pauseEntry(descriptor, pause, this.#clock.now()));
  }

  /** Returns the business id of an event; none when `subject` throws, which is logged once. */
  #subjectOf(event: Event): string | undefined {
    if (this.#subject === undefined) return event.partitionKey;
    try {
      const subject: unknown = this.#subject(event);
      if (typeof subject === "string" || subject === undefined) return subject;
      if (typeof subject === "number" || typeof subject === "bigint") return String(subject);
      if (subject === null) return undefined;
      ifRejected(subject, () => {});
      this.#noSubject(event, `it is no text but a ${subject instanceof Promise ? "promise" : typeof subject}`);
    } catch (error) {
      this.#noSubject(event, messageOf(error));
    }
    return undefined;
  }

  #noSubject({ eventType }: Event, reason: string): void {
    if (!this.#subjectFailed)
      this.#logger.warn(
        { eventType, reason },
        "journal.subject failed for an event, which has no business id now; further failures are not logged",
      );
    this.#subjectFailed = true;
  }
}

/** The largest body of an event that an entry may refer to until it is made, in bytes. */
const maxKeptBody = 1_024;

/** Returns whether a journal may refer to an event, which keeps its body in memory. */
function isLight(event: Event): boolean {
  return !event.byReference && !event.isLargerThan(maxKeptBody);
}

/** An error may hold anything, such as the answer of a server. */
function refersToLittle({ event, outputs, error }: DeliveryReport): boolean {
  return error === undefined && isLight(event) && outputs.length <= maxOutputs && outputs.every(isLight);
}

class LatePush implements LateEntry {
  readonly #event: Event;
  readonly #subject: string | undefined;
  readonly #time: number;

  constructor(event: Event, subject: string | undefined, time: number) {
    this.#event = event;
    this.#subject = subject;
    this.#time = time;
  }

  made(): JournalEntry {
    return pushEntry(this.#event, this.#subject, this.#time);
  }
}

/** Of few objects, which the garbage collector moves for each event. */
class LateDelivery implements LateEntry {
  readonly #event: Event;
  readonly #descriptor: ActorDescriptor;
  readonly #attempt: number;
  readonly #outcome: Outcome;
  readonly #durationMs: number;
  readonly #outputs: Event | readonly Event[];
  readonly #subject: string | undefined;
  readonly #time: number;

  constructor(report: DeliveryReport, subject: string | undefined, time: number) {
    const { outputs } = report;
    this.#event = report.event;
    this.#descriptor = report.descriptor;
    this.#attempt = report.attempt;
    this.#outcome = report.outcome;
    this.#durationMs = Math.round(report.durationMs);
    this.#outputs = outputs.length === 1 ? (outputs[0] as Event) : outputs;
    this.#subject = subject;
    this.#time = time;
  }

  made(): JournalEntry {
    const outputs = this.#outputs instanceof Event ? [this.#outputs] : this.#outputs;
    const [event, descriptor, attempt] = [this.#event, this.#descriptor, this.#attempt];
    const [outcome, durationMs] = [this.#outcome, this.#durationMs];
    const report = { event, descriptor, attempt, outcome, durationMs, outputs, error: undefined };
    return deliveryEntry(report, this.#subject, this.#time);
  }
}

const from = " from ";
const maxSource = 200;

/** Returns the id of an event, with its source since two sources may use one id: `1 from /sensors/a`. */
export function journaledId({ id, properties }: Pick<Event, "id" | "properties">): string {
  const source = properties["source"];
  return typeof source === "string" && source !== "" ? `${id}${from}${source.slice(0, maxSource)}` : id;
}

/** Returns whether a journaled id names a source. */
export function isOfSource(journaled: string): boolean {
  return journaled.includes(from);
}

/** Returns whether a journaled id has that id, from any source. */
export function isNamedLike(journaled: string, id: string): boolean {
  return journaled === id || journaled.startsWith(`${id}${from}`);
}

const maxMessage = 200;
const nothing: readonly JournaledEvent[] = [];

/** Returns the entry of a push from outside. */
export function pushEntry(event: Event, subject: string | undefined, time: number): JournalEntry {
  return {
    time,
    eventId: journaledId(event),
    timestamp: event.timestampMs,
    eventType: event.eventType,
    queueName: event.queueName,
    actor: undefined,
    attempt: 0,
    outcome: "pushed",
    durationMs: 0,
    dueAt: event.enqueueTime?.getTime(),
    correlationId: event.correlationId,
    causationId: event.causationId,
    subject,
    outputs: nothing,
    errorName: undefined,
    errorMessage: undefined,
  };
}

/** Returns the entry of a pause. Its `errorName` is the reason, see {@link PausedBy}; its message is of the failure. */
function pauseEntry(
  { name, queueName }: Pick<ActorDescriptor, "name" | "queueName">,
  { by, until, error }: Pause,
  time: number,
): JournalEntry {
  return {
    time,
    eventId: "",
    timestamp: time,
    eventType: "",
    queueName: queueName.toString(),
    actor: name,
    attempt: 0,
    outcome: "paused",
    durationMs: 0,
    dueAt: until,
    correlationId: undefined,
    causationId: undefined,
    subject: undefined,
    outputs: nothing,
    errorName: by,
    errorMessage: firstLine(messageOf(error)),
  };
}

/** Returns the entry of an attempt, which refers to no event. */
export function deliveryEntry(
  { event, descriptor, attempt, outcome, durationMs, outputs, error }: DeliveryReport,
  subject: string | undefined,
  time: number,
): JournalEntry {
  return {
    time,
    eventId: journaledId(event),
    timestamp: event.timestampMs,
    eventType: event.eventType,
    queueName: event.queueName,
    actor: descriptor.name,
    attempt,
    outcome,
    durationMs,
    dueAt: undefined,
    correlationId: event.correlationId,
    causationId: event.causationId,
    subject,
    outputs: outputs.length === 0 ? nothing : outputs.map(journaled),
    errorName: error === undefined ? undefined : errorNameOf(error),
    errorMessage: error === undefined ? undefined : firstLine(messageOf(error)),
  };
}

function journaled(event: Event): JournaledEvent {
  const { eventType, queueName, enqueueTime } = event;
  return { id: journaledId(event), eventType, destination: queueName, dueAt: enqueueTime?.getTime() };
}

function firstLine(text: string): string {
  // Masks secrets before cutting: the word that marks one may be in an earlier line.
  const safe = safeText(text, maxMessage);
  const end = safe.indexOf("\n");
  return end === -1 ? safe : safe.slice(0, end);
}
