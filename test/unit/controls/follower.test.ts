import { createHive, Event, operate, PauseSubscription, silentLogger, type HiveOptions } from "beehive-actors";
import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { overriding } from "../../../src/base/overriding.ts";
import { BeeHiveError, type ErrorCode } from "../../../src/base/errors.ts";
import type { Lease } from "../../../src/contract/queue-operator.ts";
import type { Identified } from "../../../src/contract/stores.ts";
import type { Provider } from "../../../src/contract/provider.ts";
import { ControlStore } from "../../../src/controls/control-store.ts";
import { controlId } from "../../../src/controls/control.ts";
import type { Hive } from "../../../src/hive/hive.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { actor } from "../../../src/testing/contracts/hive/harness.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("operators of a hive");
const queue = "Job-Work";
const by = "ada";
const reason = "the bank is down";

interface Scene {
  readonly clock: ManualClock;
  readonly provider: Provider;
  readonly seen: unknown[];
  readonly hive: Hive;
  readonly warnings: string[];
}

/** A hive whose looks are by time, as on a provider that processes share. */
async function scene(options: Partial<HiveOptions> = {}): Promise<Scene> {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  const seen: unknown[] = [];
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (_fields: object, message: string) => void warnings.push(message) };
  const hive = await createHive({
    actors: actor(queue, (event) => void seen.push(event.getBody())),
    provider,
    clock,
    logger,
    controls: { interval: "2s" },
    ...options,
  });
  return { clock, provider, seen, hive, warnings };
}

/** Pauses as another process does: nothing in this process is told. */
async function pauseElsewhere({ provider, clock }: Scene, until?: number): Promise<void> {
  const store = new ControlStore({ ...provider.stores, collection: (name) => provider.stores.collection(name) });
  const hold = { by, reason, since: clock.now(), ...(until !== undefined && { until }) };
  await store.change(controlId("queue", queue), (control) => ({ ...control, hold }));
}

test("a pause of another process is followed at the next look", async () => {
  const outcomes: string[] = [];
  const given = await scene({ onDelivery: ({ outcome }) => outcomes.push(outcome) });
  const { clock, hive, seen } = given;
  await hive.start();
  await pauseElsewhere(given);
  await hive.push(new Event("Job", 1));
  await clock.advance(0);
  assert.equal(seen, [1], "before the look");
  await clock.advance("2s");
  await hive.push(new Event("Job", 2));
  await clock.advance("1h");
  assert.equal([seen, outcomes], [[1], ["committed"]], "nothing is leased, to be given back");
  await hive.stop();
});

test("a pause ends at its time, between two looks", async () => {
  const given = await scene({ controls: { interval: "1h" } });
  const { clock, hive, seen } = given;
  await pauseElsewhere(given, clock.now() + 90_000);
  await hive.start();
  await hive.push(new Event("Job", 1));
  await clock.advance(89_999);
  assert.equal(seen, []);
  await clock.advance(1);
  assert.equal(seen, [1]);
  await hive.stop();
});

test("an event in work at a pause is finished, and its retry waits", async () => {
  let fail = (): void => {};
  let runs = 0;
  const works = actor(queue, () => {
    runs++;
    return new Promise<void>((_, reject) => (fail = () => reject(new Error("down"))));
  });
  const { clock, hive } = await scene({ actors: works });
  await hive.start();
  await hive.push(new Event("Job", 1));
  await clock.advance(0);
  await hive.queue(queue).pause({ reason, by });
  fail();
  await clock.advance("10m");
  assert.is(runs, 1);
  await hive.queue(queue).resume({ by });
  await clock.advance(0);
  assert.is(runs, 2);
  await Promise.all([hive.stop({ deadline: 0 }), clock.advance("1m")]);
});

