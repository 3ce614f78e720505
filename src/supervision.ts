import { messageOf } from "./error-text.ts";
import { BeeHiveError, errorCodes, PauseSubscription, type ErrorCode } from "./errors.ts";
import { isNewerVersion } from "./event-version.ts";
import { giveBack, type GiveBack } from "./give-back.ts";
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
  | { readonly action: "pause"; readonly pauseMs: number }
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
    return { action: "pause", pauseMs: Math.ceil(error.pauseMs) };
  const rule = supervision.find(({ on }) => matches(on, error));
  switch (rule?.action) {
    case "dead-letter":
      return { action: "dead-letter", reason: messageOf(error) };
    case "pause":
      return { action: "pause", pauseMs: Math.ceil(rule.pause) };
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

/** The most attempts that any error may have: what a queue must allow. */
export function mostAttempts({ retry, supervision }: Supervision): number {
  const ofRules = supervision.flatMap((rule) => (rule.action === "retry" ? [rule.retry?.maxAttempts ?? 0] : []));
  return Math.max(retry.maxAttempts, ...ofRules);
}

/**
 * What comes back more often than it may be tried was never settled at all: each failure that is settled counts.
 *
 * @throws BeeHiveError `Exhausted`.
 */
export function assertAttemptLeft(attempt: number, most: number): void {
  if (attempt <= most) return;
  throw new BeeHiveError(
    "Exhausted",
    `delivered ${attempt} times, never settled: its consumers may have crashed on it`,
  );
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
    if (this.#times.length < failures || now - (this.#times[0] ?? now) > within) return undefined;
    this.#times.length = 0;
    return action === "stop" ? { action } : { action, pauseMs: Math.ceil(pause) };
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
    if (rule.action === "pause" && !(rule.pause > 0 && rule.pause < Infinity))
      return [`supervision: a rule pauses for ${rule.pause} ms; it must be more than 0`];
    return rule.action === "retry" ? retryProblems({ ...retry, ...rule.retry }) : [];
  });
  if (limit && !(Number.isSafeInteger(limit.failures) && limit.failures >= 1)) {
    problems.push(`failureLimit.failures must be a whole number from 1, not ${limit.failures}`);
  }
  if (limit && !(limit.within > 0 && limit.within < Infinity))
    problems.push(`failureLimit.within must be more than 0 ms, not ${limit.within}`);
  if (limit && !["pause", "stop"].includes(limit.action))
    problems.push(`failureLimit.action must be "pause" or "stop", not "${limit.action}"`);
  if (limit?.pause !== undefined && !(limit.pause > 0 && limit.pause < Infinity))
    problems.push(`failureLimit.pause must be more than 0 ms, not ${limit.pause}`);
  const unknown = Object.keys(limit ?? {}).filter((name) => !limitNames.includes(name));
  problems.push(...unknown.map((name) => `failureLimit.${name} is not an option; there are ${limitNames.join(", ")}`));
  return problems;
}
