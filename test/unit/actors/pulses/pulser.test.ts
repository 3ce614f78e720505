import {
  actorDescription,
  createHive,
  Event,
  eventType,
  pulse,
  silentLogger,
  type ActorOutput,
  type ProcessorActor,
  type Pulser,
  type Schedule,
} from "beehive-actors";
import { ManualClock, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../../providers/memory/index.ts";
import { pulseEvents } from "../../../../src/actors/pulses/pulsing.ts";
import { lastTime } from "../../../../src/actors/pulses/schedule.ts";
import { failureOf } from "../../../support/failure.ts";
import { suite } from "../../../support/suite.ts";
import { Pulses } from "../../../support/pulses.ts";

const test = suite("pulsers");
const minute = 60_000;
const hour = 60 * minute;

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
    pulse("Tank", { cron: "0 0 31 2 *" }),
    // @ts-expect-error -- an interval has no time zone
    pulse("Tonk", { every: minute, timezone: "Europe/Zurich" }),
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
  assert.match(error.message, 'the pulser "Tank": "0 0 31 2 *" names a time that never comes');
  assert.match(error.message, 'the pulser "Tonk": timezone belongs to a cron line');
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
  const provider = new MemoryProvider({ clock });
  const hive = await createHive({
    actors: new Pulses().actor(),
    pulsers: [endless],
    provider,
    clock,
    logger: silentLogger,
  });
  await hive.start();
  await clock.advance(minute + 500);
  assert.is(open, 1);
  const stopping = hive.stop({ deadline: 10_000 });
  await clock.advance(12_000);
  await stopping;
  assert.is(open, 0);
});

test.run();
