/** The loop of one subscription: how it asks for events, pauses, and ends. */
import { createHive, Event, silentLogger, type HiveOptions, type Logger } from "beehive-actors";
import { MemoryProvider } from "beehive-actors/memory";
import * as assert from "uvu/assert";
import { injects } from "../../src/container.ts";
import { BeeHiveError, ConcurrencyConflict } from "../../src/errors.ts";
import type { QueueOperator } from "../../src/queue-operator.ts";
import { QueueName } from "../../src/queue-name.ts";
import { listOf } from "../../src/testing/contracts/assertions.ts";
import { actor, Gate, running, subscribe, tampered } from "../../src/testing/contracts/hive/harness.ts";
import type { CollectionStore, Identified } from "../../src/stores.ts";
import { collectionStore } from "../../src/tokens.ts";
import { PatientClock } from "../support/patient-clock.ts";
import { suite } from "../support/suite.ts";
import { throwsCode } from "../support/throws.ts";

const test = suite("factory actor");

const never = new AbortController().signal;
const queueName = QueueName.parse("Ping-Works");
const events = (count: number): Event[] => Array.from({ length: count }, (_, n) => new Event("Ping", n));

/** A hive in memory, and what its actor asked for: when, in ms since the start, and how many events. */
async function scene(
  actors: HiveOptions["actors"],
  changes: Partial<QueueOperator> | ((queues: QueueOperator) => Partial<QueueOperator>) = {},
  options: Partial<HiveOptions> = {},
) {
  const clock = new PatientClock();
  const start = clock.now();
  const memory = new MemoryProvider({ clock });
  const asked: { at: number; max: number }[] = [];
  const { lease = memory.queues.lease.bind(memory.queues), ...rest } =
    typeof changes === "function" ? changes(memory.queues) : changes;
  const provider = tampered(memory, {
    ...rest,
    lease: (name, request) => {
      asked.push({ at: clock.now() - start, max: request.max });
      return lease(name, request);
    },
  });
  const hive = await running({ provider }, actors, { clock, ...options });
  return { clock, hive, memory, asked };
}

interface Item extends Identified {
  readonly id: string;
  readonly count: number;
}

/** Polls that are answered when the gate is open, with events though they were to end. */
const leasingBehind =
  (gate: Gate) =>
  (queues: QueueOperator): Pick<QueueOperator, "lease"> => ({
    lease: async (name, request) => {
      await gate.pass();
      return queues.lease(name, { ...request, signal: never, waitMs: 0 });
    },
  });
const turn = (): Promise<void> => new Promise(setImmediate);
const unavailable = (): never => {
  throw new BeeHiveError("Unavailable", "no answer");
};

