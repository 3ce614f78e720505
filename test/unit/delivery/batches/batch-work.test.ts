/** The way of one batch: outputs, failures, halves, conflicts and lost leases. */
import {
  actor,
  bodyOf,
  collectionStore,
  createHive,
  Event,
  eventType,
  injects,
  RejectEvent,
  silentLogger,
  storeOf,
  type CollectionStore,
  type DeliveryReport,
  type Identified,
  type Lease,
} from "beehive-actors";
import { MemoryProvider } from "beehive-actors/memory";
import { TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { batchActor, subscribe, tampered } from "../../../../src/testing/contracts/hive/harness.ts";
import { events, scene } from "../../../support/scene.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

const test = suite("batch work");

interface Row extends Identified {
  readonly id: string;
  readonly etag?: string;
  readonly count?: number;
}
const Rows = collectionStore<Row>("Rows");
const batch = { size: 4, interval: 1_000 };

test("an output belongs to the event of its causationId, else to the first", async () => {
  const reports: DeliveryReport[] = [];
  const taking = batchActor(
    "Ping-Works",
    ([, second]) => [new Event("Pong", "all"), new Event("Pong", "second", { causationId: String(second?.id) })],
    { batch, publishes: ["Pong"] },
  );
  const { clock, hive } = await scene(taking, {}, { onDelivery: (report) => void reports.push(report) });
  await hive.push(events(4));
  await clock.advance(0);
  assert.equal(
    reports.map(({ outputs }) => outputs.map((one) => one.getBody())),
    [["all"], ["second"], [], []],
  );
  for (const { event, outputs } of reports) for (const one of outputs) assert.is(one.causationId, event.id);
  await hive.stop();
});

test("outputs of a failed event are dropped, those of others are published", async () => {
  const out: unknown[] = [];
  await using hive = await TestHive.start({
    actors: [
      batchActor(
        "Ping-Works",
        (taken, context) => {
          context.fail(taken[0] as Event, new RejectEvent("no"));
          return taken.map((one) => new Event("Pong", one.getBody(), { causationId: one.id }));
        },
        { batch, publishes: ["Pong"] },
      ),
      batchActor("Pong-Sees", (taken) => void out.push(...taken.map((one) => one.getBody()))),
    ],
  });
  await hive.push(events(4));
  await hive.settle();
  assert.equal(out, [1, 2, 3]);
  assert.is((await hive.deadLetters("Ping-Works")).length, 1);
});

test("an event of a batch that is returned as it came is refused", async () => {
  await using hive = await TestHive.start({
    actors: batchActor("Ping-Works", (taken) => taken.slice(1), { batch, publishes: ["Ping"] }),
  });
  await hive.push(events(2));
  await hive.settle();
  const letters = await hive.deadLetters("Ping-Works");
  assert.equal(
    letters.map(({ errorName }) => errorName),
    ["InvalidOutput", "InvalidOutput"],
  );
});

test("a batch whose events all fail writes nothing", async () => {
  class Failing {
    constructor(readonly rows: CollectionStore<Row>) {}
    async processBatchAsync(taken: readonly Event[], context: { fail(event: Event, error: unknown): void }) {
      await this.rows.insert({ id: "a" });
      for (const one of taken) context.fail(one, new RejectEvent("no"));
    }
  }
  injects(Rows)(Failing);
  subscribe(Failing, "Ping-Works", { batch });
  await using hive = await TestHive.start({ actors: Failing });
  await hive.push(events(4));
  await hive.settle();
  assert.is(await hive.store(Rows).exists("a"), false);
});

test("a batch that conflicts runs again, and counts no attempt", async () => {
  const runs: number[] = [];
  const shared = new MemoryProvider();
  const outside = storeOf(Rows, shared.stores);
  class Counting {
    constructor(readonly rows: CollectionStore<Row>) {}
    async processBatchAsync(_: readonly Event[], { attempt }: { readonly attempt: number }) {
      runs.push(attempt);
      const row = await this.rows.get("a");
      if (runs.length === 1) await outside.update({ ...(await outside.get("a")), count: 10 });
      await this.rows.update({ ...row, count: (row.count ?? 0) + 1 });
    }
  }
  injects(Rows)(Counting);
  subscribe(Counting, "Ping-Works", { batch });
  await using hive = await TestHive.start({ actors: Counting, provider: shared });
  await outside.insert({ id: "a", count: 0 });
  await hive.push(events(4));
  await hive.settle();
  assert.equal(runs, [1, 1]);
  assert.is((await outside.get("a")).count, 11);
});

test("a batch runs again without an event whose lease was lost", async () => {
  const sizes: number[] = [];
  const memory = new MemoryProvider();
  const leases: Lease[] = [];
  const provider = tampered(memory, {
    async lease(name, request) {
      const found = await memory.queues.lease(name, request);
      leases.push(...found);
      return found;
    },
  });
  const taking = batchActor(
    "Ping-Works",
    async (taken) => {
      sizes.push(taken.length);
      const [first] = leases;
      if (first && sizes.length === 1) await memory.queues.abandon(first, { delayMs: 0, countAttempt: false });
    },
    { batch: { size: 4, interval: 50 } },
  );
  const hive = await createHive({ actors: taking, provider, logger: silentLogger });
  await hive.start();
  await hive.push(events(4));
  await hive.whenIdle();
  assert.equal(sizes, [4, 3, 1]);
  await hive.stop();
});

test("a split runs halves until the bad events are alone, in few runs", async () => {
  const runs: unknown[][] = [];
  const done: unknown[] = [];
  await using hive = await TestHive.start({
    actors: batchActor(
      "Ping-Works",
      (taken) => {
        const bodies = taken.map((one) => one.getBody());
        runs.push(bodies);
        if (bodies.includes(5)) throw new RejectEvent("a bad one");
        done.push(...bodies);
      },
      { batch: { size: 8, interval: 1_000, onThrow: "split" } },
    ),
  });
  await hive.push(events(8));
  await hive.settle();
  assert.equal(done, [0, 1, 2, 3, 4, 6, 7]);
  assert.is(runs.length, 7);
  assert.equal(
    (await hive.deadLetters("Ping-Works")).map(({ event }) => event.getBody()),
    [5],
  );
});

test("an outage pauses a batch that splits, and runs no halves", async () => {
  let runs = 0;
  const taking = batchActor(
    "Ping-Works",
    () => {
      if (++runs === 1) throw new TypeError("an outage");
    },
    {
      batch: { size: 4, interval: 1_000, onThrow: "split" },
      supervision: [{ on: TypeError, action: "pause", pause: "1m" }],
    },
  );
  const { clock, hive } = await scene(taking);
  await hive.push(events(4));
  await clock.advance(30_000);
  assert.is(runs, 1);
  await hive.stop();
});

test("a throw of a batch is one failure for the failure limit", async () => {
  const { clock, hive } = await scene(
    batchActor(
      "Ping-Works",
      () => {
        throw new RejectEvent("no");
      },
      { batch, failureLimit: { failures: 2, within: "1m", action: "pause" } },
    ),
  );
  await hive.push(events(4));
  await clock.advance(0);
  assert.is((await hive.health()).detail.actors[0]?.paused, undefined);
  await hive.push(events(4));
  await clock.advance(0);
  assert.is((await hive.health()).detail.actors[0]?.paused?.by, "failure-limit");
  await hive.stop();
});

test("an event whose body is wrong fails alone, before the actor runs", async () => {
  const Told = eventType("Told", bodyOf<{ text: string }>());
  const seen: unknown[] = [];
  const Telling = actor("Told-Telling", Told, { batch: { size: 3 } }, async ({ batch: taken, context }) => {
    seen.push(...taken.map(({ body, attempt }) => [body.text, attempt]), context.batch.length);
  });
  await using hive = await TestHive.start({ actors: Telling });
  await hive.push([Told.create({ text: "a" }), new Event("Told"), Told.create({ text: "b" })]);
  await hive.settle();
  assert.equal(seen, [["a", 1], ["b", 1], 2]);
  assert.is((await hive.deadLetters("Told-Telling"))[0]?.errorName, "BodyUnreadable");
});

test("context.fail refuses events of others, and calls after the end", async () => {
  const errors: unknown[] = [];
  let late = (): void => {};
  const note = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      errors.push((error as { readonly code?: string }).code);
    }
  };
  await using hive = await TestHive.start({
    actors: batchActor("Ping-Works", (taken, context) => {
      note(() => context.fail(new Event("Ping"), new Error("of another")));
      late = () => context.fail(taken[0] as Event, new Error("too late"));
    }),
  });
  await hive.push(events(1));
  await hive.settle();
  note(late);
  assert.equal(errors, ["InvalidState", "InvalidState"]);
});

