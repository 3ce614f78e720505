/** The hive itself, apart from its actors. */
import { createHive, Event, silentLogger, type HiveOptions } from "beehive-actors";
import { MemoryProvider } from "beehive-actors/memory";
import * as assert from "uvu/assert";
import { overriding } from "../../../src/base/overriding.ts";
import type { Provider } from "../../../src/contract/provider.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { actor, Gate, running, tampered } from "../../../src/testing/contracts/hive/harness.ts";
import { failureOf } from "../../support/failure.ts";
import { PatientClock } from "../../support/patient-clock.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("a hive");

const idle = actor("Ping-Works", () => {});

test("every problem of the options is listed at once", async () => {
  const wrong = { actor: idle, actors: idle, provider: 5, container: {}, topology: "make" };
  const { code, message } = await failureOf(createHive(wrong as unknown as HiveOptions));
  assert.is(code, "InvalidConfiguration");
  for (const problem of [
    '"actor" is not an option; there are actors',
    "provider must be a URL",
    "container must be a Container of inversify",
    'topology must be create or check, not "make"',
  ])
    assert.match(message, problem);
  for (const none of [undefined, null, "memory:"])
    assert.match((await failureOf(createHive(none as unknown as HiveOptions))).message, "takes an object of options");
});

test("a failed set-up is repeated when asked again", async () => {
  const memory = new MemoryProvider();
  let tries = 0;
  const provider = tampered(memory, {
    async ensure(specs) {
      if (++tries === 1) throw new BeeHiveError("Unavailable", "no answer");
      await memory.queues.ensure(specs);
    },
  });
  const hive = await createHive({ actors: idle, provider, logger: silentLogger });
  await throwsCode("Unavailable", () => hive.start());
  await hive.start();
  await hive.setup();
  assert.is(tries, 2);
  await hive.stop();
  await memory.close();
});

test("a set-up that creates also sets up the provider", async () => {
  const provider = new MemoryProvider();
  let calls = 0;
  const counting = overriding<Provider>(provider, { setup: async () => void calls++ });
  for (const topology of ["create", "check"] as const) {
    await using hive = await createHive({ actors: idle, provider: counting, topology, logger: silentLogger });
    await hive.setup();
    assert.is(calls, 1, topology);
  }
});

test("a hive is not idle while empty counts lag", async () => {
  const clock = new PatientClock();
  const memory = new MemoryProvider({ clock });
  let lagging = true;
  const provider = tampered(memory, {
    counts: async (name) => ({ ...(await memory.queues.counts(name)), lagging }),
  });
  const hive = await running({ provider }, idle, { clock });
  let isIdle = false;
  const waiting = hive.whenIdle().then(() => (isIdle = true));
  await clock.advance(1_000);
  assert.is(isIdle, false);
  lagging = false;
  await clock.advance(1_000);
  assert.is(isIdle, true);
  await waiting;
  await hive.stop();
});

test("a push calls the provider only for business events", async () => {
  const memory = new MemoryProvider();
  const pushed: number[] = [];
  const provider = tampered(memory, { push: async (events) => void pushed.push(events.length) });
  await using hive = await createHive({ actors: idle, provider, logger: silentLogger });
  await hive.push([]);
  await hive.push(new Event("Ping", 1, { delivery: "log" }));
  assert.equal(pushed, [1]);
});

test("a stop waits for log events under way", async () => {
  const memory = new MemoryProvider();
  const gate = new Gate();
  const provider = tampered(memory, { push: () => gate.pass().then(() => 0) });
  const hive = await createHive({ actors: idle, provider, logger: silentLogger });
  await hive.push(new Event("Ping", 1, { delivery: "log" }));
  let stopped = false;
  const stopping = hive.stop().then(() => (stopped = true));
  for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
  assert.is(stopped, false);
  gate.open();
  await stopping;
});

test("a stop resolves whenIdle", async () => {
  const clock = new PatientClock();
  const hive = await createHive({ actors: idle, clock, logger: silentLogger });
  await hive.setup();
  await hive.push(new Event("Ping"));
  const waiting = hive.whenIdle();
  await clock.advance(1_000);
  await hive.stop();
  await waiting;
});

test("an unknown selection of dead letters drops none", async () => {
  const clock = new PatientClock();
  const failing = actor("Ping-Works", () => Promise.reject(new Error("no")), { retry: { maxAttempts: 1 } });
  const hive = await createHive({ actors: failing, clock, logger: silentLogger });
  await hive.start();
  await hive.push(new Event("Ping"));
  await clock.advance(0);
  for (const which of [undefined, {}, { all: false }, { all: "yes" }])
    await throwsCode("InvalidKey", () => hive.queue("Ping-Works").drop(which as never));
  assert.is((await hive.queue("Ping-Works").counts()).dead, 1);
  await hive.stop();
});

test("a second stop does nothing", async () => {
  let closed = 0;
  const provider = new MemoryProvider();
  const journal = { subject: () => undefined };
  const hive = await createHive({ actors: idle, provider, journal, logger: silentLogger });
  const close = hive.journal?.close.bind(hive.journal);
  Object.assign(hive.journal ?? {}, { close: () => (closed++, close?.()) });
  await Promise.all([hive.stop(), hive.stop()]);
  await hive.stop();
  assert.is(closed, 1);
});

test("the first of two errors that stop the hive is reported", async () => {
  const clock = new PatientClock();
  const gate = new Gate();
  const failing = actor(
    "Ping-Works",
    async (event) => {
      await gate.pass();
      throw new TypeError(`${event.getBody<number>()}`);
    },
    { parallelism: 2, supervision: [{ on: TypeError, action: "stop" }] },
  );
  const hive = await running({ provider: new MemoryProvider({ clock }) }, failing, { clock });
  await hive.push([new Event("Ping", 1), new Event("Ping", 2)]);
  await clock.advance(0);
  gate.open();
  assert.is((await failureOf(hive.whenStopped())).message, "1");
});

test.run();