test("given polls that fail, when they are tried again, then each waits twice as long, up to 30 s, and anew after an answer", async () => {
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

test("given a poll that its stop ends with an error, when the hive stops, then nobody is told of an error", async () => {
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

test("given actors at work in all slots that do not finish, when the hive stops, then it does at its deadline", async () => {
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

test("given a poll that brings events though it was to end, when the hive stops, then they are worked on before it has stopped", async () => {
  const gate = new Gate();
  let done = 0;
  const { clock, hive, memory } = await scene(
    actor("Ping-Works", () => void done++),
    leasingBehind(gate),
  );
  await hive.push(events(2));
  await clock.advance(0);
  const stopping = hive.stop();
  await clock.advance(0);
  gate.open();
  await stopping;
  assert.is(done, 2);
  assert.is((await memory.queues.counts(queueName)).leased, 0);
});

test("given a poll that is not answered, when the hive stops, then it does a little after its deadline, and what the poll brings later goes back", async () => {
  const gate = new Gate();
  let done = 0;
  const { clock, hive, memory } = await scene(
    actor("Ping-Works", () => void done++),
    leasingBehind(gate),
  );
  await hive.push(events(2));
  await clock.advance(0);
  const stopping = hive.stop({ deadline: 100 });
  await clock.advance(100);
  await clock.advance(5_000);
  await stopping;
  gate.open();
  await clock.advance(0);
  assert.is(done, 0);
  assert.is((await memory.queues.counts(queueName)).ready, 2);
});

test("given a poll that is answered only after the deadline, when the hive stops, then what it brings has gone back by then", async () => {
  const gate = new Gate();
  let done = 0;
  const { clock, hive, memory } = await scene(
    actor("Ping-Works", () => void done++),
    leasingBehind(gate),
  );
  await hive.push(events(2));
  await clock.advance(0);
  const stopping = hive.stop({ deadline: 100 });
  await clock.advance(100);
  gate.open();
  await stopping;
  assert.is(done, 0);
  assert.is((await memory.queues.counts(queueName)).ready, 2);
});

test("given a provider that answers nothing any more, when the hive stops, then it does a little after its deadline", async () => {
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

test("given a pause that is over, when events are worked on again, then it is one at a time until one is committed", async () => {
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
  assert.equal(await hive.counts("Ping-Works"), { ready: 0, leased: 0, delayed: 0, dead: 0 });
  await hive.stop();
});

test("given two events that pause their subscription, when the second asks for less, then the longer pause holds", async () => {
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

test("given an event that came back more often than it may be tried, when it is delivered, then it is a dead letter and no actor sees it", async () => {
  const clock = new PatientClock();
  const memory = new MemoryProvider({ clock });
  const seen: number[] = [];
  const works = actor("Ping-Works", (_, { attempt }) => void seen.push(attempt), { retry: { maxAttempts: 2 } });
  const hive = await createHive({ actors: works, provider: memory, clock, logger: silentLogger });
  await hive.setup();
  await hive.push(events(1));
  for (const _ of [1, 2]) {
    await memory.queues.lease(queueName, { max: 1, leaseMs: 10, waitMs: 0, signal: never });
    await clock.advance(10);
  }
  await hive.start();
  await clock.advance(0);
  assert.equal(seen, []);
  const [letter] = await listOf(hive.deadLetters("Ping-Works"));
  assert.equal([letter?.errorName, letter?.attempts], ["Exhausted", 3]);
  assert.match(letter?.reason ?? "", "its consumers may have crashed on it");
  await hive.stop();
});

test("given an event that went from one queue to another while both were counted, when a hive is idle is asked, then they are counted again", async () => {
  const delayMs = 1_000;
  let moved = false;
  const first = actor("Pong-Works", () => {});
  const { clock, hive } = await scene(
    [first, actor("Ping-Works", () => [new Event("Pong", 1, { enqueueTime: new Date(clock.now() + delayMs) })])],
    (queues) => ({
      async counts(name) {
        const counted = await queues.counts(name);
        if (name.topic === "Pong" && !moved) {
          moved = true;
          await hive.push(events(1));
          while ((await queues.counts(QueueName.parse("Pong-Works"))).delayed === 0) await turn();
          await turn();
        }
        return counted;
      },
    }),
  );
  let idle = false;
  const waiting = hive.idle().then(() => (idle = true));
  while (!moved) await turn();
  await clock.advance(delayMs / 2);
  await clock.advance(delayMs / 4);
  assert.is(idle, false);
  await clock.advance(delayMs);
  await waiting;
  await hive.stop();
});

test("given steps that collide, when they run again, then it is one after the other, so that none collides twice", async () => {
  const gate = new Gate();
  let runs = 0;
  const clock = new PatientClock();
  const provider = new MemoryProvider({ clock });
  const counting = actor("Ping-Works", () => {}, { parallelism: 10 });
  const beginStep = provider.beginStep.bind(provider);
  provider.beginStep = (lease) => {
    const step = beginStep(lease);
    const commit = step.commit.bind(step);
    step.commit = async (outputs) => {
      runs++;
      const items = step.stores.collection<Item>("Items");
      const item = await items.get("a");
      if (runs <= 10) await gate.pass();
      await items.update({ ...item, count: item.count + 1 });
      await commit(outputs);
    };
    return step;
  };
  await provider.stores.collection<Item>("Items").insert({ id: "a", count: 0 });
  await using hive = await running({ provider }, counting, { clock });
  await hive.push(events(10));
  while (gate.arrived < 10) await clock.advance(0);
  gate.open();
  await clock.advance(1_000);
  assert.is((await hive.stores.collection<Item>("Items").get("a")).count, 10);
  assert.is(runs, 19);
});

test("given a queue where many events cost what one does, when slots come free, then they are waited for a little, until enough have", async () => {
  const gates = [0, 1, 2, 3, 4].map(() => new Gate());
  const works = actor("Ping-Works", (event) => gates[event.getBody<number>()]?.pass(), { parallelism: 2 });
  const { clock, hive, asked } = await scene(works, { gather: () => ({ events: 10, forMs: 50 }) });
  await hive.push(events(5));
  await clock.advance(0);
  assert.equal(asked, [{ at: 0, max: 2 }], "all slots are free: nothing is waited for");
  gates[0]?.open();
  await clock.advance(49);
  assert.is(asked.length, 1, "one slot is not enough to ask for");
  await clock.advance(1);
  assert.equal(asked.slice(1), [{ at: 50, max: 1 }], "for longer it is not waited");
  const pending = clock.pending;
  gates[1]?.open();
  await clock.advance(1);
  gates[2]?.open();
  await clock.advance(0);
  assert.equal(asked.slice(2), [{ at: 51, max: 2 }], "both are free");
  assert.ok(clock.pending <= pending, "no timer is left");
  for (const gate of gates) gate.open();
  await hive.stop();
});

test("given a lease that is being renewed, when the actor is done, then its step is committed only if the lease is still held", async () => {
  const renewal = new Gate();
  const outcomes: string[] = [];
  const works = actor("Ping-Works", () => work.pass(), { lease: 1_000 });
  const work = new Gate();
  const changes: Partial<QueueOperator> = { renew: (leases) => renewal.pass().then(() => leases.map(() => false)) };
  const { clock, hive } = await scene(works, changes, { onDelivery: ({ outcome }) => void outcomes.push(outcome) });
  await hive.push(events(1));
  await clock.advance(500);
  assert.is(renewal.arrived, 1);
  work.open();
  await clock.advance(0);
  assert.equal(outcomes, [], "it waits for the renewal");
  renewal.open();
  await clock.advance(0);
  assert.equal(outcomes, ["lease-lost"]);
  assert.is((await hive.counts("Ping-Works")).leased, 1, "it was not committed");
  await hive.stop();
});

test("given a lease that is being renewed, when the actor fails, then the event is given back only after that", async () => {
  const renewal = new Gate();
  const work = new Gate();
  const calls: string[] = [];
  const works = actor("Ping-Works", () => work.pass().then(() => Promise.reject(new Error("no"))), { lease: 1_000 });
  const { clock, hive } = await scene(works, (queues) => ({
    async renew(leases, leaseMs) {
      await renewal.pass();
      calls.push("renewed");
      return queues.renew(leases, leaseMs);
    },
    abandon(lease, options) {
      calls.push("abandoned");
      return queues.abandon(lease, options);
    },
  }));
  await hive.push(events(1));
  await clock.advance(500);
  work.open();
  await clock.advance(0);
  renewal.open();
  await clock.advance(0);
  assert.equal(calls, ["renewed", "abandoned"]);
  await hive.stop();
});

for (const [when, thrown] of [
  ["the actor then throws", new Error("the bank hung up")],
  ["its provider then says so", new BeeHiveError("LeaseLost", "it ended")],
] as const)
  test(`given a lease that is over, when ${when}, then nothing is settled any more`, async () => {
    const work = new Gate();
    const outcomes: string[] = [];
    let abandoned = 0;
    const works = actor("Ping-Works", () => work.pass().then(() => Promise.reject(thrown)), { lease: 1_000 });
    const changes: Partial<QueueOperator> = {
      renew: async (leases) => leases.map(() => thrown instanceof BeeHiveError),
      abandon: async () => void abandoned++,
    };
    const { clock, hive } = await scene(works, changes, { onDelivery: ({ outcome }) => void outcomes.push(outcome) });
    await hive.push(events(1));
    await clock.advance(500);
    work.open();
    await clock.advance(0);
    assert.equal([outcomes, abandoned], [["lease-lost"], 0]);
    await hive.stop();
  });

test("given an event that is being given back, when the deadline of a stop passes, then it is not given back a second time", async () => {
  const answer = new Gate();
  const failing = actor("Ping-Works", () => Promise.reject(new Error("no")));
  const { clock, hive } = await scene(failing, (queues) => ({
    async abandon(lease, options) {
      await answer.pass();
      return queues.abandon(lease, options);
    },
  }));
  await hive.push(events(1));
  await clock.advance(0);
  const stopping = hive.stop({ deadline: 100 });
  await clock.advance(100);
  assert.is(answer.arrived, 1);
  answer.open();
  await stopping;
});

test("given a step that is being committed, when the deadline of a stop passes, then the stop waits for it and gives nothing back", async () => {
  const answer = new Gate();
  const clock = new PatientClock();
  const memory = new MemoryProvider({ clock });
  let abandoned = 0;
  const provider = tampered(memory, { abandon: async () => void abandoned++ });
  provider.beginStep = (lease) => {
    const step = memory.beginStep(lease);
    const commit = async (outputs: readonly Event[]): Promise<void> => {
      await answer.pass();
      await step.commit(outputs);
    };
    return { stores: step.stores, discard: () => step.discard(), commit };
  };
  const hive = await running(
    { provider },
    actor("Ping-Works", () => {}),
    { clock },
  );
  await hive.push(events(1));
  await clock.advance(0);
  const stopping = hive.stop({ deadline: 100 });
  await clock.advance(100);
  answer.open();
  await stopping;
  assert.is(abandoned, 0);
  assert.equal(await memory.queues.counts(queueName), { ready: 0, leased: 0, delayed: 0, dead: 0 });
});

test("given a lease that is being renewed, when the deadline of a stop passes, then its event is given back only after that", async () => {
  const renewal = new Gate();
  const work = new Gate();
  const calls: string[] = [];
  const { clock, hive } = await scene(
    actor("Ping-Works", () => work.pass(), { lease: 1_000 }),
    (queues) => ({
      async renew(leases, leaseMs) {
        await renewal.pass();
        calls.push("renewed");
        return queues.renew(leases, leaseMs);
      },
      abandon(lease, options) {
        calls.push("abandoned");
        return queues.abandon(lease, options);
      },
    }),
  );
  await hive.push(events(1));
  await clock.advance(500);
  const stopping = hive.stop({ deadline: 100 });
  await clock.advance(100);
  renewal.open();
  await stopping;
  assert.equal(calls, ["renewed", "abandoned"]);
  work.open();
});

test("given an actor whose disposal fails, when its step was committed, then the delivery is told as committed", async () => {
  const reports: unknown[] = [];
  class Failing {
    async processAsync(): Promise<void> {}
    async [Symbol.asyncDispose](): Promise<void> {
      throw new Error("no");
    }
  }
  subscribe(Failing, "Ping-Works");
  const onDelivery: HiveOptions["onDelivery"] = ({ outcome, error }) => void reports.push(outcome, error);
  const { clock, hive } = await scene(Failing, {}, { onDelivery });
  await hive.push(events(1));
  await clock.advance(0);
  assert.equal(reports, ["committed", undefined]);
  await hive.stop();
});

test("given a rule that stops the hive, when it does, then the event is given back at once, and no attempt is counted", async () => {
  const failing = actor("Ping-Works", () => Promise.reject(new TypeError("for good")), {
    supervision: [{ on: TypeError, action: "stop" }],
  });
  const { clock, hive, memory } = await scene(failing);
  await hive.push(events(1));
  await clock.advance(0);
  await hive.stopped();
  const [lease] = await memory.queues.lease(queueName, { max: 1, leaseMs: 1_000, waitMs: 0, signal: never });
  assert.is(lease?.attempt, 1);
});

test("given a step that waits for its turn after a collision, when its lease is lost meanwhile, then its actor does not run again", async () => {
  const again = new Gate();
  const runs = [0, 0];
  const works = actor(
    "Ping-Works",
    async (event) => {
      const n = event.getBody<number>();
      runs[n] = (runs[n] ?? 0) + 1;
      if (runs[n] === 1) throw new ConcurrencyConflict("item", "others changed it");
      await again.pass();
    },
    { parallelism: 2, lease: 1_000 },
  );
  const { clock, hive } = await scene(works, (queues) => ({
    renew: async (leases, leaseMs) =>
      (await queues.renew(leases, leaseMs)).map((_, n) => leases[n]?.event.getBody<number>() === 0),
  }));
  await hive.push(events(2));
  await clock.advance(500);
  assert.equal([again.arrived, ...runs], [1, 2, 1]);
  again.open();
  await clock.advance(0);
  assert.equal(runs, [2, 1]);
  await hive.stop();
});

test("given a step that others collide with for ever, when it has run twenty times more, then it has failed", async () => {
  let runs = 0;
  const works = actor(
    "Ping-Works",
    () => {
      runs++;
      throw new ConcurrencyConflict("item", "others changed it");
    },
    { retry: { maxAttempts: 1 } },
  );
  const { clock, hive } = await scene(works);
  await hive.push(events(1));
  await clock.advance(1);
  const [letter] = await listOf(hive.deadLetters("Ping-Works"));
  assert.equal([runs, letter?.errorName], [21, "ConcurrencyConflict"]);
  await hive.stop();
});

test("given an actor that does not finish before the deadline, when it ends at last, then its delivery is told as given back, and its stores are over", async () => {
  const gate = new Gate();
  const outcomes: string[] = [];
  const codes: unknown[] = [];
  class Slow {
    constructor(readonly items: CollectionStore<{ id: string }>) {}
    async processAsync(): Promise<void> {
      await gate.pass();
      await this.items.insert({ id: "a" }).catch((error: unknown) => codes.push((error as BeeHiveError).code));
    }
  }
  injects(collectionStore<{ id: string }>("Items"))(Slow);
  subscribe(Slow, "Ping-Works");
  const { clock, hive } = await scene(Slow, {}, { onDelivery: ({ outcome }) => void outcomes.push(outcome) });
  await hive.push(events(1));
  await clock.advance(0);
  const stopping = hive.stop({ deadline: 100 });
  await clock.advance(100);
  await stopping;
  gate.open();
  await clock.advance(0);
  assert.equal([outcomes, codes], [["given-back"], ["InvalidState"]]);
});

test("given a step that failed, when its stores are used afterwards, then whoever does is told that it is over", async () => {
  let kept: CollectionStore<{ id: string }> | undefined;
  class Failing {
    constructor(readonly items: CollectionStore<{ id: string }>) {}
    async processAsync(): Promise<void> {
      kept = this.items;
      throw new Error("no");
    }
  }
  injects(collectionStore<{ id: string }>("Items"))(Failing);
  subscribe(Failing, "Ping-Works", { retry: { maxAttempts: 1 } });
  const { clock, hive } = await scene(Failing);
  await hive.push(events(1));
  await clock.advance(0);
  await throwsCode("InvalidState", () => kept?.insert({ id: "a" }));
  await hive.stop();
});

test("given slots that are waited for, when an event pauses the subscription meanwhile, then nothing is asked for until the pause is over", async () => {
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
  const { clock, hive, asked } = await scene(works, { gather: () => ({ events: 10, forMs: 50 }) });
  await hive.push(events(4));
  await clock.advance(0);
  asked.length = 0;
  gates[0]?.open();
  await clock.advance(10);
  for (const gate of gates) gate.open();
  await clock.advance(59_000);
  assert.equal(asked, []);
  await clock.advance(2_000);
  assert.ok(asked.length > 0);
  await hive.stop();
});

test.run();
