import { messageOf } from "../../../src/base/error-text.ts";
import * as assert from "uvu/assert";
import { BeeHiveError, PauseSubscription, RejectEvent, RetryLater } from "../../../src/base/errors.ts";
import { decideRetry, defaultRetry, retryProblems } from "../../../src/actors/retry-policy.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Retry policy");
const options = { maxAttempts: 4, minDelay: 100, maxDelay: 350, factor: 2, jitter: 0 };
const failure = new Error("boom");

test("each retry waits longer, up to the maximum", () => {
  const delays = [1, 2, 3].map((attempt) => decideRetry(failure, attempt, options, 0));
  assert.equal(
    delays,
    [100, 200, 350].map((delayMs) => ({ action: "retry", delayMs })),
  );
});

test("the last attempt is dead-lettered with its number and last error", () => {
  assert.equal(decideRetry(failure, 4, options, 0), {
    action: "dead-letter",
    reason: "failed 4 times, the last with: boom",
  });
  assert.equal(decideRetry(failure, 1, { ...options, maxAttempts: 1 }, 0), {
    action: "dead-letter",
    reason: "failed 1 time, the last with: boom",
  });
});

test("jitter shortens a wait and never lengthens it", () => {
  const delayAt = (random: number): unknown => decideRetry(failure, 1, { ...options, jitter: 0.5 }, random);
  assert.equal(
    [delayAt(0), delayAt(0.5), delayAt(0.999)],
    [100, 75, 50].map((delayMs) => ({ action: "retry", delayMs })),
  );
});

test("after thousands of attempts the wait is still the maximum", () => {
  assert.equal(decideRetry(failure, 5_000, { ...options, maxAttempts: 10_000 }, 0), { action: "retry", delayMs: 350 });
});

test("an error that is not retryable is dead-lettered at once", () => {
  assert.equal(decideRetry(new RejectEvent("no lines"), 1, options, 0), { action: "dead-letter", reason: "no lines" });
  for (const code of ["BodyUnreadable", "InvalidOutput", "TooLarge", "InvalidState"] as const) {
    assert.equal(decideRetry(new BeeHiveError(code, "why"), 1, options, 0), { action: "dead-letter", reason: "why" });
  }
});

test("RetryLater sets the delay as long as attempts are left", () => {
  assert.equal(decideRetry(new RetryLater(7_000), 3, options, 0.5), { action: "retry", delayMs: 7_000 });
  assert.is(decideRetry(new RetryLater(7_000), 4, options, 0).action, "dead-letter");
});

test("errors that may pass are retried", () => {
  for (const code of [
    "Unavailable",
    "Throttled",
    "NotFound",
    "ConcurrencyConflict",
    "Unresolvable",
    "QueueNotFound",
  ] as const) {
    assert.is(decideRetry(new BeeHiveError(code, "why"), 1, options, 0).action, "retry", code);
  }
  assert.is(decideRetry(new PauseSubscription(1), 1, options, 0).action, "retry");
});

test("the message of any thrown value is reported", () => {
  assert.equal([failure, "text", 7, undefined, null].map(messageOf), ["boom", "text", "7", "undefined", "null"]);
  assert.match((decideRetry("text", 4, options, 0) as { reason: string }).reason, "text");
});

test("every problem of retry options is named, and the defaults have none", () => {
  assert.equal(retryProblems(defaultRetry), []);
  const problems = retryProblems({ maxAttempts: 0, minDelay: -1, maxDelay: -2, factor: 0.5, jitter: 2 });
  assert.equal(
    problems.map((problem) => /retry\.(\w+)/.exec(problem)?.[1]),
    ["maxAttempts", "minDelay", "maxDelay", "factor", "jitter", "maxDelay"],
  );
  assert.is(
    retryProblems({ maxAttempts: 1.5, minDelay: Number.NaN, maxDelay: Infinity, factor: Infinity, jitter: Number.NaN })
      .length,
    5,
  );
});

test.run();
