import {
  actorDescription,
  createHive,
  Event,
  eventType,
  pulse,
  silentLogger,
  type ActorOutput,
  type Hive,
  type ProcessorActor,
  type Pulser,
  type Schedule,
} from "beehive-actors";
import { ManualClock, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { pulseEvents } from "../../../src/pulses/pulsing.ts";
import { lastTime } from "../../../src/pulses/schedule.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("pulsers");
const minute = 60_000;
const hour = 60 * minute;

/** Times of the pulses, from their events. */
class Pulses {
  readonly times: string[] = [];

  actor(): new () => ProcessorActor {
    const { times } = this;
    @actorDescription("Tick-Count")
    class CountActor implements ProcessorActor {
      processAsync(event: Event): void {
        times.push(event.getBody<{ time: string }>().time.slice(11, 19));
      }
    }
    return CountActor;
  }
}

async function ticking(schedule: Schedule, start: string): Promise<{ hive: TestHive; times: string[] }> {
  const pulses = new Pulses();
  const clock = new ManualClock(new Date(start));
  const hive = await TestHive.start({ actors: pulses.actor(), pulsers: [pulse("Tick", schedule)], clock });
  return { hive, times: pulses.times };
}

test("an interval fires at its multiples since the epoch", async () => {
  const { hive, times } = await ticking({ every: minute }, "2020-01-01T00:00:42Z");
  await hive.advance(3 * minute);
  assert.equal(times, ["00:01:00", "00:02:00", "00:03:00"]);
  await hive.stop();
});

test("a cron line fires by UTC", async () => {
  const { hive, times } = await ticking({ cron: "*/20 9-10 * * *" }, "2020-01-01T00:00:00Z");
  await hive.advance(24 * hour);
  assert.equal(times, ["09:00:00", "09:20:00", "09:40:00", "10:00:00", "10:20:00", "10:40:00"]);
  await hive.stop();
});

test("a cron line with a time zone follows its clock changes", async () => {
  const { hive, times } = await ticking({ cron: "0 12 * * *", timezone: "Europe/Zurich" }, "2020-03-28T00:00:00Z");
  await hive.advance(48 * hour);
  assert.equal(times, ["11:00:00", "10:00:00"]);
  await hive.stop();
});

test("a cron line without further times fires no more", async () => {
  const { hive, times } = await ticking({ cron: "0 0 0 2 1 * 2020" }, "2020-01-01T00:00:00Z");
  await hive.advance(10 * 24 * hour);
  assert.equal(times, ["00:00:00"]);
  await hive.stop();
});

test("a stopped pulser fires nothing and leaves no timer", async () => {
  const { hive, times } = await ticking({ every: minute }, "2020-01-01T00:00:30Z");
  await hive.advance(minute);
  await hive.stop();
  await hive.advance(hour);
  assert.equal(times, ["00:01:00"]);
  assert.is(hive.clock.pending, 0);
});

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

test("a custom pulser may return any events, also asynchronously", async () => {
  class ReportPulser implements Pulser {
    readonly name = "reports";
    readonly schedule = { every: hour };
    async pulse(time: Date): Promise<ActorOutput> {
      return [new Event("Tick", { time: time.toISOString() }), new Event("Tick", { time: "xxxxxxxxxxxagain---" })];
    }
  }
  const pulses = new Pulses();
  const hive = await TestHive.start({ actors: pulses.actor(), pulsers: [new ReportPulser()] });
  await hive.advance(hour);
  assert.equal(pulses.times, ["01:00:00", "again---"]);
  await hive.stop();
});

test("a failing pulser is logged and fires again at its next pulse", async () => {
  let tries = 0;
  const errors: unknown[] = [];
  const flaky: Pulser = {
    name: "flaky",
    schedule: { every: minute },
    pulse(time) {
      if (++tries === 1) throw new Error("not yet");
      return [new Event("Tick", { time: time.toISOString() })];
    },
  };
  const pulses = new Pulses();
  const logger = { ...silentLogger, error: (fields: object) => void errors.push(fields) };
  const hive = await TestHive.start({ actors: pulses.actor(), pulsers: [flaky], logger });
  await hive.advance(2 * minute);
  assert.equal(pulses.times, ["00:02:00"]);
  assert.is(errors.length, 1);
  await hive.stop();
});

test("a pulse longer than its interval does not overlap the next", async () => {
  let running = 0;
  let most = 0;
  const clock = new ManualClock();
  const slow: Pulser = {
    name: "slow",
    schedule: { every: minute },
    async pulse() {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => clock.after(2.5 * minute, resolve));
      running--;
    },
  };
  const hive = await TestHive.start({ actors: new Pulses().actor(), pulsers: [slow], clock });
  await hive.advance(10 * minute);
  assert.is(most, 1);
  const stopping = hive.hive.stop();
  await hive.advance(3 * minute);
  await stopping;
  await hive.stop();
});

test("the set-up makes a pulser's topic without a reader", async () => {
  const provider = new MemoryProvider();
  const errors: unknown[] = [];
  const logger = { ...silentLogger, error: (fields: object) => errors.push(fields) };
  const pulsers = [pulse("Tock", { every: minute })];
  const hive = await TestHive.start({ actors: new Pulses().actor(), pulsers, logger });
  await hive.advance(2 * minute);
  assert.equal(errors, []);
  await hive.stop();

  const checking = await createHive({ actors: new Pulses().actor(), pulsers, provider, topology: "check" });
  const error = await failureOf(checking.start());
  assert.is(error.code, "QueueNotFound");
  assert.match(error.message, "Tock-");
  await checking.stop();
});

