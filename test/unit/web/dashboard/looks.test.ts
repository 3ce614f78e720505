import {
  createHive,
  Event,
  openProvider,
  QueueName,
  silentLogger,
  type Provider,
  type Source,
  type SourceState,
} from "beehive-actors";
import * as assert from "uvu/assert";
import { registerProvider } from "../../../../src/contract/provider-module.ts";
import { Looks } from "../../../../src/web/dashboard/looks.ts";
import { watchedOf } from "../../../../src/web/dashboard/watched.ts";
import type { Look } from "../../../../src/web/dashboard/wire.ts";
import { actor } from "../../../../src/testing/contracts/hive/harness.ts";
import { ManualClock } from "../../../../src/testing/manual-clock.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("the looks of a dashboard at its provider");

interface Counted {
  readonly provider: Provider;
  readonly clock: ManualClock;
  readonly looks: Looks;
  readonly asked: () => number;
  readonly fail: (error: Error | undefined) => void;
}

/** A provider with one queue, whose counts are counted. */
async function counted(name = "memory"): Promise<Counted> {
  const clock = new ManualClock();
  const memory = await openProvider("memory:", { clock });
  await using hive = await createHive({ provider: memory, publishes: ["Orders"], clock, logger: silentLogger });
  await hive.setup();
  await memory.queues.ensure([
    { name: QueueName.parse("Orders-Audit"), ordered: false, leaseMs: 30_000, maxAttempts: 5 },
  ]);
  let asked = 0;
  let failure: Error | undefined;
  const queues = new Proxy(memory.queues, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      if (key !== "counts") return value.bind(target) as unknown;
      return (...given: unknown[]) => {
        asked++;
        if (failure) throw failure;
        return value.apply(target, given) as unknown;
      };
    },
  });
  const provider = new Proxy(memory, {
    get: (target, key) => (key === "queues" ? queues : key === "name" ? name : (Reflect.get(target, key) as unknown)),
  });
  const looks = new Looks(watchedOf(provider, { clock }));
  return { provider: memory, clock, looks, asked: () => asked, fail: (error) => void (failure = error) };
}

async function nextOf(looks: AsyncIterator<Look | undefined>): Promise<Look> {
  for (;;) {
    const { value } = await looks.next();
    if (value) return value;
  }
}

test("nothing is asked of the provider while nobody watches", async () => {
  const { provider, clock, looks, asked } = await counted();
  await clock.advance(60_000);
  assert.is(asked(), 0);
  const over = new AbortController();
  await nextOf(looks.follow(over.signal));
  assert.is(asked(), 1);
  over.abort();
  await clock.advance(60_000);
  const before = asked();
  await clock.advance(60_000);
  assert.is(asked(), before);
  await provider.close();
});

test("one look serves all who watch", async () => {
  const { provider, looks, asked } = await counted();
  const tabs = Array.from({ length: 20 }, () => new AbortController());
  const seen = await Promise.all(tabs.map(({ signal }) => nextOf(looks.follow(signal))));
  assert.is(asked(), 1);
  assert.ok(seen.every((look) => look.queues[0]?.name === "Orders-Audit"));
  for (const tab of tabs) tab.abort();
  await provider.close();
});

test("requests at the same time share a look", async () => {
  const { provider, looks, asked } = await counted();
  await Promise.all(Array.from({ length: 20 }, () => looks.now()));
  assert.is(asked(), 1);
  await provider.close();
});

test("a failed look keeps the numbers of the last one, and says why", async () => {
  const { provider, clock, looks, fail } = await counted();
  assert.is((await looks.now()).failure, undefined);
  fail(new Error("the password=hunter2 is wrong"));
  await clock.advance(2_000);
  const look = await looks.now();
  assert.match(look.failure ?? "", /is wrong/);
  assert.not.match(look.failure ?? "", /hunter2/);
  assert.is(look.queues.length, 1);
  fail(undefined);
  await clock.advance(2_000);
  assert.is((await looks.now()).failure, undefined);
  await provider.close();
});

