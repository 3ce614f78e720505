import type { JournalEntry, JournaledEvent } from "./journal.ts";
import { delimiter, has, newForm, newText, usualAttempt, type Segment } from "./segment.ts";

/** Returns the entries of a segment; none of an unknown format, which is removed like the others when it is old. */
export function entriesIn({ fields, lines }: Pick<Segment, "fields" | "lines">): JournalEntry[] {
  if (fields !== undefined) return entriesOf(fields);
  return lines === undefined ? [] : linedEntriesOf(lines);
}

/** Returns the entries of a {@link SegmentText}, in the order of writing. */
export function entriesOf(text: string): JournalEntry[] {
  const fields = new Fields(text);
  const entries: JournalEntry[] = [];
  const forms: Form[] = [];
  /** The last entry that published the event of an id. */
  const publishers = new Map<string, JournalEntry>();
  let time = fields.number();
  while (fields.more) {
    const form = formOf(fields, forms);
    const { bits, outputs: kinds, ...names } = form;
    const ifHas = <T>(bit: number, read: () => T): T | undefined => (bits & bit ? read() : undefined);
    const eventId = fields.text();
    time += fields.number();
    const timestamp = time - fields.number();
    const publisher = ifHas(has.ties, () => publishers.get(eventId));
    const entry: JournalEntry = {
      time,
      eventId,
      timestamp,
      ...names,
      durationMs: fields.number(),
      attempt: ifHas(has.attempt, () => fields.number()) ?? usualAttempt(names.actor),
      dueAt: ifHas(has.dueAt, () => time + fields.number()),
      correlationId: ifHas(has.correlationId, () => fields.text()) ?? publisher?.correlationId ?? publisher?.eventId,
      causationId: ifHas(has.causationId, () => fields.text()) ?? publisher?.eventId,
      subject: ifHas(has.subject, () => fields.text()),
      errorMessage: ifHas(has.errorMessage, () => fields.text()),
      outputs: kinds.map((kind) => ({
        id: fields.text(),
        ...kind,
        dueAt: ifHas(has.outputDueAt, () => fields.numberAfter(time)),
      })),
    };
    for (const { id } of entry.outputs) publishers.set(id, entry);
    entries.push(entry);
  }
  return entries;
}

/** Fields that entries share. */
interface Form extends Pick<JournalEntry, "eventType" | "queueName" | "outcome" | "actor" | "errorName"> {
  readonly bits: number;
  readonly outputs: readonly Pick<JournaledEvent, "eventType" | "destination">[];
}

/** Returns the next form, and adds it when it is new. */
function formOf(fields: Fields, forms: Form[]): Form {
  const field = fields.next();
  if (!field.startsWith(newForm)) {
    const form = forms[Number(field)];
    if (form) return form;
  }
  const bits = Number(field.slice(newForm.length));
  const form: Form = {
    bits,
    eventType: fields.text(),
    queueName: fields.text(),
    outcome: fields.text() as JournalEntry["outcome"],
    actor: bits & has.actor ? fields.text() : undefined,
    errorName: bits & has.errorName ? fields.text() : undefined,
    outputs: Array.from({ length: fields.number() }, () => ({ eventType: fields.text(), destination: fields.text() })),
  };
  forms.push(form);
  return form;
}

/** The fields of a text, one after the other. */
class Fields {
  readonly #fields: readonly string[];
  readonly #texts: string[] = [];
  #at = 0;

  constructor(text: string) {
    this.#fields = text.split(delimiter);
  }

  get more(): boolean {
    return this.#at < this.#fields.length;
  }

  next(): string {
    return this.#fields[this.#at++] ?? "";
  }

  number(): number {
    return Number(this.next());
  }

  /** Returns a time; `undefined` for an empty field. */
  numberAfter(time: number): number | undefined {
    const field = this.next();
    return field === "" ? undefined : time + Number(field);
  }

  text(): string {
    const field = this.next();
    if (!field.startsWith(newText)) return this.#texts[Number(field)] ?? "";
    const text = field.slice(newText.length);
    this.#texts.push(text);
    return text;
  }
}

/** The bits of an entry in a segment of an earlier release, in the order of writing. */
const linedBits = {
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

/** Returns the entries of a segment of an earlier release, in the order of writing. */
function linedEntriesOf(text: string): JournalEntry[] {
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
      actor: ifHas(linedBits.actor, nextText),
      attempt: ifHas(linedBits.attempt, nextNumber) ?? 1,
      durationMs: ifHas(linedBits.durationMs, nextNumber) ?? 0,
      dueAt: ifHas(linedBits.dueAt, nextTime),
      correlationId: ifHas(linedBits.correlationId, nextText),
      causationId: ifHas(linedBits.causationId, nextText),
      subject: ifHas(linedBits.subject, nextText),
      errorName: ifHas(linedBits.errorName, nextText),
      errorMessage: ifHas(linedBits.errorMessage, nextText),
      outputs: ifHas(linedBits.outputs, () => Array.from({ length: nextNumber() }, nextOutput)) ?? [],
    });
  }
  return entries;
}
