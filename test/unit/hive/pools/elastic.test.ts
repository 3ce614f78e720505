/** A parallelism that follows the load, in a hive. */
import { createHive, Event, silentLogger, type Parallelism } from "beehive-actors";
import { ManualClock, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { sleep } from "../../../../src/base/clock.ts";
import { actor } from "../../../../src/testing/contracts/hive/harness.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

const test = suite("an elastic parallelism", { timeoutMs: 30_000 });

/** An actor that takes 100 ms, and the most of its events that ran at once. */
function scene(parallelism: Parallelism) {
  let [running, most] = [0, 0];
  const works = actor(
    "Page-Fetch",
    async (_, { clock }) => {
      most = Math.max(most, ++running);
      await sleep(clock, 100);
      running--;
    },
    { parallelism },
  );
  const last = (): number => {
    const before = most;
    most = running;
    return before;
  };
  return { works, last };
}

const pages = (count: number): Event[] => Array.from({ length: count }, (_, n) => new Event("Page", n));

test("it grows while events wait, and shrinks when none come", async () => {
  const { works, last } = scene({ min: 2, max: 32 });
  const hive = await TestHive.start({ actors: works });
  await hive.push(pages(2_000));
  await hive.clock.advance(50);
  assert.is(last(), 2);
  await hive.clock.advance("8s");
  assert.is(last(), 32);
  const parallelism = async (): Promise<number | undefined> =>
    (await hive.hive.health({ askProvider: false })).detail.actors[0]?.parallelism;
  assert.ok(((await parallelism()) ?? 0) > 16);
  const [process] = await hive.hive.hives();
  const own = process?.subscriptions[0];
  assert.equal(own?.elastic, { min: 2, max: 32 });
  assert.is(own?.parallelism, await parallelism());
  assert.match(hive.hive.describe(), `parallelism  2 to 32, now ${await parallelism()}`);
  await hive.settle();
  await hive.clock.advance("5m");
  assert.is(await parallelism(), 2);
  await hive.stop();
});

test("a number that an operator sets wins, until it is the default again", async () => {
  const { works, last } = scene({ min: 2, max: 32 });
  await using hive = await TestHive.start({ actors: works });
  const queue = hive.hive.queue("Page-Fetch");
  await hive.push(pages(3_000));
  await hive.clock.advance("5s");
  await queue.set({ parallelism: 5, by: "ada" });
  await hive.clock.advance("1s");
  last();
  await hive.clock.advance("5s");
  assert.is(last(), 5);
  assert.match(hive.hive.describe(), "parallelism  5            (operator ada)");
  await queue.set({ parallelism: "default", by: "ada" });
  await hive.clock.advance("5s");
  assert.ok(last() > 8);
});

test("overrides give bounds, and a variable a fixed number", async () => {
  const { works } = scene(4);
  const described = async (environment: Readonly<Record<string, string>>): Promise<string> => {
    const hive = await createHive({
      actors: works,
      overrides: { "Page-Fetch": { parallelism: { min: 1, max: 8 } } },
      environment,
      clock: new ManualClock(),
      logger: silentLogger,
    });
    await hive.stop();
    return hive.describe();
  };
  assert.match(await described({}), "parallelism  1 to 8, now 1 (overrides)");
  assert.match(await described({ BEEHIVE_ACTOR_PARALLELISM_TestActor: "3" }), "parallelism  3  ");
});

test("wrong bounds are refused", async () => {
  for (const [bounds, problem] of [
    [{ min: 5, max: 2 }, "parallelism.min is 5, above parallelism.max, 2"],
    [{ min: 0, max: 2 }, "parallelism.min must be a whole number from 1, not 0"],
    [{ min: 1 }, "parallelism.max must be a whole number from 1, not undefined"],
    [{ min: 1, max: 2, mean: 1 }, "parallelism.mean is not an option; there are min, max"],
  ] as [Parallelism, string][]) {
    const error = await throwsCode("InvalidConfiguration", () => createHive({ actors: scene(bounds).works }));
    assert.match(error.message, problem);
  }
});

test.run();
