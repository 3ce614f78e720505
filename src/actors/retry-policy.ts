import { messageOf } from "../base/error-text.ts";
import { BeeHiveError, isBeeHiveError, RetryLater } from "../base/errors.ts";
import { delay, isNumber, numberBetween, numberFrom, numberProblems, wholeNumber } from "../base/numbers.ts";

/** How often, and how long apart, a failing event is tried. */
export interface RetryOptions {
  /** How many times an event is tried in all before it goes to the dead letters; at least 1. */
  readonly maxAttempts: number;
  /** The wait before the second attempt, in ms. */
  readonly minDelay: number;
  /** The longest wait between two attempts, in ms. */
  readonly maxDelay: number;
  /** What the wait is multiplied with from one attempt to the next; at least 1. */
  readonly factor: number;
  /** How much of a wait is random, 0 to 1, so that what failed together does not come back together. */
  readonly jitter: number;
}

/** Ten attempts within about two minutes. */
export const defaultRetry: RetryOptions = {
  maxAttempts: 10,
  minDelay: 250,
  maxDelay: 60_000,
  factor: 2,
  jitter: 0.2,
};

export type RetryDecision =
  | { readonly action: "retry"; readonly delayMs: number }
  | { readonly action: "dead-letter"; readonly reason: string };

/**
 * What becomes of an event whose actor threw `error` at its `attempt` (1 for the first). Pure: `random` is
 * a number from 0 up to 1.
 *
 * What cannot succeed by being repeated, see {@link BeeHiveError.retryable}, goes to the dead letters at once.
 */
export function decideRetry(error: unknown, attempt: number, options: RetryOptions, random: number): RetryDecision {
  if (error instanceof BeeHiveError && !error.retryable) return { action: "dead-letter", reason: error.message };
  // It was never settled, so nothing has failed so often.
  if (isBeeHiveError(error, "Exhausted")) return { action: "dead-letter", reason: error.message };
  if (attempt >= options.maxAttempts) {
    return {
      action: "dead-letter",
      reason: `failed ${attempt} ${attempt === 1 ? "time" : "times"}, the last with: ${messageOf(error)}`,
    };
  }
  if (error instanceof RetryLater && isDelay(error.delayMs))
    return { action: "retry", delayMs: Math.ceil(error.delayMs) };
  return { action: "retry", delayMs: backoff(attempt, options, random) };
}

/** Whether it is a time to wait, in ms: what was computed from the answer of a service may be none. */
export function isDelay(ms: unknown): boolean {
  return isNumber(ms, delay);
}

/** The wait after that attempt (1 for the first), in ms. `random` is a number from 0 up to 1. */
export function backoff(attempt: number, { minDelay, maxDelay, factor, jitter }: RetryOptions, random: number): number {
  const longest = Math.min(maxDelay, minDelay * factor ** (attempt - 1));
  return Math.round(longest * (1 - jitter * random));
}

/** What is wrong with the options, in words; nothing when all is well. */
export function retryProblems(options: RetryOptions): string[] {
  const { maxAttempts, minDelay, maxDelay, factor, jitter } = options;
  const problems = Object.keys(options)
    .filter((name) => !Object.hasOwn(defaultRetry, name))
    .map((name) => `retry.${name} is not an option; there are ${Object.keys(defaultRetry).join(", ")}`);
  problems.push(
    ...numberProblems("retry.maxAttempts", maxAttempts, wholeNumber(1)),
    ...numberProblems("retry.minDelay", minDelay, delay),
    ...numberProblems("retry.maxDelay", maxDelay, delay),
    ...numberProblems("retry.factor", factor, numberFrom(1)),
    ...numberProblems("retry.jitter", jitter, numberBetween(0, 1)),
  );
  if (maxDelay < minDelay) problems.push(`retry.maxDelay (${maxDelay}) must not be below retry.minDelay (${minDelay})`);
  return problems;
}
