import * as assert from "uvu/assert";
import { configFrom, defaultConfig } from "../../../providers/memory/config.ts";
import { Fifo } from "../../../providers/memory/queues/fifo.ts";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { RecentIds } from "../../../providers/memory/queues/recent-ids.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { JumpingClock } from "../../support/jumping-clock.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const fifo = suite("Fifo");

fifo("items leave in the order they came", () => {
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

recent("an id is known for one window and forgotten within two", async () => {
  const clock = new ManualClock();
  const ids = new RecentIds(clock, 1_000);
  assert.equal([ids.add(1, "a"), ids.add(1, "a")], [true, false]);
  await clock.advance(1_000);
  assert.not(ids.add(1, "a"));
  await clock.advance(1_001);
  assert.ok(ids.add(1, "a"));
});

recent("ids that keep coming are known for at least one window", async () => {
  const clock = new ManualClock();
  const ids = new RecentIds(clock, 1_000);
  for (let n = 0; n < 100; n++) {
    assert.ok(ids.add(1, `${n}`));
    for (let known = Math.max(0, n - 9); known <= n; known++) assert.not(ids.add(1, `${known}`), `${known} at ${n}`);
    await clock.advance(100);
  }
});

recent("very many ids within the window are known", async () => {
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

config("a URL sets options, and the others keep their defaults", () => {
  assert.equal(configFrom("memory:"), defaultConfig);
  assert.equal(configFrom("memory:?maxEventBytes=1000&deduplication=5"), {
    maxEventBytes: 1_000,
    deduplication: 5,
  });
});

config("the deduplication window may be a text with a unit", async () => {
  assert.equal(configFrom("memory:?deduplication=1h").deduplication, 3_600_000);
  assert.ok(new MemoryProvider({ deduplication: "1h" }));
  const { message } = await throwsCode("InvalidConfiguration", () => new MemoryProvider({ deduplication: "0s" }));
  assert.match(message, 'deduplication must be a whole number from 1 ms, or a text such as "30s"');
});

config("unknown and wrong options are all named", async () => {
  const { message } = await throwsCode("InvalidConfiguration", () =>
    configFrom("memory:?size=1&maxEventBytes=-1&deduplication=soon"),
  );
  for (const problem of [/"size" is not an option/, /maxEventBytes.*"-1"/, /deduplication.*"soon"/])
    assert.match(message, problem);
});

config.run();