test("an actor with both methods, or batch without its method, is refused", async () => {
  class Both {
    processAsync() {}
    processBatchAsync() {}
  }
  class Single {
    processAsync() {}
  }
  subscribe(Both, "Ping-Both");
  subscribe(Single, "Ping-Single", { batch: {} });
  const error = await throwsCode("InvalidConfiguration", () => createHive({ actors: [Both, Single] }));
  assert.match(String(error), "Both has both processAsync and processBatchAsync: remove one");
  assert.match(String(error), 'Single on "Ping-Single": it has the option batch, and no processBatchAsync');
});

test("wrong options of batches are listed, and defaults are described", async () => {
  const wrong = { size: 0, interval: "soon", onThrow: "stop", max: 1 };
  const error = await throwsCode("InvalidConfiguration", () =>
    createHive({ actors: batchActor("Ping-Works", () => {}, { batch: wrong as never }) }),
  );
  assert.match(String(error), "batch.max is not an option; there are size, interval, onThrow");
  const { max: _, ...values } = wrong;
  const problems = await throwsCode("InvalidConfiguration", () =>
    createHive({ actors: batchActor("Ping-Works", () => {}, { batch: values as never }) }),
  );
  for (const name of ["batch.size must be", "batch.interval must be", 'batch.onThrow must be "fail" or "split"'])
    assert.match(String(problems), name);
  const hive = await createHive({ actors: batchActor("Ping-Works", () => {}) });
  assert.match(hive.describe(), /batch +size 100, interval 1000, onThrow fail +\(default\)/);
  assert.match(hive.describe(), /parallelism +1 /);
  await hive.stop();
});

test.run();
