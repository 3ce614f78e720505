import { randomBytes } from "node:crypto";
import type { JournalEntry, JournaledEvent } from "./journal.ts";

/** An end of time, in ms since the epoch: the year 2286. */
const end = 9_999_999_999_999;
const digits = 9;
const process = randomBytes(6).toString("base64url");
/** Counts down, so that the later of two segments of one millisecond sorts first. */
let left = 36 ** 6 - 1;

/** Returns a unique id. Ids sort newest first, because stores are read from the smallest id. */
export function nextSegmentId(time: number): string {
  return `${segmentsFrom(time)}-${process}-${(left--).toString(36)}`;
}

/** Returns the first id of segments that are as old as `time` or older. */
export function segmentsFrom(time: number): string {
  return (end - Math.min(end, Math.max(0, Math.floor(time)))).toString(36).padStart(digits, "0");
}

/*
 * A segment is one text of fields, each ended by a delimiter. It is no JSON: it is written for every event, and stored as
 * a text within JSON, which would escape each quotation mark.
 *
 * It begins with a time; other times are written as their short difference from it. Texts that come again, ids among
 * them, are written once: later as the number of their first occurrence. Most fields of most entries have their usual
 * value, so each entry says with the bits of one number which of these it writes.
 */

/** DEL: no id or type holds it, and JSON does not escape it. */
const delimiter = "\u007f";
// oxlint-disable-next-line no-control-regex -- control characters are removed
const control = /[\u0000-\u001f\u007f]/;
/** Marks the first occurrence of a name. */
const newName = "=";

/** The fields that an entry leaves out when they have their usual value, in the order of writing. */
const bits = {
  actor: 1,
  attempt: 2,
  durationMs: 4,
  dueAt: 8,
  correlationId: 16,
  causationId: 32,
  subject: 64,
  errorName: 128,
  errorMessage: 256,
  outputs: 512,
} as const;

/** A text to which entries are appended. */
export class SegmentText {
  readonly #names = new Map<string, number>();
  #text = "";
  #entries = 0;
  #newest = 0;
  /** The time of the first entry. */
  #start = 0;

  get entries(): number {
    return this.#entries;
  }

  /** The time of the newest entry, in ms since the epoch. */
  get newest(): number {
    return this.#newest;
  }

  /** The length in characters. */
  get length(): number {
    return this.#text.length;
  }

  toString(): string {
    return this.#text;
  }

  append(entry: JournalEntry): void {
    if (this.#entries === 0) {
      this.#start = Math.round(entry.time);
      this.#text = numberField(this.#start);
    }
    const { actor, attempt, durationMs, dueAt, correlationId, causationId, subject, errorName, errorMessage } = entry;
    const usual =
      this.#time(entry.time) +
      this.#name(entry.eventId) +
      this.#time(entry.timestamp) +
      this.#name(entry.eventType) +
      this.#name(entry.queueName) +
      this.#name(entry.outcome);
    let has = 0;
    let more = "";
    if (actor !== undefined) {
      has |= bits.actor;
      more += this.#name(actor);
    }
    if (attempt !== 1) {
      has |= bits.attempt;
      more += numberField(attempt);
    }
    if (durationMs >= 0.5) {
      has |= bits.durationMs;
      more += numberField(durationMs);
    }
    if (dueAt !== undefined) {
      has |= bits.dueAt;
      more += this.#time(dueAt);
    }
    if (correlationId !== undefined) {
      has |= bits.correlationId;
      more += this.#name(correlationId);
    }
    if (causationId !== undefined) {
      has |= bits.causationId;
      more += this.#name(causationId);
    }
    if (subject !== undefined) {
      has |= bits.subject;
      more += this.#name(subject);
    }
    if (errorName !== undefined) {
      has |= bits.errorName;
      more += this.#name(errorName);
    }
    if (errorMessage !== undefined) {
      has |= bits.errorMessage;
      more += this.#name(errorMessage);
    }
    if (entry.outputs.length > 0) {
      has |= bits.outputs;
      more += numberField(entry.outputs.length);
      for (const output of entry.outputs) more += this.#output(output);
    }
    this.#text += usual + numberField(has) + more;
    this.#entries++;
    if (entry.time > this.#newest) this.#newest = entry.time;
  }

  #output({ id, eventType, destination, dueAt }: JournaledEvent): string {
    const due = dueAt === undefined ? delimiter : this.#time(dueAt);
    return this.#name(id) + this.#name(eventType) + this.#name(destination) + due;
  }

  #time(time: number): string {
    return numberField(time - this.#start);
  }

  #name(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known + delimiter;
    this.#names.set(name, this.#names.size);
    return newName + withoutControls(name) + delimiter;
  }
}

/** Returns the entries of a text, in the order of writing. */
export function entriesOf(text: string): JournalEntry[] {
  const entries: JournalEntry[] = [];
  const names: string[] = [];
  const fields = text.split(delimiter);
  let at = 0;
  const next = (): string => fields[at++] ?? "";
  const nextNumber = (): number => Number(next());
  const start = nextNumber();
  const nextTime = (): number => start + nextNumber();
  const nextName = (): string => {
    const field = next();
    if (!field.startsWith(newName)) return names[Number(field)] ?? "";
    names.push(field.slice(newName.length));
    return names.at(-1) ?? "";
  };
  const nextOutput = (): JournaledEvent => ({
    id: nextName(),
    eventType: nextName(),
    destination: nextName(),
    dueAt: fields[at] === "" ? void at++ : nextTime(),
  });
  // The text ends with a delimiter, so the last field is empty.
  while (at < fields.length - 1) {
    const time = nextTime();
    const eventId = nextName();
    const timestamp = nextTime();
    const eventType = nextName();
    const queueName = nextName();
    const outcome = nextName() as JournalEntry["outcome"];
    const has = nextNumber();
    const ifHas = <T>(bit: number, read: () => T): T | undefined => ((has & bit) === 0 ? undefined : read());
    entries.push({
      time,
      eventId,
      timestamp,
      eventType,
      queueName,
      outcome,
      actor: ifHas(bits.actor, nextName),
      attempt: ifHas(bits.attempt, nextNumber) ?? 1,
      durationMs: ifHas(bits.durationMs, nextNumber) ?? 0,
      dueAt: ifHas(bits.dueAt, nextTime),
      correlationId: ifHas(bits.correlationId, nextName),
      causationId: ifHas(bits.causationId, nextName),
      subject: ifHas(bits.subject, nextName),
      errorName: ifHas(bits.errorName, nextName),
      errorMessage: ifHas(bits.errorMessage, nextName),
      outputs: ifHas(bits.outputs, () => Array.from({ length: nextNumber() }, nextOutput)) ?? [],
    });
  }
  return entries;
}

/** Returns a text with its control characters as spaces, as a journal holds it. */
export function withoutControls(text: string): string {
  return control.test(text) ? text.replaceAll(new RegExp(control, "g"), " ") : text;
}

/** Returns a field of a whole number: milliseconds or a count. */
function numberField(value: number): string {
  return Math.round(value) + delimiter;
}
