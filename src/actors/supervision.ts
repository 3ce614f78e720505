import { durationProblems, inMs, type Duration } from "../base/duration.ts";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError, CircuitOpen, errorCodes, OverLimit, PauseSubscription, type ErrorCode } from "../base/errors.ts";
import { numberProblems, time, wholeNumber } from "../base/numbers.ts";
import { isNewerVersion } from "../events/event-version.ts";
import type { Lease } from "../contract/queue-operator.ts";
import type { PauseDecision, PausedBy } from "./pause.ts";
import { backoff, decideRetry, isDelay, retryInMs, retryProblems } from "./retry-policy.ts";
import type { RetryOptions, RetryPolicy } from "./retry-policy.ts";
import { decideUncounted, type AbandonDecision } from "./uncounted-failure.ts";

/** A class of errors. */
// oxlint-disable-next-line typescript/no-explicit-any -- any error class, whatever it is constructed with
export type ErrorClass = abstract new (...parameters: any[]) => Error;

/** The errors of a rule: a class, an {@link ErrorCode}, or a function that returns true for them. */
export type ErrorMatch = ErrorClass | ErrorCode | ((error: unknown) => boolean);

/**
 * Replaces the retry policy for some errors:
 *
 * - `retry` as the policy does, with the fields that the rule replaces; more attempts than the policy's are allowed;
 * - `dead-letter` at once;
 * - `pause` the subscription: nothing is leased meanwhile, and the event is abandoned without counting an attempt. For
 *   an outage of something that all events of the subscription need;
 * - `stop` the hive; the event is abandoned without counting an attempt. For errors that no retry mends.
 *
 * @example
 * supervision: [
 *   { on: GatewayDown, action: "pause", pause: "1m" },
 *   { on: "TooLarge", action: "dead-letter" },
 *   { on: (error) => error instanceof TypeError, action: "stop" },
 * ]
 */
export type SupervisionRule<T = Duration> =
  | { readonly on: ErrorMatch; readonly action: "retry"; readonly retry?: RetryOptions<T> }
  | { readonly on: ErrorMatch; readonly action: "dead-letter" }
  | { readonly on: ErrorMatch; readonly action: "pause"; readonly pause: T }
  | { readonly on: ErrorMatch; readonly action: "stop" };

/**
 * Pauses a subscription that fails too often, or stops the hive, whatever the errors.
 *
 * @example
 * failureLimit: { failures: 100, within: "1m", action: "pause", pause: "5m" }
 */
export interface FailureLimit<T = Duration> {
  readonly failures: number;
  /** The span in which failures are counted. */
  readonly within: T;
  readonly action: "pause" | "stop";
  /** The length of the pause. @default the value of `within` */
  readonly pause?: T | undefined;
}

export type Decision =
  | { readonly action: "retry"; readonly delayMs: number }
  | AbandonDecision
  | { readonly action: "dead-letter"; readonly reason: string }
  | PauseDecision
  | { readonly action: "stop" };

/** How the failures of one actor are dealt with. */
export interface Supervision {
  readonly retry: RetryPolicy;
  /** The first rule that matches decides; the retry policy does when none matches. */
  readonly supervision: readonly SupervisionRule<number>[];
}

/**
 * Decides how an event is settled whose actor threw `error`.
 *
 * Pure. An event of a newer version is abandoned for as long as its type allows, see {@link NewerVersion}.
 *
 * @param attempt 1 for the first.
 * @param random A number from 0 up to 1.
 * @param uncounted True when the actor is not to blame: if no rule matches, no attempt is counted.
 * @param waitedMs The time since the first delivery of the event.
 */
export function decide(
  error: unknown,
  attempt: number,
  { retry, supervision }: Supervision,
  random: number,
  uncounted = false,
  waitedMs = 0,
): Decision {
  if (error instanceof PauseSubscription && isDelay(error.pauseMs))
    return pauseFor(error.pauseMs, error instanceof CircuitOpen ? "circuit-breaker" : "actor");
  if (error instanceof OverLimit)
    return { action: "abandon", delayMs: error.delayMs, why: "a limit is reached, the event waits", usual: true };
  const rule = supervision.find(({ on }) => matches(on, error));
  switch (rule?.action) {
    case "dead-letter":
      return { action: "dead-letter", reason: messageOf(error) };
    case "pause":
      return pauseFor(rule.pause, "supervision");
    case "stop":
      return { action: "stop" };
    case "retry":
      return decideRetry(error, attempt, { ...retry, ...rule.retry }, random);
    case undefined:
      return (
        decideUncounted(error, { uncounted, waitedMs, backoffMs: () => backoff(attempt, retry, random) }) ??
        decideRetry(error, attempt, retry, random)
      );
  }
}

function pauseFor(ms: number, by: PausedBy): PauseDecision {
  return { action: "pause", pauseMs: Math.ceil(ms), by };
}

