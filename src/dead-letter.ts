import { errorNameOf, messageOf, stackOf } from "./error-text.ts";
import { safeStack, safeText } from "./safe-text.ts";
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

const maxText = 1_024;
const maxStack = 4_096;

/** The record for an event that failed with `error`; what looks like a secret in texts of the error is masked. */
export function deadLetterOf(origin: DeadLetterOrigin, reason: string, error: unknown): DeadLetter {
  const stack = stackOf(error);
  return {
    ...origin,
    reason: safeText(reason, maxText),
    errorName: errorNameOf(error),
    errorMessage: safeText(messageOf(error), maxText),
    stack: stack && safeStack(stack, maxStack),
  };
}
