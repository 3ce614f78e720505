/** Numbers of options that come from the environment or JSON. */
import {
  circuitBreaker,
  createHive,
  healthServer,
  silentLogger,
  throttle,
  timeout,
  type HiveOptions,
} from "beehive-actors";
import { ManualClock, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { configFrom as awsConfig } from "../../../providers/aws/config.ts";
import { configFrom as memoryConfig } from "../../../providers/memory/config.ts";
import { actor } from "../../../src/testing/contracts/hive/harness.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("numbers of options");

const works = actor("Ping-Works", () => {});
/** Values that no option takes as a number. */
const never: readonly unknown[] = [NaN, -1, -Infinity, "5", "", null, {}, 5n, true];

const hive = (options: Partial<HiveOptions>): Promise<unknown> =>
  createHive({ actors: works, logger: silentLogger, environment: {}, ...options });
const actorWith = (options: object): Promise<unknown> => hive({ actors: actor("Ping-Works", () => {}, options) });
const retry = (name: string) => (value: unknown) => actorWith({ retry: { [name]: value } });
const limit = (name: string) => (value: unknown) =>
  actorWith({ failureLimit: { failures: 1, within: 1, action: "pause", [name]: value } });
const breaker = (name: string) => async (value: unknown) => circuitBreaker({ [name]: value });
const testHive = async (use: (hive: TestHive) => Promise<unknown>): Promise<void> => {
  await using made = await TestHive.start({ actors: works });
  await use(made);
};

/** Each option with a way to set it, and more values that it refuses. */
const options: readonly (readonly [name: string, give: (value: never) => Promise<unknown>, more: readonly number[]])[] =
  [
    ["parallelism", (parallelism) => actorWith({ parallelism }), [0, 1.5, Infinity]],
    ["lease", (lease) => actorWith({ lease }), [99, 100.5, Infinity, 1e15]],
    ["maxOutputs", (maxOutputs) => actorWith({ maxOutputs }), [0, 1.5, Infinity]],
    ["parallelism", (parallelism) => hive({ defaults: { parallelism } }), [0]],
    ["lease", (lease) => hive({ overrides: { TestActor: { lease } } }), [0]],
    ["retry.maxAttempts", retry("maxAttempts"), [0, 1.5, Infinity]],
    ["retry.minDelay", retry("minDelay"), [Infinity, 1e300]],
    ["retry.maxDelay", retry("maxDelay"), [Infinity, 1e300]],
    ["retry.factor", retry("factor"), [0.5, Infinity]],
    ["retry.jitter", retry("jitter"), [1.5, Infinity]],
    ["failureLimit.failures", limit("failures"), [0, 1.5, Infinity]],
    ["failureLimit.within", limit("within"), [0, Infinity]],
    ["failureLimit.pause", limit("pause"), [0, Infinity]],
    [
      "the pause of a rule",
      (pause) => actorWith({ supervision: [{ on: Error, action: "pause", pause }] }),
      [0, Infinity, 1e300],
    ],
    [
      "every",
      (every) => hive({ pulsers: [{ name: "p", schedule: { every }, pulse: () => [] }] }),
      [0, 9, 10.5, Infinity],
    ],
    ["journal.entries", (entries) => hive({ journal: { entries } }), [99, 100.5, Infinity]],
    ["journal.age", (age) => hive({ journal: { age } }), [0, Infinity]],
    ["duration", async (duration) => timeout(duration), [0, Infinity]],
    ["limit", async (max) => throttle({ limit: max }), [0, 1.5, Infinity]],
    ["per", async (per) => throttle({ limit: 1, per }), [0, Infinity]],
    ["failures", breaker("failures"), [0, 1.5, Infinity]],
    ["rate", breaker("rate"), [0, 1.1, Infinity]],
    ["minimumCalls", breaker("minimumCalls"), [0, 1.5, Infinity]],
    ["within", breaker("within"), [0, Infinity]],
    ["open", breaker("open"), [0, Infinity]],
    ["port", (port) => healthServer({ health: () => Promise.reject(new Error("never")) }, { port }), [65_536, 1.5]],
    ["by", (ms) => new ManualClock().advance(ms), [Infinity]],
    ["by", (ms) => testHive((made) => made.advance(ms)), [Infinity]],
    ["within", (within) => testHive((made) => made.settle({ within })), [Infinity]],
    ["deliveries", (deliveries) => testHive((made) => made.settle({ deliveries })), [0, 1.5]],
  ];

for (const [name, give, more] of options) {
  test(`a wrong ${name} is refused and named`, async () => {
    for (const value of [...never, ...more]) {
      const { message } = await throwsCode("InvalidConfiguration", async () => give(value as never));
      assert.match(message, `${name} must be `);
      const shown = typeof value === "number" ? String(value) : typeof value === "string" ? JSON.stringify(value) : "";
      assert.match(message, `, not ${shown}`);
    }
  });
}

test("a stop with a deadline that is no time throws, and the hive runs on", async () => {
  const running = await createHive({ actors: works, logger: silentLogger });
  await running.start();
  for (const deadline of [...never, Infinity]) {
    const { message } = await throwsCode("InvalidConfiguration", () => running.stop({ deadline: deadline as number }));
    assert.match(message, "hive.stop: deadline must be 0 ms or more");
  }
  assert.is((await running.health()).detail.state, "running");
  await running.stop({ deadline: 0 });
});

test("options of a URL that are no numbers are refused", async () => {
  for (const [read, name] of [
    [() => memoryConfig("memory:?maxEventBytes="), "maxEventBytes"],
    [() => memoryConfig("memory:?deduplication=soon"), "deduplication"],
    [() => awsConfig("aws:?linger=-1"), "linger"],
  ] as const) {
    const { message } = await throwsCode("InvalidConfiguration", async () => read());
    assert.match(message, `${name} must be a whole number`);
  }
});

test("a clock that starts at no date is refused", async () => {
  for (const start of [NaN, new Date("soon"), 1e300])
    await throwsCode("InvalidConfiguration", async () => new ManualClock(start));
});

test.run();
