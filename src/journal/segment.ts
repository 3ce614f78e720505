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
 * A segment is one text of fields, each ended by a delimiter. It is no JSON: it is written on the path of every event,
 * and stored as a text within JSON, which would escape each quotation mark.
 */

/** DEL: no id or type holds it, and JSON does not escape it. */
const delimiter = "\u007f";
// oxlint-disable-next-line no-control-regex -- control characters are removed
const control = /[\u0000-\u001f\u007f]/;
/** Marks the first occurrence of a name; later ones are written as the index of the name. */
const newName = "=";

/** A text to which entries are appended. */
export class SegmentText {
  readonly #names = new Map<string, string>();
  #text = "";
  #entries = 0;
  #newest = 0;
  /** The time of the first entry. Other times are written as their short difference from it. */
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
    let text =
      this.#time(entry.time) +
      textField(entry.eventId) +
      this.#time(entry.timestamp) +
      this.#name(entry.eventType) +
      this.#name(entry.queueName) +
      (entry.actor === undefined ? delimiter : this.#name(entry.actor)) +
      numberField(entry.attempt) +
      this.#name(entry.outcome) +
      numberField(entry.durationMs) +
      this.#time(entry.dueAt) +
      textField(entry.correlationId) +
      textField(entry.causationId) +
      textField(entry.subject) +
      textField(entry.errorName) +
      textField(entry.errorMessage) +
      numberField(entry.outputs.length);
    for (const { id, eventType, destination, dueAt } of entry.outputs)
      text += textField(id) + this.#name(eventType) + this.#name(destination) + this.#time(dueAt);
    this.#text += text;
    this.#entries++;
    if (entry.time > this.#newest) this.#newest = entry.time;
  }

  #time(time: number | undefined): string {
    return time === undefined ? delimiter : numberField(time - this.#start);
  }

  #name(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    this.#names.set(name, numberField(this.#names.size));
    return newName + textField(name);
  }
}

/** Returns the entries of a text, in the order of writing. */
export function entriesOf(text: string): JournalEntry[] {
  const entries: JournalEntry[] = [];
  const names: string[] = [];
  const fields = text.split(delimiter);
  let at = 0;
  const next = (): string => fields[at++] ?? "";
  const nextText = (): string | undefined => next() || undefined;
  const nextNumber = (): number => Number(next());
  const start = nextNumber();
  const nextTime = (): number | undefined => {
    const field = next();
    return field === "" ? undefined : start + Number(field);
  };
  const nextName = (): string => {
    const field = next();
    if (field === "") return "";
    if (!field.startsWith(newName)) return names[Number(field)] ?? "";
    names.push(field.slice(newName.length));
    return names.at(-1) ?? "";
  };
  // The text ends with a delimiter, so the last field is empty.
  while (at < fields.length - 1) {
    const entry = {
      time: nextTime() ?? start,
      eventId: next(),
      timestamp: nextTime() ?? start,
      eventType: nextName(),
      queueName: nextName(),
      actor: nextName() || undefined,
      attempt: nextNumber(),
      outcome: nextName() as JournalEntry["outcome"],
      durationMs: nextNumber(),
      dueAt: nextTime(),
      correlationId: nextText(),
      causationId: nextText(),
      subject: nextText(),
      errorName: nextText(),
      errorMessage: nextText(),
    };
    const outputs: JournaledEvent[] = [];
    for (let left = nextNumber(); left > 0; left--)
      outputs.push({ id: next(), eventType: nextName(), destination: nextName(), dueAt: nextTime() });
    entries.push({ ...entry, outputs });
  }
  return entries;
}

function textField(text: string | undefined): string {
  return text === undefined ? delimiter : withoutControls(text) + delimiter;
}

/** Returns a text with its control characters as spaces, as a journal holds it. */
export function withoutControls(text: string): string {
  return control.test(text) ? text.replaceAll(new RegExp(control, "g"), " ") : text;
}

/** Returns a field of a whole number: milliseconds or a count. */
function numberField(value: number): string {
  return Math.round(value) + delimiter;
}
