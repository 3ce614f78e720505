import { durationProblems, inMs, type Duration } from "../base/duration.ts";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError, isBeeHiveError, RetryLater } from "../base/errors.ts";
import { delay, isNumber, numberBetween, numberFrom, numberProblems, wholeNumber } from "../base/numbers.ts";

/** Number of attempts at a failing event, and their delays in ms. */
export interface RetryPolicy<T = number> {
  /** Attempts in all before the event is dead-lettered; at least 1. @default 10 */
  readonly maxAttempts: number;
  /** The wait before the second attempt. @default 250 */
  readonly minDelay: T;
  /** The longest wait between two attempts. @default 60_000 */
  readonly maxDelay: T;
  /** Multiplies the wait from one attempt to the next; at least 1. @default 2 */
  readonly factor: number;
  /** The random part of a wait, 0 to 1: spreads events that failed together. @default 0.2 */
  readonly jitter: number;
}

/**
 * Fields that replace those of the retry policy.
 *
 * @example
 * { maxAttempts: 20, minDelay: "1s", maxDelay: "5m" }
 */
export type RetryOptions<T = Duration> = Partial<RetryPolicy<T>>;

/** Ten attempts within about two minutes. */
export const defaultRetry: RetryPolicy = {
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
 * Decides between a retry and the dead letters for an event whose actor threw `error`.
 *
 * Pure. Errors that cannot succeed by being repeated, see {@link BeeHiveError.retryable}, are dead-lettered at once.
 *
 * @param attempt 1 for the first.
 * @param random A number from 0 up to 1.
 */
export function decideRetry(error: unknown, attempt: number, policy: RetryPolicy, random: number): RetryDecision {
  if (error instanceof BeeHiveError && !error.retryable) return { action: "dead-letter", reason: error.message };
  // Its attempts never ended, so the reason must not say that they failed.
  if (isBeeHiveError(error, "Exhausted")) return { action: "dead-letter", reason: error.message };
  if (attempt >= policy.maxAttempts) {
    return {
      action: "dead-letter",
      reason: `failed ${attempt} ${attempt === 1 ? "time" : "times"}, the last with: ${messageOf(error)}`,
    };
  }
  if (error instanceof RetryLater && isDelay(error.delayMs))
    return { action: "retry", delayMs: Math.ceil(error.delayMs) };
  return { action: "retry", delayMs: backoff(attempt, policy, random) };
}

/** Returns whether a value is a wait in ms. A value computed from the response of a service may be none. */
export function isDelay(ms: unknown): boolean {
  return isNumber(ms, delay);
}

/** Returns the wait after an attempt (1 for the first), in ms. `random` is a number from 0 up to 1. */
export function backoff(attempt: number, { minDelay, maxDelay, factor, jitter }: RetryPolicy, random: number): number {
  const full = Math.min(maxDelay, minDelay * factor ** (attempt - 1));
  return Math.round(full * (1 - jitter * random));
}

/** Returns retry options with their lengths of time in ms. */
export function retryInMs(options: RetryOptions | undefined): RetryOptions<number> {
  const { minDelay, maxDelay, ...others } = options ?? {};
  return {
    ...others,
    ...(minDelay !== undefined && { minDelay: inMs(minDelay) }),
    ...(maxDelay !== undefined && { maxDelay: inMs(maxDelay) }),
  };
}

/** Returns what is wrong with a retry policy, in words. */
export function retryProblems(policy: RetryPolicy): string[] {
  const { maxAttempts, minDelay, maxDelay, factor, jitter } = policy;
  const problems = Object.keys(policy)
    .filter((name) => !Object.hasOwn(defaultRetry, name))
    .map((name) => `retry.${name} is not an option; there are ${Object.keys(defaultRetry).join(", ")}`);
  problems.push(
    ...numberProblems("retry.maxAttempts", maxAttempts, wholeNumber(1)),
    ...durationProblems("retry.minDelay", minDelay, delay),
    ...durationProblems("retry.maxDelay", maxDelay, delay),
    ...numberProblems("retry.factor", factor, numberFrom(1)),
    ...numberProblems("retry.jitter", jitter, numberBetween(0, 1)),
  );
  if (maxDelay < minDelay) problems.push(`retry.maxDelay (${maxDelay}) must not be below retry.minDelay (${minDelay})`);
  return problems;
}
