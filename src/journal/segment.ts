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
 * A segment is one text of fields. It is no JSON: it is written for every event, and stored as a text within JSON, which
 * would escape each quotation mark.
 *
 * It begins with a time. Other times are written as their short difference from it. A text is written once, later its
 * number. Most fields of most entries have their usual value, so the bits of a number say which of them an entry writes.
 */

/** DEL: no id or type holds it, and JSON does not escape it. */
const delimiter = "\u007f";
/** Marks the first occurrence of a text. */
const newText = "=";
// oxlint-disable-next-line no-control-regex -- control characters are removed
const control = /[\u0000-\u001f\u007f]/;

/** Fields with usual values, which an entry leaves out, in the order of writing. */
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

/** About how many characters an entry and an output take besides their texts. */
const entryLength = 36;
const outputLength = 12;

/** A text to which entries are appended. */
export class SegmentText {
  /** Joined when the text is read: a text that grows is a tree of small ones. */
  readonly #fields: (string | number)[] = [];
  readonly #texts = new Map<string, number>();
  #length = 0;
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

  /** About how many characters it has. */
  get length(): number {
    return this.#length;
  }

  toString(): string {
    return this.#fields.join(delimiter);
  }

  append(entry: JournalEntry): void {
    if (this.#entries === 0) this.#fields.push((this.#start = Math.round(entry.time)));
    this.#time(entry.time);
    this.#text(entry.eventId);
    this.#time(entry.timestamp);
    this.#text(entry.eventType);
    this.#text(entry.queueName);
    this.#text(entry.outcome);
    const at = this.#fields.push(0) - 1;
    this.#fields[at] = this.#unusual(entry);
    this.#length += entryLength;
    this.#entries++;
    if (entry.time > this.#newest) this.#newest = entry.time;
  }

  /** Writes the fields whose value is unusual. Returns their bits. */
  #unusual(entry: JournalEntry): number {
    const { dueAt, outputs } = entry;
    return (
      this.#textIf(bits.actor, entry.actor) |
      this.#numberUnless(1, bits.attempt, entry.attempt) |
      this.#numberUnless(0, bits.durationMs, Math.round(entry.durationMs)) |
      this.#numberUnless(undefined, bits.dueAt, dueAt === undefined ? undefined : dueAt - this.#start) |
      this.#textIf(bits.correlationId, entry.correlationId) |
      this.#textIf(bits.causationId, entry.causationId) |
      this.#textIf(bits.subject, entry.subject) |
      this.#textIf(bits.errorName, entry.errorName) |
      this.#textIf(bits.errorMessage, entry.errorMessage) |
      (outputs.length === 0 ? 0 : this.#outputs(outputs))
    );
  }

  #outputs(outputs: readonly JournaledEvent[]): number {
    this.#fields.push(outputs.length);
    for (const { id, eventType, destination, dueAt } of outputs) {
      this.#text(id);
      this.#text(eventType);
      this.#text(destination);
      this.#fields.push(dueAt === undefined ? "" : dueAt - this.#start);
    }
    this.#length += outputs.length * outputLength;
    return bits.outputs;
  }

  #time(time: number): void {
    this.#fields.push(Math.round(time) - this.#start);
  }

  #text(text: string): void {
    const known = this.#texts.get(text);
    if (known !== undefined) return void this.#fields.push(known);
    this.#texts.set(text, this.#texts.size);
    this.#fields.push(newText + withoutControls(text));
    this.#length += text.length;
  }

  #textIf(bit: number, text: string | undefined): number {
    if (text === undefined) return 0;
    this.#text(text);
    return bit;
  }

  #numberUnless(usual: number | undefined, bit: number, value: number | undefined): number {
    if (value === usual || value === undefined) return 0;
    this.#fields.push(value);
    return bit;
  }
}

/** Returns the entries of a text, in the order of writing. */
export function entriesOf(text: string): JournalEntry[] {
  const entries: JournalEntry[] = [];
  const texts: string[] = [];
  const fields = text.split(delimiter);
  let at = 0;
  const next = (): string => fields[at++] ?? "";
  const nextNumber = (): number => Number(next());
  const start = nextNumber();
  const nextTime = (): number => start + nextNumber();
  const nextText = (): string => {
    const field = next();
    if (!field.startsWith(newText)) return texts[Number(field)] ?? "";
    const text = field.slice(newText.length);
    texts.push(text);
    return text;
  };
  const nextOutput = (): JournaledEvent => {
    const output = { id: nextText(), eventType: nextText(), destination: nextText() };
    const due = next();
    return { ...output, dueAt: due === "" ? undefined : start + Number(due) };
  };
  while (at < fields.length) {
    const time = nextTime();
    const eventId = nextText();
    const timestamp = nextTime();
    const eventType = nextText();
    const queueName = nextText();
    const outcome = nextText() as JournalEntry["outcome"];
    const has = nextNumber();
    const ifHas = <T>(bit: number, read: () => T): T | undefined => ((has & bit) === 0 ? undefined : read());
    entries.push({
      time,
      eventId,
      timestamp,
      eventType,
      queueName,
      outcome,
      actor: ifHas(bits.actor, nextText),
      attempt: ifHas(bits.attempt, nextNumber) ?? 1,
      durationMs: ifHas(bits.durationMs, nextNumber) ?? 0,
      dueAt: ifHas(bits.dueAt, nextTime),
      correlationId: ifHas(bits.correlationId, nextText),
      causationId: ifHas(bits.causationId, nextText),
      subject: ifHas(bits.subject, nextText),
      errorName: ifHas(bits.errorName, nextText),
      errorMessage: ifHas(bits.errorMessage, nextText),
      outputs: ifHas(bits.outputs, () => Array.from({ length: nextNumber() }, nextOutput)) ?? [],
    });
  }
  return entries;
}

/** Returns a text with its control characters as spaces, as a journal holds it. */
export function withoutControls(text: string): string {
  return control.test(text) ? text.replaceAll(new RegExp(control, "g"), " ") : text;
}
