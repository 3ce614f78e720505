import { errorNameOf, messageOf, stackOf } from "../base/error-text.ts";
import { safeStack, safeText } from "../base/safe-text.ts";
import type { Event } from "../events/event.ts";

/** An event that is given up, whole, with the record of why. */
export interface DeadLetterRecord {
  readonly event: Event;
  /** Why, in a sentence. At most 1,024 characters, the limit of Service Bus with room to spare. */
  readonly reason: string;
  /** The code of a `BeeHiveError`, the name of another error; `Exhausted`, or what the broker says, when it gave the event up itself. */
  readonly errorName: string;
  readonly errorMessage: string;
  /** Where it was thrown; shortened. */
  readonly stack: string | undefined;
  readonly actor: string;
  readonly subscription: string;
  readonly attempts: number;
  /** When the event was first and last delivered to the actor. */
  readonly firstSeen: Date;
  readonly lastSeen: Date;
}

/** An event that was given up. Providers keep it until it is requeued or dropped. */
export interface DeadLetter extends DeadLetterRecord {
  /** Names this letter among those of its queue: an event that is given up again, or another of its id, has another. */
  readonly id: string;
}

const letterPrefix = "letter-";

/** The id of a letter that its provider keeps under `key`. No event is likely to be called so. */
export function letterId(key: string | number): string {
  return `${letterPrefix}${key}`;
}

/** The key in the id of a letter; `undefined` for what is none, such as the id of an event. */
export function letterKey(id: string): string | undefined {
  return id.startsWith(letterPrefix) ? id.slice(letterPrefix.length) : undefined;
}

/** What the record is made from. */
export type DeadLetterOrigin = Pick<
  DeadLetterRecord,
  "event" | "actor" | "subscription" | "attempts" | "firstSeen" | "lastSeen"
>;

const maxText = 1_024;
const maxStack = 4_096;

/** The record for an event that failed with `error`; what looks like a secret in texts of the error is masked. */
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
