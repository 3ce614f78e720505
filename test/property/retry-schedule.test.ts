import fc from "fast-check";
import { RetryLater, type RetryPolicy } from "beehive-actors";
import * as assert from "uvu/assert";
import { decideRetry, retryProblems } from "../../src/actors/retry-policy.ts";
import { suite } from "../support/suite.ts";

const test = suite("any retry schedule", { timeoutMs: 60_000 });

const options: fc.Arbitrary<RetryPolicy> = fc
  .record({
    maxAttempts: fc.integer({ min: 1, max: 30 }),
    minDelay: fc.integer({ min: 0, max: 100_000 }),
    spread: fc.integer({ min: 0, max: 1_000_000 }),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ spread, ...rest }) => ({ ...rest, maxDelay: rest.minDelay + spread }));
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const error = new Error("no");

/** The delays from the first attempt to the dead letter. */
function schedule(retry: RetryPolicy, chance: number): number[] {
  const delays: number[] = [];
  for (let attempt = 1; ; attempt++) {
    const decision = decideRetry(error, attempt, retry, chance);
    if (decision.action === "dead-letter") return delays;
    delays.push(decision.delayMs);
  }
}

test("an event is attempted as often as its options say", () => {
  fc.assert(
    fc.property(options, random, (retry, chance) => {
      assert.equal(retryProblems(retry), []);
      assert.is(schedule(retry, chance).length, retry.maxAttempts - 1);
    }),
  );
});

test("delays are whole, within bounds, and shrink by jitter only", () => {
  fc.assert(
    fc.property(options, random, (retry, chance) => {
      const delays = schedule(retry, chance);
      for (const delay of delays) {
        assert.ok(Number.isSafeInteger(delay));
        assert.ok(delay <= Math.round(retry.maxDelay));
        assert.ok(delay >= Math.floor(retry.minDelay * (1 - retry.jitter)));
      }
      assert.equal(
        delays,
        delays.toSorted((a, b) => a - b),
      );
    }),
  );
});

test("jitter takes its share at most", () => {
  fc.assert(
    fc.property(options, random, fc.integer({ min: 1, max: 29 }), (retry, chance, attempt) => {
      const [full, less] = [0, chance].map((one) => decideRetry(error, attempt, { ...retry, maxAttempts: 30 }, one));
      if (full?.action !== "retry" || less?.action !== "retry") throw new Error("It is not the last attempt.");
      assert.ok(less.delayMs <= full.delayMs);
      assert.ok(less.delayMs >= Math.floor(full.delayMs * (1 - retry.jitter)) - 1);
    }),
  );
});

test("RetryLater sets the delay, the limit still holds", () => {
  fc.assert(
    fc.property(options, fc.integer({ min: 1, max: 40 }), fc.nat(), random, (retry, attempt, delayMs, chance) => {
      const decision = decideRetry(new RetryLater(delayMs), attempt, retry, chance);
      assert.is(decision.action, attempt < retry.maxAttempts ? "retry" : "dead-letter");
      if (decision.action === "retry") assert.is(decision.delayMs, delayMs);
    }),
  );
});

test("wrong options are problems in words", () => {
  const odd = fc.constantFrom(Number.NaN, -1, Infinity, -Infinity);
  fc.assert(
    fc.property(options, fc.constantFrom("maxAttempts", "minDelay", "factor", "jitter"), odd, (retry, name, value) => {
      assert.match(retryProblems({ ...retry, [name]: value }).join(), `retry.${name}`);
    }),
  );
});

test.run();
