import { randomBytes } from "node:crypto";
import type { JournalEntry } from "./journal.ts";

/** Maximum outputs in one entry, so that it fits a table property of a cloud even with the longest names. */
export const maxOutputs = 40;

/** Entries that are written together: one row of the store. */
export interface Segment {
  readonly id: string;
  /** The time of its newest entry, in ms since the epoch. */
  readonly time: number;
  readonly entries: number;
  /** See {@link SegmentText}. */
  readonly fields?: string;
  /** The text of a segment of an earlier release. */
  readonly lines?: string;
}

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
 * A segment is one text of fields. It is no JSON: it is written for every event, and stored as a text within JSON, which
 * would escape each quotation mark.
 *
 * It begins with a time; each entry has its difference from the entry before. Entries that look alike share a form,
 * which is written once, later its number; so is any other text. An event that an entry of the segment published needs
 * no correlation id and no cause: both follow from that entry.
 */

/** DEL: no id or type holds it, and JSON does not escape it. */
export const delimiter = "\u007f";
/** Marks the first occurrence of a text. */
export const newText = "=";
/** Marks the first occurrence of a form. */
export const newForm = "+";
// oxlint-disable-next-line no-control-regex -- control characters are removed
const control = /[\u0000-\u001f\u007f]/;

/** Fields that not every entry has, as bits. */
export const has = {
  actor: 1,
  /** Another attempt than the first; of a push, another than none. */
  attempt: 2,
  dueAt: 4,
  /** Its correlation id and its cause follow from the entry that published its event. */
  ties: 8,
  correlationId: 16,
  causationId: 32,
  subject: 64,
  errorName: 128,
  errorMessage: 256,
  /** An output that is due later. */
  outputDueAt: 512,
} as const;

/** Looks of entries, of which each subscription has few. */
interface Form {
  readonly number: number;
  readonly bits: number;
  /** The first entry that looks so. */
  readonly first: JournalEntry;
}

/** A text that was written, and the ties of the event with that id. */
interface Known {
  readonly number: number;
  correlationId: string | undefined;
  causationId: string | undefined;
}

/** The most forms of one queue that are compared with an entry; another form is written again. */
const maxCompared = 16;

/** About how many characters an entry and an output take besides their texts. */
const entryLength = 18;
const outputLength = 4;

/** The text of a segment, which grows by entries. */
export class SegmentText {
  /** The numbers and texts of all entries. Joined once: a text that grows by each of them would be copied many times. */
  readonly #fields: (string | number)[] = [];
  readonly #texts = new Map<string, Known>();
  readonly #forms = new Map<string, Form[]>();
  #formsWritten = 0;
  #length = 0;
  #entries = 0;
  #newest = 0;
  /** The time of the last entry. */
  #last = 0;

  get entries(): number {
    return this.#entries;
  }

  /** The time of the newest entry, in ms since the epoch. */
  get newest(): number {
    return this.#newest;
  }

  /** About how many characters it has. */
  get length(): number {
    return this.#length;
  }

  toString(): string {
    return this.#fields.join(delimiter);
  }

  append(entry: JournalEntry): void {
    const fields = this.#fields;
    const { attempt, dueAt, correlationId, causationId, subject, errorMessage, outputs } = entry;
    const time = Math.round(entry.time);
    if (this.#entries++ === 0) fields.push((this.#last = time));
    const bits = bitsOf(entry, this.#texts.get(entry.eventId));
    this.#form(entry, bits);
    this.#text(entry.eventId);
    fields.push(time - this.#last, time - Math.round(entry.timestamp), Math.round(entry.durationMs));
    if (bits & has.attempt) fields.push(attempt);
    if (dueAt !== undefined) fields.push(dueAt - time);
    if (bits & has.correlationId) this.#text(correlationId as string);
    if (bits & has.causationId) this.#text(causationId as string);
    if (subject !== undefined) this.#text(subject);
    if (errorMessage !== undefined) this.#text(errorMessage);
    for (const output of outputs) {
      const known = this.#text(output.id);
      known.correlationId = correlationId ?? entry.eventId;
      known.causationId = entry.eventId;
      if (bits & has.outputDueAt) fields.push(output.dueAt === undefined ? "" : output.dueAt - time);
    }
    this.#last = time;
    this.#length += entryLength + outputs.length * outputLength;
    if (entry.time > this.#newest) this.#newest = entry.time;
  }

  /** Writes the number of the form of an entry, or the form. */
  #form(entry: JournalEntry, bits: number): void {
    let forms = this.#forms.get(entry.queueName);
    if (!forms) this.#forms.set(entry.queueName, (forms = []));
    for (const form of forms)
      if (form.bits === bits && looksLike(form.first, entry)) return void this.#fields.push(form.number);
    if (forms.unshift({ number: this.#formsWritten++, bits, first: entry }) > maxCompared) forms.pop();
    this.#fields.push(newForm + bits);
    this.#text(entry.eventType);
    this.#text(entry.queueName);
    this.#text(entry.outcome);
    if (entry.actor !== undefined) this.#text(entry.actor);
    if (entry.errorName !== undefined) this.#text(entry.errorName);
    this.#fields.push(entry.outputs.length);
    for (const { eventType, destination } of entry.outputs) {
      this.#text(eventType);
      this.#text(destination);
    }
  }

  #text(text: string): Known {
    let known = this.#texts.get(text);
    if (known) {
      this.#fields.push(known.number);
      return known;
    }
    known = { number: this.#texts.size, correlationId: undefined, causationId: undefined };
    this.#texts.set(text, known);
    this.#fields.push(newText + withoutControls(text));
    this.#length += text.length;
    return known;
  }
}

function bitsOf(entry: JournalEntry, event: Known | undefined): number {
  const { correlationId, causationId } = entry;
  // An event without a cause was published by no entry.
  const tied = causationId !== undefined && event?.causationId === causationId && event.correlationId === correlationId;
  const ties = tied
    ? has.ties
    : (correlationId === undefined ? 0 : has.correlationId) | (causationId === undefined ? 0 : has.causationId);
  return (
    ties |
    (entry.actor === undefined ? 0 : has.actor) |
    (entry.attempt === usualAttempt(entry.actor) ? 0 : has.attempt) |
    (entry.dueAt === undefined ? 0 : has.dueAt) |
    (entry.subject === undefined ? 0 : has.subject) |
    (entry.errorName === undefined ? 0 : has.errorName) |
    (entry.errorMessage === undefined ? 0 : has.errorMessage) |
    (entry.outputs.some(({ dueAt }) => dueAt !== undefined) ? has.outputDueAt : 0)
  );
}

/** Returns the attempt that an entry leaves out. */
export function usualAttempt(actor: string | undefined): number {
  return actor === undefined ? 0 : 1;
}

/** Returns whether two entries of one queue have the same form, apart from its bits. */
function looksLike(one: JournalEntry, other: JournalEntry): boolean {
  return (
    one.eventType === other.eventType &&
    one.outcome === other.outcome &&
    one.actor === other.actor &&
    one.errorName === other.errorName &&
    one.outputs.length === other.outputs.length &&
    one.outputs.every(({ eventType, destination }, n) => {
      const output = other.outputs[n];
      return eventType === output?.eventType && destination === output.destination;
    })
  );
}

/** Returns a text with its control characters as spaces, as a journal holds it. */
export function withoutControls(text: string): string {
  return control.test(text) ? text.replaceAll(new RegExp(control, "g"), " ") : text;
}
