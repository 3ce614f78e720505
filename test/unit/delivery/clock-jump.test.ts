/** A clock that jumps while timers are set, as at the first response of a time server. */
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { actor, tampered } from "../../../src/testing/contracts/hive/harness.ts";
import type { ActorContext, Next } from "../../../src/actors/actor.ts";
import { createHive } from "../../../src/hive/hive.ts";
import { PauseSubscription } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import { circuitBreaker } from "../../../src/actors/middleware/circuit-breaker.ts";
import { throttle } from "../../../src/actors/middleware/throttle.ts";
import { FailureCount } from "../../../src/actors/supervision.ts";
import { throwsCode } from "../../support/throws.ts";
import { LeaseKeeper } from "../../../src/delivery/lease-keeper.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { JumpingClock, leased } from "../../support/jumping-clock.ts";
import { suite } from "../../support/suite.ts";

const test = suite("a clock that is put forward or back");
const hour = 3_600_000;

test("a short lease is renewed in time after a clock jump", async () => {
  const clock = new JumpingClock();
  const provider = new MemoryProvider({ clock });
  const keeper = new LeaseKeeper(provider.queues, clock, silentLogger);
  const lost: string[] = [];
  keeper.keep(await leased(clock, provider, "long", 600_000), 600_000, { abort: () => void lost.push("long") });
  clock.jump(hour);
  const short = await leased(clock, provider, "short", 1_000);
  keeper.keep(short, 1_000, { abort: () => void lost.push("short") });
  await clock.timers.advance(5_000);
  assert.ok(!lost.includes("short"));
  assert.ok(short.expiresAt > clock.now());
  keeper.close();
  await provider.close();
});

test("an abandoned lease ends when the clock jumps over its end", async () => {
  const clock = new JumpingClock();
  const provider = new MemoryProvider({ clock });
  await leased(clock, provider, "long", 600_000);
  clock.jump(hour);
  await leased(clock, provider, "short", 1_000);
  await clock.timers.advance(2_000);
  const { ready } = await provider.queues.counts(QueueName.parse("Letters"));
  assert.is(ready, 2);
  await provider.close();
});

test("a clock that is put back does not lengthen a pause", async () => {
  // Every 16th poll of a process waits for a turn of the event loop: repeated, so that each poll of a run is such a one.
  for (let repeated = 0; repeated < 16; repeated++) {
    const clock = new JumpingClock();
    const provider = new MemoryProvider({ clock });
    const runs: number[] = [];
    const works = actor("Ping-Works", () => {
      runs.push(clock.timers.now());
      if (runs.length === 1) throw new PauseSubscription(30_000);
    });
    const hive = await createHive({ actors: works, provider, clock, logger: silentLogger });
    await hive.start();
    const start = clock.timers.now();
    await hive.push(new Event("Ping"));
    await clock.timers.advance(10_000);
    clock.jump(-hour);
    await clock.timers.advance(60_000);
    assert.is(runs.length, 2);
    assert.ok((runs[1] ?? Infinity) - start <= 60_000, `after ${(runs[1] ?? Infinity) - start} ms`);
    await hive.stop();
    await provider.close();
  }
});

test("a clock that is put back does not keep a breaker open", async () => {
  const clock = new JumpingClock();
  const context = { clock } as unknown as ActorContext;
  const breaker = circuitBreaker({ failures: 1, open: 30_000 });
  const run = async (next: Next): Promise<unknown> => breaker(new Event("Ping"), context, next);
  await throwsCode("Unavailable", () => run(() => Promise.reject(new Error("down"))));
  clock.jump(-hour);
  const { message } = await throwsCode("Unavailable", () => run(async () => []));
  assert.is(message, "the circuit breaker is open");
  await clock.timers.advance(30_000);
  await run(async () => []);
});

test("a clock that is put back delays no throttled run", async () => {
  const clock = new JumpingClock();
  const context = { clock, signal: new AbortController().signal } as unknown as ActorContext;
  const slow = throttle({ limit: 2, per: 1_000 });
  const starts: number[] = [];
  const start = clock.timers.now();
  const run = async (): Promise<unknown> =>
    slow(new Event("Ping"), context, async () => {
      starts.push(clock.timers.now() - start);
      return [];
    });
  await Promise.all([run(), run()]);
  clock.jump(-hour);
  const waiting = [run(), run(), run()];
  await clock.timers.advance(5_000);
  await Promise.all(waiting);
  assert.equal(starts, [0, 0, 1_000, 1_000, 2_000]);
});

test("failures from before a clock was put back do not count", () => {
  const count = new FailureCount({ failures: 2, within: 1_000, action: "stop" });
  count.add(hour);
  assert.is(count.add(0), undefined);
  assert.equal(count.add(500), { action: "stop" });
});

test("a pulser fires again, each pulse once, after a clock was put back", async () => {
  const clock = new JumpingClock();
  const provider = new MemoryProvider({ clock });
  const times: number[] = [];
  const pulser = { name: "p", schedule: { every: 60_000 }, pulse: (time: Date) => void times.push(time.getTime()) };
  const options = { actors: actor("Ping-Works", () => {}), pulsers: [pulser], provider, clock, logger: silentLogger };
  const hives = [await createHive(options), await createHive(options)];
  for (const hive of hives) await hive.start();
  const start = clock.timers.now();
  clock.jump(hour);
  await clock.timers.advance(120_000);
  clock.jump(-hour);
  await clock.timers.advance(180_000);
  assert.equal(
    times.map((time) => (time - start) / 60_000),
    [61, 62, 3, 4, 5],
  );
  await Promise.all(hives.map((hive) => hive.stop()));
  await provider.close();
});

test("whenIdle looks again soon after the clock was put forward", async () => {
  const clock = new JumpingClock();
  const memory = new MemoryProvider({ clock });
  let ready = 1;
  const provider = tampered(memory, {
    counts: async () => {
      if (ready > 0) clock.jump(hour);
      return { ready, leased: 0, delayed: 0, dead: 0 };
    },
  });
  const hive = await createHive({ actors: actor("Ping-Works", () => {}), provider, clock, logger: silentLogger });
  await hive.setup();
  let idle = false;
  const idling = hive.whenIdle().then(() => (idle = true));
  await clock.timers.advance(0);
  ready = 0;
  await clock.timers.advance(10_000);
  assert.is(idle, true);
  await idling;
  await hive.stop();
  await memory.close();
});

test.run();
