/** Batches: when they are handed over, and the events that wait for them. */
import { Event, silentLogger, type ActorContext } from "beehive-actors";
import { ManualClock, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { batchActor } from "../../../../src/testing/contracts/hive/harness.ts";
import { events, queueName, scene } from "../../../support/scene.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("batch loop");
const minutes = 60_000;

/** Returns an actor that notes the sizes of its batches and the times of their start. */
function noting(batch: object, options: object = {}) {
  const batches: { readonly size: number; readonly at: number }[] = [];
  let start: number | undefined;
  const taking = batchActor(
    "Ping-Works",
    (taken, { clock }) => {
      start ??= new Date("2020-01-01").getTime();
      batches.push({ size: taken.length, at: clock.now() - start });
    },
    { batch, ...options },
  );
  return { batches, taking };
}

test("a batch is handed over an interval after its first event", async () => {
  const { batches, taking } = noting({ size: 10, interval: "30s" });
  const { clock, hive } = await scene(taking);
  await clock.advance(5_000);
  await hive.push(events(2));
  await clock.advance(20_000);
  await hive.push(events(1));
  await clock.advance(9_999);
  assert.equal(batches, []);
  await clock.advance(1);
  assert.equal(batches, [{ size: 3, at: 35_000 }]);
  await hive.stop();
});

test("a full batch goes at once, and the next begins its own interval", async () => {
  const { batches, taking } = noting({ size: 3, interval: "30s" });
  const { clock, hive } = await scene(taking);
  await hive.push(events(4));
  await clock.advance(0);
  assert.equal(batches, [{ size: 3, at: 0 }]);
  await clock.advance(30_000);
  assert.equal(batches, [
    { size: 3, at: 0 },
    { size: 1, at: 30_000 },
  ]);
  await hive.stop();
});

test("two actors of one hive have intervals of their own", async () => {
  const soon = noting({ interval: "1s" });
  const late: number[] = [];
  const taking = batchActor("Ping-Late", (taken) => void late.push(taken.length), { batch: { interval: "30s" } });
  const { clock, hive } = await scene([soon.taking, taking]);
  await hive.push(events(2));
  await clock.advance(1_000);
  assert.equal([soon.batches.length, late], [1, []]);
  await clock.advance(29_000);
  assert.equal([soon.batches.length, late], [1, [2]]);
  await hive.stop();
});

test("an actor with two subscriptions is called once for each topic", async () => {
  const taken: string[][] = [];
  const take = (some: readonly Event[]): void => void taken.push(some.map(({ eventType }) => eventType));
  await using hive = await TestHive.start({
    actors: [batchActor("Ping-Works", take), batchActor("Pong-Works", take)],
  });
  await hive.push([new Event("Ping"), new Event("Pong"), new Event("Ping")]);
  await hive.settle();
  assert.equal(
    taken.toSorted((a, b) => b.length - a.length),
    [["Ping", "Ping"], ["Pong"]],
  );
});

test("events that wait keep their leases, and count no attempt", async () => {
  const attempts: number[] = [];
  const taking = batchActor(
    "Ping-Works",
    (_, { batch }) => void attempts.push(...batch.map(({ attempt }) => attempt)),
    {
      lease: 1_000,
      batch: { interval: "10m" },
    },
  );
  const { clock, hive } = await scene(taking);
  await hive.push(events(2));
  await clock.advance(10 * minutes);
  assert.equal(attempts, [1, 1]);
  await hive.stop();
});

test("one batch runs at a time by default, while the next one fills", async () => {
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const taking = batchActor(
    "Ping-Works",
    async (taken) => {
      started.push(taken.length);
      await new Promise<void>((resolve) => ends.push(resolve));
    },
    { batch: { size: 2, interval: "1m" } },
  );
  const { clock, hive } = await scene(taking);
  await hive.push(events(5));
  await clock.advance(0);
  assert.equal(started, [2]);
  assert.is((await hive.health()).detail.actors[0]?.inFlight, 4, "two run, two wait, one is in its queue");
  ends.shift()?.();
  await clock.advance(0);
  assert.equal(started, [2, 2]);
  ends.shift()?.();
  await clock.advance(minutes);
  assert.equal(started, [2, 2, 1]);
  ends.shift()?.();
  await hive.stop();
});

test("a stop gives back the events that wait, without an attempt", async () => {
  const { taking, batches } = noting({ interval: "1m" });
  const { hive, memory, clock } = await scene(taking);
  await hive.push(events(3));
  await clock.advance(0);
  await hive.stop();
  assert.equal(batches, []);
  const leases = await memory.queues.lease(queueName, {
    max: 3,
    leaseMs: 1_000,
    waitMs: 0,
    signal: new AbortController().signal,
  });
  assert.equal(
    leases.map(({ attempt }) => attempt),
    [1, 1, 1],
  );
});

test("a paused subscription gives back waiting events without an attempt", async () => {
  const attempts: number[] = [];
  const taking = batchActor(
    "Ping-Works",
    (_, { batch }) => void attempts.push(...batch.map(({ attempt }) => attempt)),
    {
      batch: { interval: "10s" },
    },
  );
  const { clock, hive } = await scene(taking);
  await hive.push(events(2));
  await clock.advance(1_000);
  await hive.queue("Ping-Works").pause({ reason: "a test", by: "ada" });
  await clock.advance(20_000);
  assert.equal(attempts, []);
  await hive.queue("Ping-Works").resume({ by: "ada" });
  await clock.advance(20_000);
  assert.equal(attempts, [1, 1]);
  await hive.stop();
});

test("after a pause one event is tried at once, then batches again", async () => {
  const sizes: number[] = [];
  const taking = batchActor(
    "Ping-Works",
    (taken) => {
      sizes.push(taken.length);
      if (sizes.length === 1) throw new TypeError("an outage");
    },
    {
      batch: { size: 3, interval: "1s" },
      supervision: [{ on: TypeError, action: "pause", pause: "1m" }],
    },
  );
  const { clock, hive } = await scene(taking);
  await hive.push(events(3));
  await clock.advance(2 * minutes);
  assert.equal(sizes, [3, 1, 2]);
  await hive.stop();
});

test("an event that expired while it waited is dropped", async () => {
  const seen: unknown[] = [];
  const clock = new ManualClock();
  await using hive = await TestHive.start({
    clock,
    actors: batchActor("Ping-Works", (taken) => void seen.push(...taken.map((one) => one.getBody())), {
      batch: { interval: "1m" },
    }),
  });
  await hive.push([
    new Event("Ping", "stays"),
    new Event("Ping", "goes", { expires: new Date(clock.now() + 10_000), timestamp: new Date(clock.now()) }),
  ]);
  await hive.settle();
  assert.equal(seen, ["stays"]);
  assert.equal(hive.tree().toString().includes("expired"), true);
});

test("a lease that is lost while a batch fills leaves the batch", async () => {
  const taken: number[] = [];
  let lose = true;
  const taking = batchActor("Ping-Works", (some) => void taken.push(some.length), {
    lease: 2_000,
    batch: { interval: "1m" },
  });
  const { clock, hive } = await scene(taking, (queues) => ({
    async renew(leases, leaseMs) {
      if (!lose) return queues.renew(leases, leaseMs);
      lose = false;
      const [first, ...rest] = leases;
      await queues.renew(rest, leaseMs);
      return leases.map((lease) => lease !== first);
    },
  }));
  await hive.push(events(3));
  await clock.advance(minutes);
  assert.equal(taken, [3], "the lost event came back into the batch that filled");
  await hive.stop();
});

test("the middleware of an actor wraps the batch once", async () => {
  const seen: unknown[] = [];
  await using hive = await TestHive.start({
    actors: batchActor("Ping-Works", (taken, context) => void seen.push([taken.length, typeof context.fail]), {
      middleware: [
        async (event, context: ActorContext, next) => {
          seen.push(event.getBody());
          return next({ ...context, signal: AbortSignal.timeout(1_000_000) });
        },
      ],
    }),
    logger: silentLogger,
  });
  await hive.push(events(3));
  await hive.settle();
  assert.equal(seen, [0, [3, "function"]]);
});

test.run();
