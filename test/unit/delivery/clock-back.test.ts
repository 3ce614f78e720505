/** A clock that is put back, which timers do not notice. */
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import type { Clock } from "../../../src/base/clock.ts";
import { Event } from "../../../src/events/event.ts";
import { LeaseKeeper } from "../../../src/delivery/lease-keeper.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import type { Lease } from "../../../src/contract/queue-operator.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { JumpingClock, leased } from "../../support/jumping-clock.ts";
import { suite } from "../../support/suite.ts";

const hour = 3_600_000;

const backwards = suite("a clock that is put back");
const name = QueueName.parse("Letters");

function lease(provider: MemoryProvider, waitMs = 0): Promise<Lease[]> {
  const { signal } = new AbortController();
  return provider.queues.lease(name, { max: 10, leaseMs: 1_000, waitMs, signal });
}

async function ready(provider: MemoryProvider): Promise<number> {
  return (await provider.queues.counts(name)).ready;
}

backwards("leases that are kept are renewed at once, and none is lost", async () => {
  const clock = new JumpingClock();
  const provider = new MemoryProvider({ clock });
  const keeper = new LeaseKeeper(provider.queues, clock, silentLogger);
  const lost: string[] = [];
  const leases = [];
  for (const id of ["a", "b"]) {
    const one = await leased(clock, provider, id, 1_000);
    leases.push(one);
    keeper.keep(one, 1_000, { abort: () => void lost.push(id) });
  }
  clock.jump(-hour);
  await clock.timers.advance(600);
  for (const { expiresAt } of leases) assert.ok(expiresAt > clock.now() && expiresAt <= clock.now() + 1_000);
  await clock.timers.advance(10_000);
  for (const { expiresAt } of leases) assert.ok(expiresAt > clock.now() && expiresAt <= clock.now() + 1_000);
  assert.equal(lost, []);
  keeper.close();
  await provider.close();
});

backwards("a new lease renews the earlier ones, too", async () => {
  const clock = new JumpingClock();
  const provider = new MemoryProvider({ clock });
  const keeper = new LeaseKeeper(provider.queues, clock, silentLogger);
  const long = await leased(clock, provider, "long", 600_000);
  keeper.keep(long, 600_000, { abort: () => {} });
  clock.jump(-hour);
  keeper.keep(await leased(clock, provider, "short", 1_000), 1_000, { abort: () => {} });
  await clock.timers.advance(1);
  assert.ok(long.expiresAt <= clock.now() + 600_000);
  keeper.close();
  await provider.close();
});

backwards("a lease that nobody keeps ends within twice its time", async () => {
  const clock = new JumpingClock();
  const provider = new MemoryProvider({ clock });
  await leased(clock, provider, "forgotten", 1_000);
  clock.jump(-hour);
  await clock.timers.advance(2_100);
  assert.is(await ready(provider), 1);
  await provider.close();
});

backwards("a lease that is taken then does not keep earlier ones longer", async () => {
  const clock = new JumpingClock();
  const provider = new MemoryProvider({ clock });
  await leased(clock, provider, "forgotten", 1_000);
  clock.jump(-hour);
  await provider.queues.push([new Event("Letter", 1, { id: "next", queueName: "Letters" })]);
  assert.is((await lease(provider)).length, 1);
  await clock.timers.advance(3_100);
  assert.is(await ready(provider), 2);
  await provider.close();
});

backwards("a delayed retry comes after its delay", async () => {
  const clock = new JumpingClock();
  const provider = new MemoryProvider({ clock });
  const one = await leased(clock, provider, "retried", 10_000);
  await provider.queues.abandon(one, { delayMs: 500, countAttempt: true });
  clock.jump(-hour);
  await clock.timers.advance(499);
  assert.is(await ready(provider), 0);
  await clock.timers.advance(1);
  assert.is(await ready(provider), 1);
  await provider.close();
});

backwards("an event for a time comes at that time, by the clock as it is", async () => {
  const clock = new JumpingClock();
  const provider = new MemoryProvider({ clock });
  await provider.queues.ensure([{ name, ordered: false, leaseMs: 1_000, maxAttempts: 3 }]);
  const enqueueTime = new Date(clock.now() + 1_000);
  await provider.queues.push([new Event("Letter", 1, { queueName: "Letters", enqueueTime })]);
  clock.jump(-hour);
  await clock.timers.advance(1_000);
  assert.is(await ready(provider), 0);
  await clock.timers.advance(hour);
  assert.is(await ready(provider), 1);
  await provider.close();
});

backwards("a poll lasts no longer than it was to", async () => {
  const clock = new JumpingClock();
  const provider = new MemoryProvider({ clock });
  await provider.queues.ensure([{ name, ordered: false, leaseMs: 1_000, maxAttempts: 3 }]);
  const polled: string[] = [];
  const long = lease(provider, 20_000).then(() => polled.push("long"));
  clock.jump(-hour);
  const short = lease(provider, 1_000).then(() => polled.push("short"));
  await clock.timers.advance(1_000);
  await clock.timers.advance(20_000);
  assert.equal(polled, ["short", "long"]);
  await Promise.all([long, short]);
  await provider.close();
});

backwards("timers that are early by one make no event early", async () => {
  const clock = new ManualClock();
  const early: Clock = { now: () => clock.now(), after: (ms, callback) => clock.after(ms > 1 ? ms - 1 : ms, callback) };
  const provider = new MemoryProvider({ clock: early });
  const one = await leased(early, provider, "retried", 10_000);
  await provider.queues.abandon(one, { delayMs: 500, countAttempt: true });
  const enqueueTime = new Date(clock.now() + 500);
  await provider.queues.push([new Event("Letter", 1, { id: "timed", queueName: "Letters", enqueueTime })]);
  await clock.advance(499);
  assert.is(await ready(provider), 0);
  await clock.advance(1);
  assert.is(await ready(provider), 2);
  await provider.close();
});

backwards.run();
