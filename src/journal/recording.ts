import type { ActorDescriptor } from "../actors/actor.ts";
import type { Pause } from "../actors/pause.ts";
import type { Clock } from "../base/clock.ts";
import { errorNameOf, messageOf } from "../base/error-text.ts";
import type { Logger } from "../base/logger.ts";
import { ifRejected } from "../base/rejection.ts";
import { safeText } from "../base/safe-text.ts";
import type { DeliveryReport } from "../delivery/delivery.ts";
import type { Event } from "../events/event.ts";
import type { Journal, JournalEntry, JournalOptions, JournaledEvent } from "./journal.ts";
import { withoutControls } from "./segment.ts";

/** Writes into a journal what a hive does. */
export class Recording {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #subject: NonNullable<JournalOptions["subject"]>;
  #subjectFailed = false;

  constructor(journal: Journal, clock: Clock, logger: Logger, subject: JournalOptions["subject"]) {
    this.#journal = journal;
    this.#clock = clock;
    this.#logger = logger;
    this.#subject = subject ?? (({ partitionKey }) => partitionKey);
  }

  /** @param time when the push began, in ms since the epoch: actors may be done before it has ended. */
  pushed(events: readonly Event[], time: number): void {
    for (const event of events) this.#journal.append(pushEntry(event, this.#subjectOf(event), time));
  }

  delivered(report: DeliveryReport): void {
    this.#journal.append(deliveryEntry(report, this.#subjectOf(report.event), this.#clock.now()));
  }

  paused(descriptor: ActorDescriptor, pause: Pause): void {
    this.#journal.append(pauseEntry(descriptor, pause, this.#clock.now()));
  }

  /** Events that it does not understand have no business id; said once. */
  #subjectOf(event: Event): string | undefined {
    try {
      const subject: unknown = this.#subject(event);
      if (typeof subject === "string" || subject === undefined) return subject && withoutControls(subject);
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
        "journal.subject failed for an event, which has no business id in the journal now; it is said once",
      );
    this.#subjectFailed = true;
  }
}

const from = " from ";
const maxSource = 200;

/** How a journal names an event: by its id, and with a source as `1 from /sensors/a`, for ids of two sources may be equal. */
export function journaledId({ id, properties }: Pick<Event, "id" | "properties">): string {
  const source = properties["source"];
  return withoutControls(
    typeof source === "string" && source !== "" ? `${id}${from}${source.slice(0, maxSource)}` : id,
  );
}

/** Whether that name is of an event with that id, whatever its source. */
export function isNamedLike(journaled: string, id: string): boolean {
  return journaled === id || journaled.startsWith(`${id}${from}`);
}

const maxMessage = 200;
const nothing: readonly JournaledEvent[] = [];

/** The entry of an event that was pushed from outside. */
export function pushEntry(event: Event, subject: string | undefined, time: number): JournalEntry {
  return {
    time,
    eventId: journaledId(event),
    timestamp: event.timestamp.getTime(),
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

/** The entry of a pause. Its `errorName` is why, see {@link PausedBy}; its message that of the failure that led to it. */
export function pauseEntry(
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

/** The entry of one attempt that ended. It holds no event, so that no body is kept by it. */
export function deliveryEntry(
  { event, descriptor, attempt, outcome, durationMs, outputs, error }: DeliveryReport,
  subject: string | undefined,
  time: number,
): JournalEntry {
  return {
    time,
    eventId: journaledId(event),
    timestamp: event.timestamp.getTime(),
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
  // Secrets first: what names one may be in the line before it.
  const safe = safeText(text, maxMessage);
  const end = safe.indexOf("\n");
  return end === -1 ? safe : safe.slice(0, end);
}
