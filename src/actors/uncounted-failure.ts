import { isNewerVersion, newerVersionDelay } from "../events/event-version.ts";

/** Abandons an event without counting an attempt. */
export interface AbandonDecision {
  readonly action: "abandon";
  readonly delayMs: number;
  /** The reason, for the log. */
  readonly why: string;
  /** True for what happens all the time, and needs no warning. */
  readonly usual?: boolean;
}

/** Uncounted attempts have no limit, so they must be apart. */
const minDelayMs = 1_000;

interface FailureFacts {
  /** True when the actor is not to blame. */
  readonly uncounted: boolean;
  /** The time since the first delivery of the event, in ms. */
  readonly waitedMs: number;
  /** The delay of the retry policy, in ms. */
  readonly backoffMs: () => number;
}

/** Returns the decision for a failure that costs no attempt; `undefined` for any other. */
export function decideUncounted(
  error: unknown,
  { uncounted, waitedMs, backoffMs }: FailureFacts,
): AbandonDecision | undefined {
  if (isNewerVersion(error)) {
    const delayMs = newerVersionDelay(error, waitedMs);
    const why = "the event is of a newer version than this code reads, it waits for code that does";
    return delayMs === undefined ? undefined : { action: "abandon", delayMs, why };
  }
  if (!uncounted) return undefined;
  const why = "the step could not be committed yet, it will be run again";
  return { action: "abandon", delayMs: Math.max(minDelayMs, backoffMs()), why };
}
