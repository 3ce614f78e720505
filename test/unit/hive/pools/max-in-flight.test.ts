/** A limit of runs for all subscriptions of a hive. */
import { Event } from "beehive-actors";
import { TestHive, type TestHiveOptions } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { sleep } from "../../../../src/base/clock.ts";
import { actor } from "../../../../src/testing/contracts/hive/harness.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

const test = suite("maxInFlight");

/** A hive whose actors take 100 ms, and the runs of each of them. */
async function scene(topics: readonly string[], options: Partial<TestHiveOptions>) {
  const running = new Map<string, number>();
  const done = new Map<string, number>();
  let most = 0;
  const count = (topic: string, by: number): number => {
    const after = (running.get(topic) ?? 0) + by;
    running.set(topic, after);
    return after;
  };
  const actors = topics.map((topic) =>
    actor(`${topic}-Works`, async (_, { clock }) => {
      count(topic, 1);
      most = Math.max(
        most,
        [...running.values()].reduce((sum, one) => sum + one, 0),
      );
      await sleep(clock, 100);
      count(topic, -1);
      done.set(topic, (done.get(topic) ?? 0) + 1);
    }),
  );
  const hive = await TestHive.start({ actors, ...options });
  return { hive, running, done, most: () => most };
}

const eventsOf = (topic: string, count: number): Event[] =>
  Array.from({ length: count }, (_, n) => new Event(topic, n));

test("no more actors run than the limit, of all subscriptions together", async () => {
  const { hive, most, done } = await scene(["A", "B", "C"], { maxInFlight: 4 });
  await hive.push([...eventsOf("A", 30), ...eventsOf("B", 30), ...eventsOf("C", 30)]);
  await hive.settle();
  assert.is(most(), 4);
  assert.equal([...done.values()], [30, 30, 30]);
  await hive.stop();
});

test("a busy subscription has all slots while the others are idle", async () => {
  const { hive, running } = await scene(["A", "B", "C", "D", "E"], { maxInFlight: 10 });
  await hive.push(eventsOf("A", 100));
  await hive.clock.advance(50);
  assert.is(running.get("A"), 10);
  await hive.stop();
});

test("a subscription whose events come later gets its even part", async () => {
  const { hive, running } = await scene(["A", "B"], { maxInFlight: 8 });
  await hive.push(eventsOf("A", 200));
  await hive.clock.advance(50);
  await hive.push(eventsOf("B", 200));
  await hive.clock.advance(500);
  assert.equal([running.get("A"), running.get("B")], [4, 4]);
  await hive.stop();
});

test("about as many events again wait when all topics are busy at once", async () => {
  const topics = ["A", "B", "C", "D", "E"];
  const { hive } = await scene(topics, { maxInFlight: 10 });
  await hive.clock.advance("1s");
  await hive.push(topics.flatMap((topic) => eventsOf(topic, 20)));
  await hive.clock.advance(50);
  const counts = topics.map(async (topic) => (await hive.hive.queue(`${topic}-Works`).counts()).leased);
  const leased = (await Promise.all(counts)).reduce((sum, one) => sum + one, 0);
  assert.ok(leased >= 10 && leased <= 25, `${leased} are leased`);
  await hive.stop();
});

test("more subscriptions than slots all get on", async () => {
  const topics = Array.from({ length: 12 }, (_, n) => `T${n}`);
  const { hive, done, most } = await scene(topics, { maxInFlight: 2 });
  await hive.push(topics.flatMap((topic) => eventsOf(topic, 3)));
  await hive.settle();
  assert.is(most(), 2);
  assert.equal(
    [...done.values()],
    topics.map(() => 3),
  );
  await hive.stop();
});

test("an event that waits for a slot keeps its lease", async () => {
  const seen: number[] = [];
  const slow = actor("A-Works", (_, { clock }) => sleep(clock, 60_000), { lease: "1s" });
  const next = actor("B-Works", (_, { attempt }) => void seen.push(attempt), { lease: "1s" });
  await using hive = await TestHive.start({ actors: [slow, next], maxInFlight: 1 });
  await hive.push(new Event("A"));
  await hive.clock.advance(10);
  await hive.push(new Event("B"));
  await hive.clock.advance("50s");
  assert.equal(seen, []);
  await hive.clock.advance("20s");
  assert.equal(seen, [1]);
});

test("a wrong limit is refused", async () => {
  const error = await throwsCode("InvalidConfiguration", () => scene(["A"], { maxInFlight: 0 }));
  assert.match(error.message, "maxInFlight must be a whole number from 1, not 0");
});

test.run();