/** Returns the most attempts that any error may have: a queue must allow them. */
export function maxAttemptsOf({ retry, supervision }: Supervision): number {
  const ofRules = supervision.flatMap((rule) => (rule.action === "retry" ? [rule.retry?.maxAttempts ?? 0] : []));
  return Math.max(retry.maxAttempts, ...ofRules);
}

/**
 * Throws for an event that was delivered more often than `maxAttempts`.
 *
 * Such an event was never settled, because every settled failure is counted.
 *
 * @param losses Knows why this process lost the lease, if it did.
 * @throws BeeHiveError `Exhausted`.
 */
export function assertAttemptLeft(
  lease: Lease,
  maxAttempts: number,
  losses: { reasonOf(lease: Lease): string | undefined },
): void {
  if (lease.attempt <= maxAttempts) return;
  const reason =
    losses.reasonOf(lease) ??
    "its consumers may have crashed on it, or held their event loop for longer than its lease";
  throw new BeeHiveError("Exhausted", `delivered ${lease.attempt} times, never settled: ${reason}`);
}

/** Returns whether a rule is for `error`. A function that throws does not match. */
export function matches(on: ErrorMatch, error: unknown): boolean {
  if (typeof on === "string") return error instanceof BeeHiveError && error.code === on;
  if (isErrorClass(on)) return error instanceof on;
  try {
    return on(error);
  } catch {
    return false;
  }
}

function isErrorClass(on: Exclude<ErrorMatch, string>): on is ErrorClass {
  return on === Error || on.prototype instanceof Error;
}

/** Counts the failures of one subscription. */
export class FailureCount {
  readonly #limit: FailureLimit<number>;
  /** Times of the latest failures, in ms since the epoch; at most as many as the limit. */
  readonly #times: number[] = [];

  constructor(limit: FailureLimit<number>) {
    this.#limit = limit;
  }

  /**
   * Counts a failure, and returns a decision when the limit is reached. Counting then starts anew.
   *
   * An event of a newer version is no failure: it waits for another release. Nor is one over a limit.
   */
  add(now: number, error?: unknown): Decision | undefined {
    if (isNewerVersion(error) || error instanceof OverLimit) return undefined;
    const { failures, within, action, pause = within } = this.#limit;
    this.#times.push(now);
    if (this.#times.length > failures) this.#times.shift();
    // Times in the future were noted before the clock was put back; they are too old to count.
    if (this.#times.length < failures || Math.abs(now - (this.#times[0] ?? now)) > within) return undefined;
    this.#times.length = 0;
    return action === "stop" ? { action } : pauseFor(pause, "failure-limit");
  }
}

/** Returns rules with their lengths of time in ms. */
export function rulesInMs(rules: readonly SupervisionRule[]): SupervisionRule<number>[] {
  return rules.map((rule) => {
    if (rule.action === "pause") return { ...rule, pause: inMs(rule.pause) };
    return rule.action === "retry" ? { ...rule, retry: retryInMs(rule.retry) } : rule;
  });
}

/** Returns a failure limit with its lengths of time in ms. */
export function limitInMs(limit: FailureLimit): FailureLimit<number> {
  const inMilliseconds = { within: inMs(limit.within), ...(limit.pause !== undefined && { pause: inMs(limit.pause) }) };
  return { ...limit, ...inMilliseconds } as FailureLimit<number>;
}

const limitNames: readonly string[] = ["failures", "within", "action", "pause"];

/** Returns what is wrong with rules and limits, in words. */
export function supervisionProblems(
  rules: readonly SupervisionRule<number>[],
  limit: FailureLimit<number> | undefined,
  retry: RetryPolicy,
): string[] {
  const problems = rules.flatMap((rule) => {
    if (typeof rule.on !== "function" && !errorCodes.includes(rule.on))
      return [
        `supervision: a rule is on ${String(rule.on)}; name a class of errors, a function, or a code: ` +
          errorCodes.join(", "),
      ];
    if (!["retry", "dead-letter", "pause", "stop"].includes(rule.action))
      return [`supervision: a rule has the action "${rule.action}"; there are retry, dead-letter, pause and stop`];
    if (rule.action === "pause") return durationProblems("supervision: the pause of a rule", rule.pause, time);
    return rule.action === "retry" ? retryProblems({ ...retry, ...rule.retry }) : [];
  });
  return limit ? [...problems, ...limitProblems(limit)] : problems;
}

function limitProblems(limit: FailureLimit<number>): string[] {
  const { failures, within, action, pause } = limit;
  return [
    ...numberProblems("failureLimit.failures", failures, wholeNumber(1)),
    ...durationProblems("failureLimit.within", within, time),
    ...(["pause", "stop"].includes(action) ? [] : [`failureLimit.action must be "pause" or "stop", not "${action}"`]),
    ...(pause === undefined ? [] : durationProblems("failureLimit.pause", pause, time)),
    ...Object.keys(limit)
      .filter((name) => !limitNames.includes(name))
      .map((name) => `failureLimit.${name} is not an option; there are ${limitNames.join(", ")}`),
  ];
}
