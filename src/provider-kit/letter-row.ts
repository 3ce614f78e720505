import { jsonErrorPlace } from "../base/json-error.ts";
import { letterId, type DeadLetter } from "../contract/dead-letter.ts";
import { eventOf, type EventRow } from "./event-row.ts";

/** A dead letter as databases keep it: its event, and its record as JSON. */
export interface LetterRow extends EventRow {
  readonly id: number;
  readonly letter: string;
}

/** Returns the letter of a row, which another program may have written. @param queueName the queue of the letter. */
export function letterOf(row: LetterRow, queueName: string): DeadLetter {
  const { letter, problem } = parsed(row.letter);
  const textOf = (name: string): string | undefined => {
    const value = letter[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    reason: textOf("reason") ?? `The letter ${letterId(row.id)} of ${queueName} does not say why: ${problem}.`,
    errorName: textOf("errorName") ?? "Unreadable",
    errorMessage: textOf("errorMessage") ?? "",
    stack: textOf("stack"),
    actor: textOf("actor") ?? "",
    subscription: textOf("subscription") ?? queueName,
    attempts: typeof letter["attempts"] === "number" ? letter["attempts"] : 0,
    id: letterId(row.id),
    event: eventOf(row, queueName),
    firstSeen: timeOf(textOf("firstSeen")),
    lastSeen: timeOf(textOf("lastSeen")),
  };
}

/** Parses the text of a letter. Another program may have written anything; the error of `JSON.parse` quotes it. */
function parsed(text: unknown): { readonly letter: Readonly<Record<string, unknown>>; readonly problem: string } {
  try {
    const letter: unknown = JSON.parse(String(text));
    if (typeof letter === "object" && letter !== null)
      return { letter: letter as Readonly<Record<string, unknown>>, problem: "it has no reason" };
    return { letter: {}, problem: "it is no JSON object" };
  } catch {
    return { letter: {}, problem: `it is not JSON, wrong ${jsonErrorPlace(String(text)) ?? "somewhere"}` };
  }
}

function timeOf(text: string | undefined): Date {
  const time = new Date(text ?? 0);
  return Number.isNaN(time.getTime()) ? new Date(0) : time;
}
