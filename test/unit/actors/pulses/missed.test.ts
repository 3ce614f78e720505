/** Pulses that no process fired: left out, or made up for once. */
import { createHive, pulse, silentLogger, type HiveOptions, type Schedule } from "beehive-actors";
import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../../providers/memory/index.ts";
import type { Provider } from "../../../../src/contract/provider.ts";
import type { Hive } from "../../../../src/hive/hive.ts";
import { failureOf } from "../../../support/failure.ts";
import { Pulses } from "../../../support/pulses.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("missed pulses");
const by = "ada";
const reason = "stocktaking";

interface Scene {
  readonly clock: ManualClock;
  readonly provider: Provider;
  readonly times: readonly string[];
  readonly start: () => Promise<Hive>;
}

function scene(schedule: Schedule): Scene {
  const clock = new ManualClock(new Date("2020-01-01T00:00:30Z"));
  const provider = new MemoryProvider({ clock });
  const pulses = new Pulses();
  const options: HiveOptions = {
    actors: pulses.actor(),
    pulsers: [pulse("Tick", schedule)],
    provider,
    clock,
    logger: silentLogger,
  };
  const start = async (): Promise<Hive> => {
    const hive = await createHive(options);
    await hive.start();
    await clock.advance(0);
    return hive;
  };
  return { clock, provider, times: pulses.times, start };
}

test("pulses that no process fired are left out by default", async () => {
  const { clock, times, start } = scene({ every: "1m" });
  const hive = await start();
  await clock.advance("1m");
  await hive.stop();
  await clock.advance("10m");
  const next = await start();
  assert.equal(times, ["00:01:00"]);
  await next.stop();
});

test("missed: once fires the last missed pulse when a process starts again", async () => {
  const { clock, times, start } = scene({ every: "1m", missed: "once" });
  const hive = await start();
  assert.equal(times, [], "nothing was missed before the first start");
  await clock.advance("1m");
  await hive.stop();
  await clock.advance("10m");
  const [next, other] = [await start(), await start()];
  await clock.advance("10s");
  assert.equal(times, ["00:01:00", "00:11:00"]);
  await next.stop();
  await other.stop();
});

test("missed: once makes up for a pulse due before the first firing", async () => {
  const { clock, times, start } = scene({ cron: "0 3 * * *", missed: "once" });
  await (await start()).stop();
  await clock.advance("4h");
  const next = await start();
  assert.equal(times, ["03:00:00"]);
  await next.stop();
});

test("a paused pulser fires nothing, and makes up for it as it says", async () => {
  for (const [missed, made] of [
    ["skip", []],
    ["once", ["00:06:00"]],
  ] as const) {
    const { clock, times, start } = scene({ every: "1m", missed });
    const hive = await start();
    await clock.advance("1m");
    await hive.pulser("Tick").pause({ reason, by });
    await clock.advance("5m");
    await hive.pulser("Tick").resume({ by });
    await clock.advance(0);
    assert.equal(times, ["00:01:00", ...made], missed);
    await clock.advance("1m");
    assert.equal(times, ["00:01:00", ...made, "00:07:00"], missed);
    await hive.stop();
  }
});

test("schedules tell last and next firings, also while paused", async () => {
  const { clock, start } = scene({ every: "1m" });
  const hive = await start();
  await clock.advance("1m");
  const first = async (): Promise<unknown[]> => {
    const [one] = await hive.operator.schedules();
    return [one?.schedule, one?.missed, one?.last?.toISOString().slice(11, 19), one?.next?.toISOString().slice(11, 19)];
  };
  assert.equal(await first(), ["every 1m", "skip", "00:01:00", "00:02:00"]);
  await hive.pulser("Tick").pause({ reason, by, until: new Date("2020-01-01T03:00:00Z") });
  assert.equal(await first(), ["every 1m", "skip", "00:01:00", "03:01:00"]);
  await hive.pulser("Tick").pause({ reason, by });
  assert.equal(await first(), ["every 1m", "skip", "00:01:00", undefined]);
  await hive.stop();
});

test("a wrong value of missed is refused", async () => {
  const schedule = { every: "1m", missed: "twice" } as unknown as Schedule;
  const error = await failureOf(createHive({ pulsers: [pulse("Tick", schedule)] }));
  assert.match(String(error), /missed must be "skip" or "once", not "twice"/);
});

test.run();
