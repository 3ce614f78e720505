import {
  createHive,
  Event,
  operate,
  silentLogger,
  type BatchActor,
  type BatchContext,
  type Hive,
  type HiveOptions,
} from "beehive-actors";
import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { actor, subscribe } from "../../../src/testing/contracts/hive/harness.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("a subscription that a hive leaves to others");
const queue = "Job-Work";

function hiveOf(options: Partial<HiveOptions>): Promise<Hive> {
  return createHive({ logger: silentLogger, ...options });
}

test("nothing is leased of a subscription that was left, until it is joined", async () => {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  const seen: unknown[] = [];
  const hive = await hiveOf({ clock, provider, actors: actor(queue, (event) => void seen.push(event.getBody())) });
  await hive.leave(queue);
  await hive.start();
  await hive.push(new Event("Job", 1));
  await clock.advance("1m");
  assert.equal(seen, []);
  hive.join(queue);
  await clock.advance(0);
  assert.equal(seen, [1]);
  await hive.leave(queue);
  await hive.push(new Event("Job", 2));
  await clock.advance("1m");
  assert.equal(seen, [1]);
  await hive.stop();
});

test("leaving gives the events of a batch back that still fills", async () => {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  const batches: (readonly number[])[] = [];
  class IndexActor implements BatchActor {
    async processBatchAsync(_events: readonly Event[], { batch }: BatchContext): Promise<void> {
      batches.push(batch.map(({ attempt }) => attempt));
    }
  }
  subscribe(IndexActor, queue, { batch: { size: 100, interval: "10m" } });
  const [hive, other] = [
    await hiveOf({ clock, provider, actors: IndexActor }),
    await hiveOf({ clock, provider, actors: IndexActor }),
  ];
  await other.leave(queue);
  await Promise.all([hive.start(), other.start()]);
  await hive.push([new Event("Job", 1), new Event("Job", 2)]);
  await clock.advance("1m");
  assert.is((await hive.queue(queue).counts()).leased, 2);
  await hive.leave(queue);
  assert.is((await hive.queue(queue).counts()).ready, 2);
  other.join(queue);
  await clock.advance("11m");
  assert.equal(batches, [[1, 1]], "elsewhere, in their first attempt");
  await Promise.all([hive.stop(), other.stop()]);
});

test("leaving waits for events in work", async () => {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  let finish = (): void => {};
  const outcomes: string[] = [];
  const slow = actor(queue, () => new Promise<void>((resolve) => (finish = resolve)));
  const onDelivery: HiveOptions["onDelivery"] = ({ outcome }) => void outcomes.push(outcome);
  const hive = await hiveOf({ clock, provider, actors: slow, onDelivery });
  await hive.start();
  await hive.push(new Event("Job", 1));
  await clock.advance(0);
  let hasLeft = false;
  const leaving = hive.leave(queue).then(() => (hasLeft = true));
  await clock.advance("1m");
  assert.is(hasLeft, false);
  finish();
  await leaving;
  assert.equal(outcomes, ["committed"]);
  await hive.stop();
});

test("health and heartbeats name only the subscriptions that it works on", async () => {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  const hive = await hiveOf({ clock, provider, actors: [actor(queue, () => []), actor("Job-Other", () => [])] });
  await hive.start();
  await hive.leave(queue);
  const { detail } = await hive.health();
  assert.equal(
    detail.actors.map(({ subscription }) => subscription),
    ["Job-Other"],
  );
  const [running] = await hive.hives();
  assert.equal(
    running?.subscriptions.map((one) => one.queue),
    ["Job-Other"],
  );
  assert.equal(await (await operate(provider)).unread(), [queue]);
  await throwsCode("QueueNotFound", () => hive.leave("Job-Wrok"));
  await hive.stop();
});

const late = suite("the time limit of an actor");

interface Timed {
  readonly clock: ManualClock;
  readonly hive: Hive;
  readonly push: () => Promise<unknown>;
}

async function timed(options: Partial<HiveOptions> = {}): Promise<Timed> {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  const hive = await hiveOf({
    clock,
    provider,
    actors: actor(queue, () => [], { maxLag: "2s" }),
    controls: { stage: "billing" },
    ...options,
  });
  const push = (): Promise<unknown> => hive.push(new Event("Job", 1, { timestamp: new Date(clock.now()) }));
  return { clock, hive, push };
}

const lateOf = async (hive: Hive) => (await hive.health()).detail.actors[0]?.late;

late("an event that waits longer than its actor allows is late, for a minute", async () => {
  const { clock, hive, push } = await timed();
  await hive.setup();
  await push();
  await clock.advance("3s");
  await hive.start();
  await clock.advance(0);
  const found = await lateOf(hive);
  assert.equal([found?.maxMs, found?.lagMs], [2_000, 3_000]);
  await push();
  await clock.advance("59s");
  assert.is((await lateOf(hive))?.lagMs, 3_000);
  await clock.advance("2s");
  assert.is(await lateOf(hive), undefined);
  await hive.stop();
});

late("an event that still waits is late, too", async () => {
  let finish = (): void => {};
  const slow = actor(queue, () => new Promise<void>((resolve) => (finish = resolve)), { maxLag: "2s", parallelism: 1 });
  const { clock, hive, push } = await timed({ actors: slow });
  await hive.start();
  await push();
  await clock.advance(0);
  await push();
  assert.is(await lateOf(hive), undefined, "first look");
  await clock.advance("10s");
  assert.is((await lateOf(hive))?.lagMs, 10_000);
  finish();
  await clock.advance(0);
  finish();
  await hive.stop();
});

late("a delayed event and a retried one are not late", async () => {
  let fails = true;
  const flaky = actor(
    queue,
    () => {
      if (fails) throw new Error("once");
    },
    { maxLag: "2s", retry: { minDelay: "10s", maxDelay: "10s", jitter: 0 } },
  );
  const { clock, hive, push } = await timed({ actors: flaky });
  await hive.start();
  await push();
  await clock.advance(0);
  fails = false;
  const enqueueTime = new Date(clock.now() + 30_000);
  await hive.push(new Event("Job", 2, { timestamp: new Date(clock.now()), enqueueTime }));
  await clock.advance("1m");
  assert.is(await lateOf(hive), undefined);
  await hive.stop();
});

late("heartbeats and alerts name the stage that is late", async () => {
  const texts: string[] = [];
  const { clock, hive, push } = await timed({
    alerts: [{ on: "late", send: ({ state, text }) => void texts.push(`${state}: ${text}`) }],
  });
  await hive.setup();
  await push();
  await clock.advance("3s");
  await hive.start();
  await clock.advance("31s");
  const [running] = await hive.hives();
  assert.is(running?.stage, "billing");
  assert.is(running?.subscriptions[0]?.late?.lagMs, 3_000);
  await clock.advance("2m");
  assert.is(texts.length, 2);
  assert.match(texts[0] ?? "", "began: Job-Work is late in stage billing: an event waited for 3000 ms");
  assert.match(texts[1] ?? "", "over: ");
  await hive.stop();
});

test.run();
late.run();