test("a stop waits until a pulse under way is published", async () => {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  const slow: Pulser = {
    name: "slow",
    schedule: { every: minute },
    async pulse(time) {
      await new Promise<void>((resolve) => clock.after(1_000, resolve));
      return [new Event("Tick", { time: time.toISOString() })];
    },
  };
  const options = { actors: new Pulses().actor(), pulsers: [slow], provider, clock, logger: silentLogger };
  const hive = await createHive(options);
  await hive.start();
  await clock.advance(minute);
  let stopped = false;
  const stopping = hive.stop().then(() => (stopped = true));
  await clock.advance(999);
  assert.is(stopped, false);
  await clock.advance(1);
  await stopping;
  assert.is((await hive.queue("Tick-Count").counts()).ready, 1);
});

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

test("events of a pulse keep their ids, or have one by position", async () => {
  const pulser = {
    name: "own",
    schedule: { every: minute },
    pulse: () => [new Event("Tick", 1, { id: "mine" }), new Event("Tick", 2)],
  };
  const events = await pulseEvents(pulser, 60_000);
  assert.equal(
    events.map(({ id }) => id),
    ["mine", "own-60000-1"],
  );
});

test("lastTime returns the given time itself, by UTC on any machine", () => {
  const zone = process.env["TZ"];
  process.env["TZ"] = "Asia/Tokyo";
  try {
    const noon = Date.UTC(2020, 0, 2, 12);
    for (const schedule of [{ cron: "0 12 * * *" }, { every: 12 * hour }]) {
      assert.is(lastTime(schedule, noon), noon);
      assert.is(lastTime(schedule, noon + 1), noon);
    }
    assert.is(lastTime({ cron: "0 12 * * *" }, noon - 1), noon - 24 * hour);
  } finally {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  }
});

test("wrong pulsers are all reported at once", async () => {
  const pulsers = [
    pulse("Tick", { every: 1 }),
    pulse("Tick", { cron: "61 * * * *" }),
    pulse("Tock", { cron: "* * * * *", timezone: "Mars/Olympus" }),
    // @ts-expect-error -- one of them
    pulse("Tack", { every: minute, cron: "* * * * *" }),
    { ...pulse("Tuck", { every: minute }), publishes: ["Tuck-Count"] },
    { ...pulse("Teck", { every: minute }), publishes: "Teck" as unknown as string[] },
    // @ts-expect-error -- an option that is none
    pulse("Teak", { cron: "* * * * *", timeZone: "Europe/Berlin" }),
    // @ts-expect-error -- neither
    pulse("Tuk", {}),
    // As a circular import gives it.
    { ...pulse("Tyck", { every: minute }), publishes: [undefined as unknown as string] },
  ];
  const error = await failureOf(createHive({ actors: new Pulses().actor(), pulsers }));
  assert.is(error.code, "InvalidConfiguration");
  assert.match(error.message, 'two pulsers are called "Tick"');
  assert.match(error.message, "every must be a whole number of ms from 10, at most 100 years, not 1");
  assert.match(error.message, '"61 * * * *" is not a cron line');
  assert.match(error.message, 'the pulser "Tock"');
  assert.match(error.message, 'the pulser "Tack" has both every and cron');
  assert.match(error.message, 'the pulser "Tuck" publishes: "Tuck-Count" is a subscription');
  assert.match(error.message, 'the pulser "Teck": publishes must be a list');
  assert.match(error.message, 'the pulser "Teak": "timeZone" is no option of a schedule');
  assert.match(error.message, 'the pulser "Tuk": its schedule has neither every nor cron');
  assert.match(error.message, 'the pulser "Tyck" publishes: undefined is not an event type');
});

test("two pulsers fire at their own intervals", async () => {
  // The C# library has this test. Its pulsers also fire at their start; ours fire at multiples of their interval.
  const seen: string[] = [];
  @actorDescription("Ev1-Count")
  @actorDescription("Ev2-Count")
  class CountActor implements ProcessorActor {
    processAsync({ eventType }: Event): void {
      seen.push(eventType);
    }
  }
  const pulsers = [pulse("Ev1", { every: 1_000 }), pulse("Ev2", { every: 2_000 })];
  const hive = await TestHive.start({ actors: CountActor, pulsers });
  await hive.advance(3_000);
  assert.equal(seen.toSorted(), ["Ev1", "Ev1", "Ev1", "Ev2"]);
  await hive.stop();
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

test("events of a pulse with an event type go where the type defines", async () => {
  const tick = eventType<{ readonly time: string }>("Tick", undefined, { queueName: "Ticks", version: 2 });
  const pulser = pulse(tick, { every: minute });
  assert.is(pulser.name, "Tick");
  assert.equal(pulser.publishes, [tick]);
  const [event] = await pulseEvents(pulser, minute);
  assert.equal([event?.queueName, event && tick.read(event)], ["Ticks", { time: "1970-01-01T00:01:00.000Z" }]);
  // @ts-expect-error -- its events have no time
  pulse(eventType<{ readonly orderId: string }>("Order"), { every: minute });
});

test("a stop ends a pulser without an end", async () => {
  const clock = new ManualClock();
  let open = 0;
  const endless: Pulser = {
    name: "endless",
    schedule: { every: minute },
    async *pulse() {
      open++;
      try {
        for (;;) {
          await new Promise<void>((resolve) => clock.after(1_000, resolve));
          yield new Event("Tick", {});
        }
      } finally {
        open--;
      }
    },
  };
  const [[hive]] = await hives(1, [endless], clock);
  await clock.advance(minute + 500);
  assert.is(open, 1);
  const stopping = hive?.stop({ deadline: 10_000 });
  await clock.advance(12_000);
  await stopping;
  assert.is(open, 0);
});

test.run();
