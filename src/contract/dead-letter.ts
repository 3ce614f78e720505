import { errorNameOf, messageOf, stackOf } from "../base/error-text.ts";
import { safeStack, safeText } from "../base/safe-text.ts";
import type { Event } from "../events/event.ts";

/** A dead-lettered event, whole, with the reason. */
export interface DeadLetterRecord {
  readonly event: Event;
  /** The reason, in a sentence of at most 1,024 characters. */
  readonly reason: string;
  /** The code of a `BeeHiveError` or the name of another error. From the broker: `Exhausted`, or its own word. */
  readonly errorName: string;
  readonly errorMessage: string;
  /** The stack of the error, shortened. */
  readonly stack: string | undefined;
  readonly actor: string;
  readonly subscription: string;
  readonly attempts: number;
  /** The time of the first delivery to the actor; `lastSeen` is that of the last. */
  readonly firstSeen: Date;
  readonly lastSeen: Date;
}

/** A dead letter. Its provider keeps it until it is requeued or dropped. */
export interface DeadLetter extends DeadLetterRecord {
  /** The id of this letter in its queue. Each letter has its own, also several of one event. */
  readonly id: string;
}

const letterPrefix = "letter-";

/** Returns the id of the letter that its provider keeps under `key`: `letter-` and the key. */
export function letterId(key: string | number): string {
  return `${letterPrefix}${key}`;
}

/** Returns the key in a letter's id; `undefined` for other ids, such as an event's. */
export function letterKey(id: string): string | undefined {
  return id.startsWith(letterPrefix) ? id.slice(letterPrefix.length) : undefined;
}

/** The part of a {@link DeadLetterRecord} that does not come from the error. */
export type DeadLetterOrigin = Pick<
  DeadLetterRecord,
  "event" | "actor" | "subscription" | "attempts" | "firstSeen" | "lastSeen"
>;

const maxText = 1_024;
const maxStack = 4_096;

/** Returns the record of an event that failed with `error`. Masks secrets in the texts of the error. */
export function deadLetterOf(origin: DeadLetterOrigin, reason: string, error: unknown): DeadLetterRecord {
  const stack = stackOf(error);
  return {
    ...origin,
    reason: safeText(reason, maxText),
    errorName: errorNameOf(error),
    errorMessage: safeText(messageOf(error), maxText),
    stack: stack && safeStack(stack, maxStack),
  };
}
