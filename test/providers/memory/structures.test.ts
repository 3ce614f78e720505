import * as assert from "uvu/assert";
import { configFrom, defaultConfig } from "../../../providers/memory/config.ts";
import { Fifo } from "../../../providers/memory/queues/fifo.ts";
import { RecentIds } from "../../../providers/memory/queues/recent-ids.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { JumpingClock } from "../../support/jumping-clock.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const fifo = suite("Fifo");

fifo("given items that come and go in any pattern, then they go in the order they came", () => {
  const queue = new Fifo<number>();
  const plain: number[] = [];
  for (let n = 0; n < 20_000; n++) {
    // Grows, shrinks and runs empty.
    if (Math.sin(n / 900) > -0.2) {
      queue.push(n);
      plain.push(n);
    } else assert.is(queue.shift(), plain.shift());
    assert.is(queue.size, plain.length);
  }
  while (plain.length > 0) assert.is(queue.shift(), plain.shift());
  assert.equal([queue.size, queue.shift()], [0, undefined]);
});

fifo.run();

const recent = suite("RecentIds", { timeoutMs: 30_000 });

recent("given an id, then it is known for at least the window and forgotten within two", async () => {
  const clock = new ManualClock();
  const ids = new RecentIds(clock, 1_000);
  assert.equal([ids.add(1, "a"), ids.add(1, "a")], [true, false]);
  await clock.advance(1_000);
  assert.not(ids.add(1, "a"));
  await clock.advance(1_001);
  assert.ok(ids.add(1, "a"));
});

recent("given ids that come all the time, then each is known for at least the window", async () => {
  const clock = new ManualClock();
  const ids = new RecentIds(clock, 1_000);
  for (let n = 0; n < 100; n++) {
    assert.ok(ids.add(1, `${n}`));
    for (let known = Math.max(0, n - 9); known <= n; known++) assert.not(ids.add(1, `${known}`), `${known} at ${n}`);
    await clock.advance(100);
  }
});

recent("given very many ids within the window, then all of them are known", async () => {
  const clock = new ManualClock();
  const ids = new RecentIds(clock, 1_000);
  const idOf = (n: number): string => String(n).padStart(36, "0");
  for (let n = 0; n < 260_000; n++) ids.add(1, idOf(n));
  await clock.advance(999);
  for (const n of [0, 130_000, 259_999]) assert.not(ids.add(1, idOf(n)), `${n}`);
});

recent("a clock that is put back keeps ids for two windows at most", async () => {
  const clock = new JumpingClock();
  clock.jump(3_600_000);
  const ids = new RecentIds(clock, 1_000);
  ids.add(1, "a");
  clock.jump(-3_600_000);
  assert.equal([ids.add(1, "a"), ids.add(1, "b")], [false, true]);
  await clock.timers.advance(1_000);
  assert.not(ids.add(1, "b"));
  await clock.timers.advance(1_000);
  assert.equal([ids.add(1, "a"), ids.add(1, "b")], [true, true]);
});

recent.run();

const config = suite("Memory config");

config("given a URL, then its options are taken, and what is not said is the default", () => {
  assert.equal(configFrom("memory:"), defaultConfig);
  assert.equal(configFrom("memory:?maxEventBytes=1000&deduplicationMs=5"), {
    maxEventBytes: 1_000,
    deduplicationMs: 5,
  });
});

config("given options that are none, then all of them are named", async () => {
  const { message } = await throwsCode("InvalidConfiguration", () =>
    configFrom("memory:?size=1&maxEventBytes=-1&deduplicationMs=soon"),
  );
  for (const problem of [/"size" is not an option/, /maxEventBytes.*"-1"/, /deduplicationMs.*"soon"/])
    assert.match(message, problem);
});

config.run();
