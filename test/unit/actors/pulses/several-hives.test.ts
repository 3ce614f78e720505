/** Pulsers of several hives on a provider, as of several processes. */
import { createHive, Event, pulse, silentLogger, type Hive, type Pulser } from "beehive-actors";
import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../../providers/memory/index.ts";
import { suite } from "../../../support/suite.ts";
import { Pulses } from "../../../support/pulses.ts";

const test = suite("pulsers of several hives");
const minute = 60_000;
const hour = 60 * minute;

/** Hives that share a provider, like many processes. */
async function hives(count: number, pulsers: readonly Pulser[], clock: ManualClock): Promise<[Hive[], string[]]> {
  const provider = new MemoryProvider({ clock });
  const pulses = new Pulses();
  const started: Hive[] = [];
  for (let index = 0; index < count; index++) {
    const options = { actors: pulses.actor(), pulsers, provider, clock, logger: silentLogger };
    const hive = await createHive(options);
    await hive.start();
    started.push(hive);
  }
  return [started, pulses.times];
}

test("of three hives on one provider one fires each pulse", async () => {
  const clock = new ManualClock();
  let fired = 0;
  const counting: Pulser = {
    name: "counting",
    schedule: { every: minute },
    async pulse(time) {
      fired++;
      await new Promise<void>((resolve) => clock.after(1_000, resolve));
      return [new Event("Tick", { time: time.toISOString() })];
    },
  };
  const [all, times] = await hives(3, [counting], clock);
  await clock.advance(5 * minute + 1_000);
  assert.is(fired, 5);
  assert.equal(times, ["00:01:00", "00:02:00", "00:03:00", "00:04:00", "00:05:00"]);
  await Promise.all(all.map((hive) => hive.stop()));
});

test("three hives with slightly different clocks fire a pulse once", async () => {
  const clock = new ManualClock(new Date("2020-01-01T00:00:30Z"));
  const provider = new MemoryProvider({ clock });
  let fired = 0;
  const counting: Pulser = { name: "counting", schedule: { every: minute }, pulse: () => void fired++ };
  const started: Hive[] = [];
  for (const lateMs of [0, 100, 2_000]) {
    const late = { now: () => clock.now() - lateMs, after: clock.after.bind(clock) };
    const options = { actors: new Pulses().actor(), pulsers: [counting], provider, clock: late, logger: silentLogger };
    const hive = await createHive(options);
    await hive.start();
    started.push(hive);
  }
  await clock.advance(3 * minute + 10_000);
  assert.is(fired, 3);
  await Promise.all(started.map((hive) => hive.stop()));
});

test("a hive goes on firing when the others stop", async () => {
  const clock = new ManualClock();
  const [[first, second, third], times] = await hives(3, [pulse("Tick", { every: minute })], clock);
  await clock.advance(minute);
  await Promise.all([first?.stop(), second?.stop()]);
  await clock.advance(minute);
  assert.is(times.length, 2);
  await third?.stop();
});

test("pulses that were missed without a hive are not fired later", async () => {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  const pulses = new Pulses();
  const options = {
    actors: pulses.actor(),
    pulsers: [pulse("Tick", { every: minute })],
    provider,
    clock,
    logger: silentLogger,
  };
  const before = await createHive(options);
  await before.start();
  await clock.advance(minute);
  await before.stop();
  await clock.advance(10 * hour);
  const after = await createHive(options);
  await after.start();
  await clock.advance(minute);
  assert.equal(pulses.times, ["00:01:00", "10:02:00"]);
  await after.stop();
});

test("a process that slept through pulses fires the latest once", async () => {
  const clock = new SleepyClock();
  const [[hive], times] = await hives(1, [pulse("Tick", { every: minute })], clock);
  await clock.advance(minute);
  clock.sleep(10 * minute);
  await clock.advance(minute);
  assert.equal(times, ["00:01:00", "00:12:00"]);
  await hive?.stop();
});

/** A clock whose machine can be suspended, after which its timers are late. */
class SleepyClock extends ManualClock {
  #slept = 0;

  override now(): number {
    return super.now() + this.#slept;
  }

  sleep(ms: number): void {
    this.#slept += ms;
  }
}

test("a hive that does not fire logs nothing", async () => {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  const errors: unknown[] = [];
  const logger = { ...silentLogger, error: (fields: object) => void errors.push(fields) };
  const pulse = (): Promise<void> => new Promise((resolve) => clock.after(1_000, resolve));
  const pulsers = [{ name: "slow", schedule: { every: minute }, pulse }];
  const options = { actors: new Pulses().actor(), pulsers, provider, clock, logger };
  const both = [await createHive(options), await createHive(options)];
  for (const hive of both) await hive.start();
  const { locks } = provider.stores;
  const tryLock = locks.tryLock.bind(locks);
  let tried = 0;
  locks.tryLock = (...lock) => {
    tried++;
    return tryLock(...lock);
  };
  await clock.advance(minute + 10_000);
  assert.equal(errors, []);
  assert.is(tried, 2, "a lock is paid for on a cloud: the other looks whether it was fired first");
  await Promise.all(both.map((hive) => hive.stop()));
});

test("a pulse of a dead process is fired by another after its lock", async () => {
  const clock = new ManualClock();
  const [[hive], times] = await hives(1, [pulse("Tick", { every: minute })], clock);
  assert.ok(hive);
  await clock.advance(minute - 1);
  await holdUnrenewed(hive, "pulser/Tick");
  await clock.advance(1);
  assert.equal(times, []);
  await clock.advance(10_000);
  assert.equal(times, ["00:01:00"]);
  await clock.advance(minute - 10_000);
  assert.equal(times, ["00:01:00", "00:02:00"]);
  await hive.stop();
});

test("an old pulse of a dead process is skipped when the next is due", async () => {
  const clock = new ManualClock();
  const [[hive], times] = await hives(1, [pulse("Tick", { every: 1_000 })], clock);
  assert.ok(hive);
  await clock.advance(999);
  await holdUnrenewed(hive, "pulser/Tick");
  await clock.advance(6_001);
  assert.equal(times, ["00:00:06", "00:00:07"]);
  await hive.stop();
});

test("a stop does not wait for a pulse that another process holds", async () => {
  const clock = new ManualClock();
  const [[hive], times] = await hives(1, [pulse("Tick", { every: minute })], clock);
  assert.ok(hive);
  const { locks } = hive.provider.stores;
  let tried = 0;
  locks.tryLock = async () => {
    if (++tried > 9) throw new Error("it is tried again and again");
    return undefined;
  };
  await clock.advance(minute);
  await hive.stop();
  assert.ok(tried <= 2, `${tried}`);
  assert.equal(times, []);
});

/** Takes a lock as a process does that dies at once: the lock is held and not renewed. */
async function holdUnrenewed({ provider }: Hive, resource: string): Promise<void> {
  await provider.stores.locks.tryLock(resource, { ttl: 5_000 });
  (provider as MemoryProvider).stores.close();
}

test.run();
