import { errorNameOf, messageOf, stackOf } from "./error-text.ts";
import { redact } from "./redact.ts";
import type { Event } from "./event.ts";

/** An event that was given up, whole, with the record of why. Providers keep it until it is requeued or dropped. */
export interface DeadLetter {
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

/** What the record is made from. */
export type DeadLetterOrigin = Pick<
  DeadLetter,
  "event" | "actor" | "subscription" | "attempts" | "firstSeen" | "lastSeen"
>;

const longestText = 1_024;
const longestStack = 4_096;

/** The record for an event that failed with `error`; what looks like a secret in texts of the error is masked. */
export function deadLetterOf(origin: DeadLetterOrigin, reason: string, error: unknown): DeadLetter {
  const stack = stackOf(error);
  return {
    ...origin,
    reason: shorten(redact(reason), longestText),
    errorName: shorten(errorNameOf(error), longestText),
    errorMessage: shorten(redact(messageOf(error)), longestText),
    stack: stack && shorten(redact(stack), longestStack),
  };
}

function shorten(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}
