/** Polls of a subscription: their requests, pauses and end. */
import { Event, silentLogger, type HiveOptions, type Logger } from "beehive-actors";
import * as assert from "uvu/assert";
import { BeeHiveError, PauseSubscription } from "../../../src/base/errors.ts";
import type { AbandonOptions, QueueCounts, QueueOperator } from "../../../src/contract/queue-operator.ts";
import { actor, Gate } from "../../../src/testing/contracts/hive/harness.ts";
import { events, queueName, scene } from "../../support/scene.ts";
import { suite } from "../../support/suite.ts";

const test = suite("polling");

const never = new AbortController().signal;
/** Two events that a poll returns only when the gate opens, although the poll was aborted before. */
async function lateAnswer(returning?: Gate) {
  const gate = new Gate();
  let done = 0;
  const { clock, hive, memory } = await scene(
    actor("Ping-Works", () => void done++),
    (queues) => ({
      lease: async (name, request) => {
        await gate.pass();
        return queues.lease(name, { ...request, signal: never, waitMs: 0 });
      },
      abandon: async (lease, options) => {
        await returning?.pass();
        await queues.abandon(lease, options);
      },
    }),
  );
  await hive.push(events(2));
  await clock.advance(0);
  const counts = (): Promise<QueueCounts> => memory.queues.counts(queueName);
  return { gate, clock, hive, counts, done: () => done };
}

const unavailable = (): never => {
  throw new BeeHiveError("Unavailable", "no answer");
};

test("failing polls wait twice as long each time, up to 30 s", async () => {
  let down = true;
  const { clock, hive, asked } = await scene(
    actor("Ping-Works", () => {}),
    (queues) => ({
      lease: async (name, request) => (down ? unavailable() : await queues.lease(name, { ...request, waitMs: 1 })),
    }),
  );
  await clock.advance(120_000);
  assert.equal(
    asked.map(({ at }, n) => at - (asked[n - 1]?.at ?? 0)),
    [0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000],
  );
  down = false;
  await clock.advance(30_000);
  down = true;
  asked.length = 0;
  await clock.advance(301);
  const [first = { at: 0 }] = asked;
  assert.equal(
    asked.slice(0, 3).map(({ at }) => at - first.at),
    [0, 100, 300],
  );
  await hive.stop();
});

