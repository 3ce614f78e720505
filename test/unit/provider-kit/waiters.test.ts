import * as assert from "uvu/assert";
import type { Clock } from "../../../src/base/clock.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { Waiters, type Waiter } from "../../../src/provider-kit/waiters.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Waiters");
const never = new AbortController().signal;

function scene(clock: Clock) {
  const waiters = new Waiters<Waiter>(clock);
  const woken: string[] = [];
  const add = (name: string, until: number, signal: AbortSignal = never): void =>
    waiters.add({ until, signal, wake: () => void woken.push(name), place: -1 });
  return { waiters, woken, add };
}

test("each waiter wakes at its end, once", async () => {
  const clock = new ManualClock(0);
  const { waiters, woken, add } = scene(clock);
  add("late", 300);
  add("early", 100);
  add("middle", 200);
  const seen: (readonly string[])[] = [];
  for (let step = 0; step < 4; step++) {
    await clock.advance(step === 0 ? 99 : 100);
    seen.push([...woken]);
  }
  assert.equal(seen, [[], ["early"], ["early", "middle"], ["early", "middle", "late"]]);
  assert.equal([waiters.size, clock.pending], [0, 0]);
});

test("an aborted signal wakes its waiters only", () => {
  const { woken, add, waiters } = scene(new ManualClock(0));
  const abort = new AbortController();
  add("a", 100, abort.signal);
  add("other", 100);
  add("b", 200, abort.signal);
  abort.abort();
  assert.equal([woken.sort(), waiters.size], [["a", "b"], 1]);
});

test("an abort is known of each of several signals", () => {
  const { waiters } = scene(new ManualClock(0));
  const [one, other] = [new AbortController(), new AbortController()];
  const known = (): boolean[] => [one, other].map(({ signal }) => waiters.hasAborted(signal));
  assert.equal(known(), [false, false]);
  one.abort();
  assert.equal(known(), [true, false]);
  other.abort();
  assert.equal(known(), [true, true]);
  assert.is(waiters.hasAborted(AbortSignal.abort()), true);
});

test("the last waiter of a signal leaves no timer", () => {
  const clock = new ManualClock(0);
  const { waiters, add } = scene(clock);
  const abort = new AbortController();
  add("woken", 100, abort.signal);
  waiters.wakeOne();
  abort.abort();
  assert.is(clock.pending, 0);
});

test("close wakes all and leaves no timer", () => {
  const clock = new ManualClock(0);
  const { waiters, woken, add } = scene(clock);
  add("b", 200);
  add("a", 100);
  waiters.close();
  assert.equal([woken.sort(), clock.pending], [["a", "b"], 0]);
});

function jumping() {
  const timers = new ManualClock(0);
  const jump = { by: 0 };
  const clock: Clock = { now: () => timers.now() + jump.by, after: (ms, callback) => timers.after(ms, callback) };
  return { timers, jump, clock };
}

test("a clock put forward wakes later waiters in time", async () => {
  const { timers, jump, clock } = jumping();
  const { woken, add } = scene(clock);
  add("for long", 1_000_000);
  jump.by = 2_000_000;
  add("for a little", clock.now() + 100);
  await timers.advance(100);
  assert.ok(woken.includes("for a little"));
});

test("a clock put back wakes waiters in time", async () => {
  const { timers, jump, clock } = jumping();
  const { woken, add } = scene(clock);
  add("a", 100);
  jump.by = -1;
  await timers.advance(100);
  assert.equal(woken, []);
  await timers.advance(1);
  assert.equal(woken, ["a"]);
});

test("one signal has one listener", () => {
  const { add } = scene(new ManualClock(0));
  const { signal } = new AbortController();
  let listeners = 0;
  signal.addEventListener = () => void listeners++;
  for (const name of ["a", "b", "c"]) add(name, 100, signal);
  assert.is(listeners, 1);
});

test.run();