test("looks that fail leave the last state, and are warned about once", async () => {
  const clock = new ManualClock();
  const inner = new MemoryProvider({ clock });
  let down = false;
  const stores = {
    collection: (name: string) =>
      new Proxy(inner.stores.collection(name), {
        get: (target, property) => {
          if (down) throw new BeeHiveError("Unavailable", "the store is down");
          const value: unknown = Reflect.get(target, property);
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      }),
  } as unknown as Provider["stores"];
  const provider = overriding<Provider>(inner, { stores });
  const { hive, warnings } = await scene({ provider, clock });
  await hive.start();
  await (await operate(provider, { clock })).queue(queue).pause({ reason, by });
  down = true;
  await clock.advance("1h");
  const { detail } = await hive.health({ askProvider: false });
  assert.is(detail.actors[0]?.paused?.operator, by);
  assert.is(warnings.filter((one) => one.startsWith("the controls of operators")).length, 1);
  down = false;
  await hive.stop();
});

test("one look serves all subscriptions, and events make none", async () => {
  const clock = new ManualClock();
  const inner = new MemoryProvider({ clock });
  const requests: Record<string, number> = {};
  const stores = {
    collection: (name: string) =>
      new Proxy(inner.stores.collection(name), {
        get: (target, property) => {
          requests[`${name}.${String(property)}`] = (requests[`${name}.${String(property)}`] ?? 0) + 1;
          const value: unknown = Reflect.get(target, property);
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      }),
  } as unknown as Provider["stores"];
  const work = ["Job-Work", "Job-Note", "Job-Mail"].map((name) => actor(name, () => {}));
  const { hive } = await scene({ actors: work, provider: overriding<Provider>(inner, { stores }), clock });
  await hive.start();
  for (const name of Object.keys(requests)) delete requests[name];
  await hive.push(Array.from({ length: 1_000 }, (_, n) => new Event("Job", n)));
  await clock.advance("1m");
  assert.equal(requests, { "HiveControls.all": 30, "HiveHeartbeats.upsert": 6 });
  await hive.stop();
});

test("a host looks again before a delivery when its last look is old", async () => {
  const given = await scene();
  const { clock, hive, seen, provider } = given;
  await hive.setup();
  const lease = async (): Promise<Lease> => {
    const { signal } = new AbortController();
    const name = QueueName.parse(queue);
    const [one] = await provider.queues.lease(name, { max: 1, leaseMs: 60_000, waitMs: 0, signal });
    return one as Lease;
  };
  await hive.push([1, 2, 3].map((body) => new Event("Job", body)));
  assert.is(await hive.deliver(await lease()), "committed");
  await pauseElsewhere(given);
  assert.is(await hive.deliver(await lease()), "committed", "the last look is fresh");
  await clock.advance("2s");
  assert.is(await hive.deliver(await lease()), "abandoned");
  const { ready, delayed } = await provider.queues.counts(QueueName.parse(queue));
  assert.equal([seen, ready, delayed], [[1, 2], 0, 1], "it comes back later, not at once");
  await hive.stop();
});

test("a hive without controls follows no pause and sends no heartbeat", async () => {
  const { clock, hive, seen, provider } = await scene({ controls: false });
  await hive.start();
  await (await operate(provider, { clock })).pauseAll({ reason, by });
  await hive.push(new Event("Job", 1));
  await clock.advance(0);
  assert.equal([seen, await hive.hives()], [[1], []]);
  await hive.stop();
});

test("a pause of supervision is listed with its process and its end", async () => {
  const works = actor(queue, () => {
    throw new PauseSubscription("1m", "the gateway is down");
  });
  const { clock, hive } = await scene({ actors: works });
  await hive.start();
  await hive.push(new Event("Job", 1));
  await clock.advance(600);
  const [pause, ...others] = await hive.operator.pauses();
  assert.equal(others, []);
  const [running] = await hive.hives();
  assert.equal(
    [pause?.on, pause?.by, pause?.operator, pause?.reason, pause?.hive],
    [queue, "actor", undefined, "Unavailable: the gateway is down", running?.id],
  );
  assert.is(pause?.until?.getTime(), clock.now() - 600 + 60_000);
  await hive.stop();
});

test("a process that stops beating is gone after three beats", async () => {
  const { clock, hive, provider } = await scene();
  await hive.start();
  const operator = await operate(provider, { clock });
  await clock.advance("1m");
  assert.is((await operator.hives()).length, 1);
  // A crash leaves the heartbeat behind.
  const [id = ""] = (await operator.hives()).map((one) => one.id);
  const beats = provider.stores.collection<Identified>("HiveHeartbeats");
  const { etag: _, ...left } = await beats.get(id);
  await hive.stop();
  assert.equal(await operator.hives(), []);
  await beats.upsert(left);
  await clock.advance("29s");
  assert.is((await operator.hives()).length, 1);
  await clock.advance("10s");
  assert.is((await operator.hives()).length, 0);
  const next = await scene({ provider, clock });
  await next.hive.start();
  assert.not(await beats.exists(id), "the next start removes it");
  await next.hive.stop();
});

test("the last commit of a subscription is known to the length of a look", async () => {
  const { clock, hive } = await scene();
  await hive.start();
  await clock.advance("1m");
  assert.is((await hive.hives())[0]?.lastCommit, undefined);
  await hive.push(new Event("Job", 1));
  await clock.advance("30s");
  const last = (await hive.hives())[0]?.lastCommit?.getTime() ?? 0;
  assert.ok(last <= clock.now() - 28_000 && last >= clock.now() - 30_000, `${clock.now() - last} ms ago`);
  await hive.stop();
});

test("the throttles of an operator and of the code both hold", async () => {
  const { clock, hive, seen } = await scene();
  await hive.start();
  await hive.queue(queue).set({ throttle: { limit: 2, per: "1m" }, by });
  await hive.push([1, 2, 3, 4, 5].map((body) => new Event("Job", body)));
  await clock.advance("1s");
  assert.is(seen.length, 2);
  assert.match(hive.describe(), /throttle +limit 2, per 60000 \(operator ada\)/);
  await clock.advance("2m");
  assert.is(seen.length, 5);
  await hive.queue(queue).set({ throttle: "default", by });
  assert.not.match(hive.describe(), "throttle");
  await hive.stop();
});

test("operators of two processes that change one control lose nothing", async () => {
  const { clock, hive, provider } = await scene();
  await hive.start();
  const operator = await operate(provider, { clock });
  await Promise.all([
    operator.queue(queue).pause({ reason, by }),
    operator.queue(queue).set({ parallelism: 3, by: "bob" }),
    hive.queue(queue).set({ throttle: { limit: 1 }, by: "eve" }),
  ]);
  const { pause, settings } = await hive.queue(queue).operated();
  assert.equal([pause?.by, settings?.parallelism, settings?.throttle], [by, 3, { limit: 1, per: 1_000 }]);
  await hive.stop();
});

test("a hive stops at once while an operator holds its subscription", async () => {
  // A poll gives way to the event loop now and then, each time at another point of the stop.
  for (let round = 0; round < 40; round++) {
    const { hive } = await scene();
    await hive.start();
    await hive.queue(queue).pause({ reason, by });
    await hive.stop();
  }
});

test("a wrong act is refused with every problem", async () => {
  const { hive } = await scene();
  await hive.start();
  const refused = async (code: ErrorCode, words: RegExp, act: Promise<void>): Promise<void> => {
    assert.match((await throwsCode(code, () => act)).message, words);
  };
  const one = hive.queue(queue);
  const wrong = { reason: "", until: new Date(0), by: " " };
  await refused("InvalidConfiguration", /by must.*reason must.*until lies/, one.pause(wrong));
  await refused("InvalidQueueName", /it is a topic/, hive.queue("Job-").pause({ reason, by }));
  await refused("InvalidConfiguration", /name a setting/, one.set({ by }));
  await hive.stop();
});

test.run();
