import * as assert from "uvu/assert";
import { messageOf } from "../../../src/base/error-text.ts";
import { sleep, systemClock, withTimeLimit } from "../../../src/base/clock.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Clock");
const aMonth = 31 * 24 * 3_600_000;

test("a callback runs once, not before its time", async () => {
  const started = performance.now();
  let calls = 0;
  await new Promise<void>((resolve) => systemClock.after(30, () => (calls++, resolve())));
  assert.ok(performance.now() - started >= 28);
  assert.is(calls, 1);
});

test("a wait beyond the limit of timers works and can be cancelled", async () => {
  let called = false;
  const timer = systemClock.after(aMonth, () => (called = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  timer.cancel();
  assert.not(called);
});

test("a negative wait runs soon", async () => {
  await new Promise<void>((resolve) => systemClock.after(-5, resolve));
});

test("an aborted sleep resolves at once and leaves no timer", async () => {
  const clock = new ManualClock();
  const stop = new AbortController();
  const sleeping = sleep(clock, 1_000, stop.signal);
  stop.abort();
  await sleeping;
  assert.is(clock.pending, 0);
  await sleep(clock, 1_000, stop.signal);
  assert.is(clock.pending, 0);
});

test("work in time has its own outcome and leaves no timer", async () => {
  const clock = new ManualClock();
  assert.is(await withTimeLimit(Promise.resolve("done"), clock, 1_000, () => "late"), "done");
  const failing = withTimeLimit(Promise.reject(new Error("failed")), clock, 1_000, () => "late");
  assert.is(await failing.catch(messageOf), "failed");
  assert.is(clock.pending, 0);
});

test("work beyond its time limit has the outcome of being late", async () => {
  const clock = new ManualClock();
  const endless = new Promise<never>(() => {});
  const late = withTimeLimit(endless, clock, 1_000, () => "late");
  const failing = withTimeLimit(endless, clock, 1_000, () => {
    throw new Error("too late");
  }).catch(messageOf);
  await clock.advance(1_000);
  assert.equal([await late, await failing], ["late", "too late"]);
});

test.run();

const manual = suite("ManualClock");

manual("due timers run in the order of their times, each at its own", async () => {
  const clock = new ManualClock(1_000);
  const log: string[] = [];
  for (const [name, ms] of [
    ["c", 30],
    ["a", 10],
    ["b", 10],
    ["never", 101],
  ] as const)
    clock.after(ms, () => log.push(`${name} ${clock.now()}`));
  await clock.advance(100);
  assert.equal(log, ["a 1010", "b 1010", "c 1030"]);
  assert.is(clock.now(), 1_100);
  assert.is(clock.pending, 1);
});

manual("code that awaits between timers resumes at the time of each", async () => {
  const clock = new ManualClock(0);
  const log: number[] = [];
  const work = (async () => {
    for (let n = 0; n < 3; n++) {
      await sleep(clock, 10);
      await Promise.resolve();
      log.push(clock.now());
    }
  })();
  await clock.advance(25);
  assert.equal(log, [10, 20]);
  await clock.advance(5);
  await work;
  assert.equal(log, [10, 20, 30]);
});

manual("a cancelled timer does not run, even if another one cancelled it", async () => {
  const clock = new ManualClock();
  const log: string[] = [];
  const later = clock.after(10, () => log.push("later"));
  clock.after(5, () => later.cancel());
  clock.after(7, () => log.push("other"));
  await clock.advance(20);
  assert.equal(log, ["other"]);
});

manual("the clock starts at a given date", () => {
  assert.is(new ManualClock(new Date("2026-01-01T00:00:00Z")).now(), Date.UTC(2026, 0, 1));
});

manual.run();
