import { messageOf } from "../base/error-text.ts";
import { BeeHiveError, CircuitOpen, errorCodes, PauseSubscription, type ErrorCode } from "../base/errors.ts";
import { isNewerVersion } from "../events/event-version.ts";
import { giveBack, type GiveBack } from "./give-back.ts";
import { numberProblems, time, wholeNumber } from "../base/numbers.ts";
import type { PauseDecision, PausedBy } from "./pause.ts";
import type { Lease } from "../contract/queue-operator.ts";
import { backoff, decideRetry, isDelay, retryProblems, type RetryOptions } from "./retry-policy.ts";

/** A class of errors. */
// oxlint-disable-next-line typescript/no-explicit-any -- any error class, whatever it is constructed with
export type ErrorClass = abstract new (...parameters: any[]) => Error;

/** Which errors a rule is for: a class, a {@link ErrorCode}, or whatever a function says. */
export type ErrorMatch = ErrorClass | ErrorCode | ((error: unknown) => boolean);

/**
 * What is done about some errors, in the place of the retry policy:
 *
 * - `retry` as the policy says, with what the rule changes of it; it may allow more attempts than the policy;
 * - `dead-letter` at once;
 * - `pause` the subscription for `pause` ms: nothing is leased meanwhile, and the event is given back without
 *   counting an attempt. For an outage of something that all its events need.
 * - `stop` the hive; the event is given back without counting an attempt. For what no retry mends.
 */
export type SupervisionRule =
  | { readonly on: ErrorMatch; readonly action: "retry"; readonly retry?: Partial<RetryOptions> }
  | { readonly on: ErrorMatch; readonly action: "dead-letter" }
  | { readonly on: ErrorMatch; readonly action: "pause"; readonly pause: number }
  | { readonly on: ErrorMatch; readonly action: "stop" };

/** What is done when a subscription fails too often, whatever the errors: `pause` it for so many ms, or `stop` the hive. */
export interface FailureLimit {
  readonly failures: number;
  /** In so many ms. */
  readonly within: number;
  readonly action: "pause" | "stop";
  /** How long to pause, in ms; as long as `within` unless given. */
  readonly pause?: number | undefined;
}

export type Decision =
  | { readonly action: "retry"; readonly delayMs: number }
  | GiveBack
  | { readonly action: "dead-letter"; readonly reason: string }
  | PauseDecision
  | { readonly action: "stop" };

/** How the failures of one actor are dealt with. */
export interface Supervision {
  readonly retry: RetryOptions;
  /** The first rule that matches decides; the retry policy does when none does. */
  readonly supervision: readonly SupervisionRule[];
}

/**
 * What becomes of an event whose actor threw `error` at its `attempt` (1 for the first). Pure: `random` is a
 * number from 0 up to 1.
 *
 * An event of a newer version is given back for as long as its type says, see {@link NewerVersion}.
 *
 * @param uncounted the failure is not the actor's: unless a rule says otherwise, the event is given back with the delay of
 *   the retry policy, and no attempt is counted.
 * @param waitedMs how long ago the event was first delivered.
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
        giveBack(error, { uncounted, waitedMs, backoffMs: () => backoff(attempt, retry, random) }) ??
        decideRetry(error, attempt, retry, random)
      );
  }
}

function pauseFor(ms: number, by: PausedBy): PauseDecision {
  return { action: "pause", pauseMs: Math.ceil(ms), by };
}

/** The most attempts that any error may have: what a queue must allow. */
export function mostAttempts({ retry, supervision }: Supervision): number {
  const ofRules = supervision.flatMap((rule) => (rule.action === "retry" ? [rule.retry?.maxAttempts ?? 0] : []));
  return Math.max(retry.maxAttempts, ...ofRules);
}

/**
 * What comes back more often than it may be tried was never settled at all: each failure that is settled counts.
 *
 * @param losses knows why this process lost the lease, if it did.
 * @throws BeeHiveError `Exhausted`.
 */
export function assertAttemptLeft(
  lease: Lease,
  most: number,
  losses: { reasonOf(lease: Lease): string | undefined },
): void {
  if (lease.attempt <= most) return;
  const reason =
    losses.reasonOf(lease) ??
    "its consumers may have crashed on it, or held their event loop for longer than its lease";
  throw new BeeHiveError("Exhausted", `delivered ${lease.attempt} times, never settled: ${reason}`);
}

/** Whether an error is one of those that are meant. A function that throws does not mean it. */
export function matches(on: ErrorMatch, error: unknown): boolean {
  if (typeof on === "string") return error instanceof BeeHiveError && error.code === on;
  if (isErrorClass(on)) return error instanceof on;
  try {
    return on(error);
  } catch {
    // It does not know this error.
    return false;
  }
}

function isErrorClass(on: Exclude<ErrorMatch, string>): on is ErrorClass {
  return on === Error || on.prototype instanceof Error;
}

/** Counts the failures of one subscription. */
export class FailureCount {
  readonly #limit: FailureLimit;
  /** When the latest failures happened, in ms since the epoch; no more than the limit are kept. */
  readonly #times: number[] = [];

  constructor(limit: FailureLimit) {
    this.#limit = limit;
  }

  /**
   * Notes a failure; answers what to do when it is one too many. Counting then starts anew. An event of a newer version
   * is no failure: it waits for another release.
   */
  add(now: number, error?: unknown): Decision | undefined {
    if (isNewerVersion(error)) return undefined;
    const { failures, within, action, pause = within } = this.#limit;
    this.#times.push(now);
    if (this.#times.length > failures) this.#times.shift();
    // A clock that was put back leaves times in the future: they say nothing any more.
    if (this.#times.length < failures || Math.abs(now - (this.#times[0] ?? now)) > within) return undefined;
    this.#times.length = 0;
    return action === "stop" ? { action } : pauseFor(pause, "failure-limit");
  }
}

const limitNames: readonly string[] = ["failures", "within", "action", "pause"];

/** What is wrong with rules and limits, in words. */
export function supervisionProblems(
  rules: readonly SupervisionRule[],
  limit: FailureLimit | undefined,
  retry: RetryOptions,
): string[] {
  const problems = rules.flatMap((rule) => {
    if (typeof rule.on !== "function" && !errorCodes.includes(rule.on))
      return [
        `supervision: a rule is on ${String(rule.on)}; name a class of errors, a function, or a code: ${errorCodes.join(", ")}`,
      ];
    if (!["retry", "dead-letter", "pause", "stop"].includes(rule.action))
      return [`supervision: a rule has the action "${rule.action}"; there are retry, dead-letter, pause and stop`];
    if (rule.action === "pause") return numberProblems("supervision: the pause of a rule", rule.pause, time);
    return rule.action === "retry" ? retryProblems({ ...retry, ...rule.retry }) : [];
  });
  return limit ? [...problems, ...limitProblems(limit)] : problems;
}

function limitProblems(limit: FailureLimit): string[] {
  const { failures, within, action, pause } = limit;
  return [
    ...numberProblems("failureLimit.failures", failures, wholeNumber(1)),
    ...numberProblems("failureLimit.within", within, time),
    ...(["pause", "stop"].includes(action) ? [] : [`failureLimit.action must be "pause" or "stop", not "${action}"`]),
    ...(pause === undefined ? [] : numberProblems("failureLimit.pause", pause, time)),
    ...Object.keys(limit)
      .filter((name) => !limitNames.includes(name))
      .map((name) => `failureLimit.${name} is not an option; there are ${limitNames.join(", ")}`),
  ];
}
