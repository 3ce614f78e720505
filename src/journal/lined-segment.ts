import type { JournalEntry, JournaledEvent } from "./journal.ts";
import { delimiter, newText } from "./segment.ts";

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

/** Returns the entries of a segment of an earlier release, in the order of writing. */
export function linedEntriesOf(text: string): JournalEntry[] {
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