test("an error of a poll that a stop ends is not reported", async () => {
  const errors: string[] = [];
  const logger: Logger = { ...silentLogger, error: (_, message) => void errors.push(message) };
  const lease: QueueOperator["lease"] = (_, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  const { hive, clock } = await scene(
    actor("Ping-Works", () => {}),
    { lease },
    { logger },
  );
  await clock.advance(0);
  await hive.stop();
  assert.equal(errors, []);
});

test("a hive stops at its deadline with all slots busy", async () => {
  const gate = new Gate();
  const { clock, hive, memory } = await scene(actor("Ping-Works", () => gate.pass(), { parallelism: 1 }));
  await hive.push(events(1));
  await clock.advance(1);
  assert.is(gate.arrived, 1);
  const stopping = hive.stop({ deadline: 100 });
  await clock.advance(100);
  await stopping;
  assert.is((await memory.queues.counts(queueName)).ready, 1);
  gate.open();
});

test("events of a poll that ends late are worked on before the stop", async () => {
  const { gate, clock, hive, counts, done } = await lateAnswer();
  const stopping = hive.stop();
  await clock.advance(0);
  gate.open();
  await stopping;
  assert.is(done(), 2);
  assert.is((await counts()).leased, 0);
});

test("a silent poll delays the stop little; its events are abandoned", async () => {
  const { gate, clock, hive, counts, done } = await lateAnswer();
  const stopping = hive.stop({ deadline: 100 });
  await clock.advance(100);
  await clock.advance(5_000);
  await stopping;
  gate.open();
  await clock.advance(0);
  assert.is(done(), 0);
  assert.is((await counts()).ready, 2);
});

test("events of a poll that ends after the deadline are abandoned", async () => {
  const returning = new Gate();
  const { gate, clock, hive, counts, done } = await lateAnswer(returning);
  let stopped = false;
  const stopping = hive.stop({ deadline: 100 }).then(() => (stopped = true));
  await clock.advance(100);
  gate.open();
  await clock.advance(0);
  assert.is(returning.arrived, 2);
  assert.is(stopped, false);
  returning.open();
  await stopping;
  assert.is(done(), 0);
  assert.is((await counts()).ready, 2);
});

test("an unresponsive provider delays a stop only a little", async () => {
  const gate = new Gate();
  const { clock, hive, memory } = await scene(
    actor("Ping-Works", () => gate.pass()),
    { abandon: () => new Promise(() => {}), push: () => new Promise(() => {}) },
  );
  await hive.push(new Event("Ping", 1, { delivery: "log" }));
  await memory.queues.push(events(1));
  await clock.advance(1);
  assert.is(gate.arrived, 1);
  const stopping = hive.stop({ deadline: 100 });
  for (let waited = 0; waited < 11_000; waited += 1_000) await clock.advance(1_000);
  await stopping;
  gate.open();
});

test("after a pause events are tried one at a time until one commits", async () => {
  let down = 3;
  const rule = { on: TypeError, action: "pause", pause: 60_000 } as const;
  const retry = { minDelay: 1_000, maxDelay: 1_000, jitter: 0 };
  const works = actor(
    "Ping-Works",
    () => {
      down--;
      if (down >= 1) throw new TypeError("the bank is down");
      if (down === 0) throw new Error("the bank answers nonsense");
    },
    { parallelism: 2, supervision: [rule], retry },
  );
  const { clock, hive, asked } = await scene(works);
  await hive.push(events(4));
  await clock.advance(1);
  assert.is(down, 1, "both slots found the bank down");
  asked.length = 0;
  await clock.advance(59_999);
  assert.equal(asked.map(({ max }) => max).slice(0, 2), [1, 1], "a probe that failed is followed by another");
  assert.is(asked.at(-1)?.max, 2, "one was committed");
  await clock.advance(1_000);
  assert.equal(await hive.queue("Ping-Works").counts(), { ready: 0, leased: 0, delayed: 0, dead: 0 });
  await hive.stop();
});

test("of two pauses the longer one holds", async () => {
  const gate = new Gate();
  const works = actor(
    "Ping-Works",
    async (event) => {
      await gate.pass();
      throw event.getBody<number>() === 0 ? new TypeError("for a minute") : new RangeError("for a second");
    },
    {
      parallelism: 2,
      supervision: [
        { on: TypeError, action: "pause", pause: 60_000 },
        { on: RangeError, action: "pause", pause: 1_000 },
      ],
    },
  );
  const { clock, hive, asked } = await scene(works);
  await hive.push(events(2));
  await clock.advance(1);
  asked.length = 0;
  gate.open();
  await clock.advance(59_999);
  assert.equal(asked, []);
  await clock.advance(1);
  assert.is(asked.length > 0, true);
  await hive.stop();
});

/** A scene whose provider waits for free slots before it leases; `leased` tells when it leased, and up to how many. */
async function gatheringScene(works: HiveOptions["actors"], maxMs: number) {
  const leased: { at: number; max: number }[] = [];
  let now = (): number => 0;
  const made = await scene(works, (queues) => ({
    lease: async (name, request) => {
      const max = (await request.moreSlots?.(10, maxMs)) ?? 0;
      if (request.signal.aborted) return [];
      leased.push({ at: now(), max });
      return queues.lease(name, { ...request, max });
    },
  }));
  const start = made.clock.now();
  now = () => made.clock.now() - start;
  return { ...made, leased };
}

test("slots are gathered shortly where many events cost one request", async () => {
  const gates = [0, 1, 2, 3, 4].map(() => new Gate());
  const works = actor("Ping-Works", (event) => gates[event.getBody<number>()]?.pass(), { parallelism: 2 });
  const { clock, hive, leased } = await gatheringScene(works, 50);
  await hive.push(events(5));
  await clock.advance(0);
  assert.equal(leased, [{ at: 0, max: 2 }], "all slots are free: nothing is waited for");
  gates[0]?.open();
  await clock.advance(49);
  assert.is(leased.length, 1, "one slot is not enough to ask for");
  await clock.advance(1);
  assert.equal(leased.slice(1), [{ at: 50, max: 1 }], "for longer it is not waited");
  const pending = clock.pending;
  gates[1]?.open();
  await clock.advance(1);
  gates[2]?.open();
  await clock.advance(0);
  assert.equal(leased.slice(2), [{ at: 51, max: 2 }], "both are free");
  assert.ok(clock.pending <= pending, "no timer is left");
  for (const gate of gates) gate.open();
  await hive.stop();
});

test("a pause while slots are gathered stops leasing", async () => {
  const gates = [0, 1, 2, 3].map(() => new Gate());
  const works = actor(
    "Ping-Works",
    async (event) => {
      const n = event.getBody<number>();
      await gates[n]?.pass();
      if (n === 1) throw new TypeError("the bank is down");
    },
    { parallelism: 4, supervision: [{ on: TypeError, action: "pause", pause: 60_000 }] },
  );
  const { clock, hive, leased } = await gatheringScene(works, 50);
  await hive.push(events(4));
  await clock.advance(0);
  leased.length = 0;
  gates[0]?.open();
  await clock.advance(10);
  for (const gate of gates) gate.open();
  await clock.advance(59_000);
  assert.equal(leased, []);
  await clock.advance(2_000);
  assert.ok(leased.length > 0);
  await hive.stop();
});

test("a stop during a pause abandons its event once", async () => {
  const gate = new Gate();
  const returned: AbandonOptions[] = [];
  let pausing = true;
  const { clock, hive, memory } = await scene(
    actor("Ping-Works", () => {
      if (pausing) throw new PauseSubscription(60_000);
    }),
    (queues) => ({
      abandon: async (lease, options) => {
        if (!pausing) {
          returned.push(options);
          await gate.pass();
        }
        await queues.abandon(lease, options);
      },
    }),
  );
  await hive.push(events(1));
  await clock.advance(0);
  pausing = false;
  await hive.push(events(1));
  const [lease] = await memory.queues.lease(queueName, { max: 1, leaseMs: 60_000, waitMs: 0, signal: never });
  assert.ok(lease);
  const delivered = hive.deliver(lease);
  const stopping = hive.stop({ deadline: 100 });
  await clock.advance(200);
  gate.open();
  await clock.advance(10_000);
  await stopping;
  assert.is(await delivered, "abandoned");
  assert.equal(returned, [{ delayMs: 60_000, countAttempt: false }]);
});

test("a provider error of a poll that a pause ends is ignored", async () => {
  const work = new Gate();
  const { clock, hive } = await scene(
    actor("Ping-Works", async () => {
      await work.pass();
      throw new PauseSubscription(60_000);
    }),
    (queues) => ({
      lease: async (name, request) => {
        const leases = await queues.lease(name, request);
        return leases.length === 0 && request.signal.aborted ? unavailable() : leases;
      },
    }),
  );
  await hive.push(events(1));
  await clock.advance(0);
  work.open();
  await clock.advance(1_000);
  const [health] = (await hive.health()).detail.actors;
  assert.equal([health?.paused?.by, health?.polling, health?.error], ["actor", "well", undefined]);
  await hive.stop();
});

test("after a pause one event is tried without gathering slots", async () => {
  let pausing = true;
  const { clock, hive, leased } = await gatheringScene(
    actor(
      "Ping-Works",
      () => {
        if (pausing) throw new PauseSubscription(1_000);
      },
      { parallelism: 10 },
    ),
    5_000,
  );
  await hive.push(events(1));
  await clock.advance(500);
  pausing = false;
  leased.length = 0;
  await clock.advance(600);
  const [first] = leased;
  assert.equal([first?.at, first?.max], [1_000, 1]);
  await hive.stop();
});

test.run();
