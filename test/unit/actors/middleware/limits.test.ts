import {
  actorDescription,
  concurrency,
  createHive,
  Event,
  openProvider,
  rateLimit,
  type ActorContext,
  type Hive,
  type Middleware,
  type ProcessorActor,
} from "beehive-actors";
import { ManualClock, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { silentLogger } from "../../../../src/base/logger.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

const test = suite("limits across processes", { timeoutMs: 30_000 });

interface Run {
  readonly at: number;
  readonly tenant: string;
}

/** Returns an actor that notes its runs. */
function noting(middleware: Middleware, runs: Run[], workMs = 0): new () => ProcessorActor {
  @actorDescription("Ping-Limited", { middleware: [middleware], parallelism: 20 })
  class LimitedActor implements ProcessorActor {
    async processAsync({ properties }: Event, { clock, attempt }: ActorContext): Promise<void> {
      assert.is(attempt, 1);
      runs.push({ at: clock.now(), tenant: String(properties["tenant"]) });
      if (workMs > 0) await new Promise<void>((resolve) => clock.after(workMs, resolve));
    }
  }
  return LimitedActor;
}

/** Starts hives that share a provider, as processes do: each has a middleware of its own. */
async function hives(count: number, clock: ManualClock, make: () => new () => ProcessorActor): Promise<Hive[]> {
  const provider = await openProvider("memory:", { clock });
  const all = await Promise.all(
    Array.from({ length: count }, () =>
      createHive({ actors: make(), provider, clock, logger: silentLogger, environment: {}, random: () => 0 }),
    ),
  );
  for (const hive of all) await hive.start();
  return all;
}

/** Returns the most runs within any span. */
function mostWithin(times: readonly number[], spanMs: number): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + spanMs).length));
}

test("four hives hold a rate together, and use 95 percent of it", async () => {
  const clock = new ManualClock();
  const runs: Run[] = [];
  const limit = 40;
  const all = await hives(4, clock, () => noting(rateLimit({ limit, per: "10s" }), runs));
  await all[0]?.push(Array.from({ length: 2 * limit * 10 }, (_, n) => new Event("Ping", n)));
  const start = clock.now();
  await clock.advance("100s");
  await Promise.all(all.map((hive) => hive.stop()));
  const times = runs.map(({ at }) => at - start).filter((at) => at < 100_000);
  assert.ok(mostWithin(times, 10_000) <= limit, `${mostWithin(times, 10_000)} runs in one span`);
  assert.ok(times.length >= 0.95 * limit * 10, `${times.length} of ${limit * 10} runs`);
});

test("each key has a rate of its own", async () => {
  const runs: Run[] = [];
  const key = ({ properties }: Event): string => String(properties["tenant"]);
  const hive = await TestHive.start({ actors: noting(rateLimit({ limit: 2, per: "1m", key }), runs) });
  await hive.push(["a", "a", "a", "a", "b", "c"].map((tenant, n) => new Event("Ping", n, { properties: { tenant } })));
  await hive.clock.advance(1);
  assert.equal(runs.map(({ tenant }) => tenant).sort(), ["a", "a", "b", "c"]);
  await hive.settle();
  assert.is(runs.length, 6);
  const [times] = [runs.filter(({ tenant }) => tenant === "a").map(({ at }) => at)];
  assert.ok(mostWithin(times, 60_000) <= 2);
  assert.ok((times.at(-1) ?? 0) - (times[0] ?? 0) < 65_000, "the others run as soon as they may");
  await hive.stop();
});

test("an event over the limit is abandoned, without an attempt", async () => {
  const outcomes: string[] = [];
  const runs: Run[] = [];
  const clock = new ManualClock();
  const hive = await createHive({
    actors: noting(rateLimit({ limit: 1, per: "1m" }), runs),
    clock,
    logger: silentLogger,
    onDelivery: ({ outcome }) => void outcomes.push(outcome),
  });
  await hive.start();
  await hive.push([new Event("Ping", 1), new Event("Ping", 2)]);
  await clock.advance("3m");
  assert.equal(outcomes, ["committed", "abandoned", "committed"]);
  await hive.stop();
});

test("two hives share the places of a key", async () => {
  const clock = new ManualClock();
  const runs: Run[] = [];
  const workMs = 2_000;
  const all = await hives(2, clock, () => noting(concurrency({ max: 3, retryAfter: "1s" }), runs, workMs));
  await all[0]?.push(Array.from({ length: 12 }, (_, n) => new Event("Ping", n)));
  await clock.advance("1m");
  await Promise.all(all.map((hive) => hive.stop()));
  assert.is(runs.length, 12);
  assert.is(
    mostWithin(
      runs.map(({ at }) => at),
      workMs,
    ),
    3,
  );
});

test("a place is free again when its run fails", async () => {
  let runs = 0;
  @actorDescription("Ping-Limited", { middleware: [concurrency({ max: 1 })], retry: { maxAttempts: 3 } })
  class FailingActor implements ProcessorActor {
    processAsync(): void {
      if (++runs < 3) throw new Error("not yet");
    }
  }
  const hive = await TestHive.start({ actors: FailingActor });
  await hive.push(new Event("Ping"));
  await hive.settle();
  assert.is(runs, 3);
  await hive.stop();
});

test("wrong limits are refused", async () => {
  await throwsCode("InvalidConfiguration", () => rateLimit({ limit: 0 }));
  await throwsCode("InvalidConfiguration", () => rateLimit({ limit: 1, per: "0s" }));
  await throwsCode("InvalidConfiguration", () => concurrency({ max: 101 }));
  await throwsCode("InvalidConfiguration", () => concurrency({ max: 1, retryAfter: -1 }));
});

test.run();