test("where requests are charged, looks are rare and say what they cost", async () => {
  registerProvider({
    scheme: "charged",
    journal: "off",
    sharedBetweenProcesses: true,
    requestsOfCount: 2,
    messagingSystem: "charged",
    open: () => {
      throw new Error("not opened");
    },
  });
  const { provider, looks } = await counted("charged");
  await looks.now();
  const { everyMs, requests } = await looks.now();
  assert.equal([everyMs, requests], [30_000, 5]);
  await provider.close();
});

test("a late subscription is in trouble, and its stage is named", async () => {
  const clock = new ManualClock();
  const provider = await openProvider("memory:", { clock });
  const actors = actor("Orders-Audit", () => [], { maxLag: "2s" });
  await using hive = await createHive({ actors, provider, clock, logger: silentLogger, controls: { stage: "books" } });
  await hive.setup();
  await hive.push(new Event("Orders", {}, { timestamp: new Date(clock.now()) }));
  await clock.advance("5s");
  await hive.start();
  await clock.advance(0);
  const { queues, hives } = await new Looks(watchedOf(provider, { clock })).now();
  assert.equal(queues[0]?.trouble, [{ level: "bad", text: "late in stage books: 5000 ms, at most 2000 ms" }]);
  assert.equal([hives[0]?.stage, hives[0]?.subscriptions[0]?.isLate], ["books", true]);
});

test("sources of all processes are one row, with their lag and pause", async () => {
  const provider = await openProvider("memory:");
  const running = { hold: () => {}, stop: async () => {} };
  const sourceWith = (state: SourceState): Source => ({
    name: "orders",
    start: () => ({ ...running, state: () => state }),
  });
  const options = { provider, logger: silentLogger };
  await using one = await createHive({
    ...options,
    sources: [sourceWith({ behind: 3, failing: undefined })],
  });
  await using other = await createHive({
    ...options,
    sources: [sourceWith({ behind: 4, failing: "Unavailable" })],
  });
  await Promise.all([one.start(), other.start()]);
  await one.source("orders").pause({ reason: "stocktaking", by: "ada" });
  const looks = new Looks(watchedOf(one));
  const [row] = (await looks.now()).sources;
  assert.equal([row?.name, row?.behind, row?.failing, row?.hives], ["orders", 7, "Unavailable", 2]);
  assert.equal([row?.pause?.operator, row?.pause?.reason, row?.isPausedWithAll], ["ada", "stocktaking", false]);
  await one.source("orders").resume({ by: "ada" });
  await one.operator.pauseAll({ reason: "restoring", by: "bob" });
  await looks.again();
  const [held] = (await looks.now()).sources;
  assert.equal([held?.pause?.operator, held?.isPausedWithAll], ["bob", true]);
  await Promise.all([one.stop(), other.stop()]);
  await provider.close();
});

test("a replaced topic has its readers, its bridge and the events of an hour", async () => {
  const provider = await openProvider("memory:");
  await using hive = await createHive({
    actors: [
      actor("Placed-Payment", () => {}, { name: "Payment" }),
      actor("Placed-Bridge", () => [new Event("Placed_v2", {})], { name: "Bridge", publishes: ["Placed_v2"] }),
      actor("Placed_v2-Packing", () => {}, { name: "Packing" }),
    ],
    provider,
    journal: true,
    logger: silentLogger,
  });
  await hive.start();
  await hive.push([new Event("Placed", { n: 1 }), new Event("Placed", { n: 2 })]);
  await hive.whenIdle();
  const { forks } = await new Looks(watchedOf(hive)).now();
  assert.equal(forks, [
    {
      topic: "Placed",
      later: ["Placed_v2"],
      readers: [{ queue: "Placed-Payment", actor: "Payment" }],
      bridges: ["Bridge"],
      publishers: ["code outside the actors"],
      events: 2,
    },
  ]);
  await hive.stop();
  await provider.close();
});

test("without a journal nobody knows the events of a replaced topic", async () => {
  const provider = await openProvider("memory:");
  await using hive = await createHive({
    actors: [actor("Placed-Payment", () => {}), actor("Placed_v2-Packing", () => {})],
    provider,
    journal: false,
    logger: silentLogger,
  });
  await hive.setup();
  const { forks } = await new Looks(watchedOf(hive)).now();
  assert.equal([forks[0]?.events, forks[0]?.publishers], [undefined, []]);
  await provider.close();
});

test.run();
