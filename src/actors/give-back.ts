import { isNewerVersion, newerVersionDelay } from "../events/event-version.ts";

/** An event that is delivered again without an attempt being counted. */
export interface GiveBack {
  readonly action: "give-back";
  readonly delayMs: number;
  /** Why, for the log. */
  readonly why: string;
}

/** An event that is given back comes back as often as it must, but not at once. */
const minDelayMs = 1_000;

export interface GiveBackFacts {
  /** Whether the failure is not the actor's. */
  readonly uncounted: boolean;
  /** How long ago the event was first delivered, in ms. */
  readonly waitedMs: number;
  /** The delay of the retry policy, in ms. */
  readonly backoffMs: () => number;
}

/** Gives an event back whose failure costs no attempt: an uncounted one, and a version that newer code will read. */
export function giveBack(error: unknown, { uncounted, waitedMs, backoffMs }: GiveBackFacts): GiveBack | undefined {
  if (isNewerVersion(error)) {
    const delayMs = newerVersionDelay(error, waitedMs);
    const why = "the event is of a newer version than this code reads, it waits for code that does";
    return delayMs === undefined ? undefined : { action: "give-back", delayMs, why };
  }
  if (!uncounted) return undefined;
  const why = "the step could not be committed yet, it will be run again";
  return { action: "give-back", delayMs: Math.max(minDelayMs, backoffMs()), why };
}
