import * as assert from "uvu/assert";
import { Alarm } from "../../../src/base/alarm.ts";
import type { Clock, Timer } from "../../../src/base/clock.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Alarm");

function scene(clock: Clock & { advance(ms: number): Promise<void> } = new ManualClock(0)) {
  const rings: number[] = [];
  return { clock, rings, alarm: new Alarm(clock, () => rings.push(clock.now())) };
}

test("an alarm rings once, at the earliest of its times", async () => {
  const { clock, rings, alarm } = scene();
  assert.equal(
    [30, 10, 20].map((time) => alarm.ringBy(time)),
    [true, true, false],
  );
  await clock.advance(100);
  assert.equal(rings, [10]);
});

test("an alarm that keeps no process lets go of each of its timers", () => {
  let kept = 0;
  const after = (): Timer => {
    kept++;
    return { cancel() {}, unref: () => void kept-- };
  };
  const alarms = [true, false].map((keepsProcess) => new Alarm({ now: () => 0, after }, () => {}, keepsProcess));
  for (const alarm of alarms) alarm.ringBy(10);
  for (const alarm of alarms) alarm.ringBy(5);
  assert.is(kept, 2);
});

test("an alarm that rang can be set again", async () => {
  const { clock, rings, alarm } = scene();
  alarm.ringBy(10);
  await clock.advance(10);
  alarm.ringBy(30);
  await clock.advance(20);
  assert.equal(rings, [10, 30]);
});

test("a cancelled alarm does not ring, and can be set to a later time", async () => {
  const { clock, rings, alarm } = scene();
  alarm.ringBy(10);
  alarm.cancel();
  alarm.ringBy(20);
  await clock.advance(100);
  assert.equal(rings, [20]);
});

test("an alarm that is overdue after a jump of the clock rings at once", async () => {
  const inner = new ManualClock(0);
  let aheadMs = 0;
  const jumping: Clock & { advance(ms: number): Promise<void> } = {
    now: () => inner.now() + aheadMs,
    after: (ms, callback) => inner.after(ms, callback),
    advance: (ms) => inner.advance(ms),
  };
  const { clock, rings, alarm } = scene(jumping);
  alarm.ringBy(10_000);
  aheadMs = 20_000;
  alarm.ringBy(20_500);
  await clock.advance(500);
  assert.equal(rings, [20_000]);
});

test("an alarm that is due is not put off by a later time", async () => {
  const { clock, rings, alarm } = scene();
  clock.after(10, () => {
    for (const time of [20, 30]) alarm.ringBy(time);
  });
  alarm.ringBy(10);
  await clock.advance(100);
  assert.equal(rings, [10]);
});

test.run();
