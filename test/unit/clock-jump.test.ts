/** A clock that is put forward while timers are set, as when a machine wakes up: timers know nothing of that. */
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../providers/memory/index.ts";
import type { Clock, Timer } from "../../src/clock.ts";
import { Event } from "../../src/event.ts";
import { LeaseKeeper } from "../../src/lease-keeper.ts";
import { silentLogger } from "../../src/logger.ts";
import { QueueName } from "../../src/queue-name.ts";
import type { Lease } from "../../src/queue-operator.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { suite } from "../support/suite.ts";

const test = suite("a clock that is put forward");
const hour = 3_600_000;

class JumpingClock implements Clock {
  readonly timers = new ManualClock();
  #ahead = 0;

  now(): number {
    return this.timers.now() + this.#ahead;
  }

  after(ms: number, callback: () => void): Timer {
    return this.timers.after(ms, callback);
  }

  jump(ms: number): void {
    this.#ahead += ms;
  }
}

async function leased(clock: Clock, provider: MemoryProvider, id: string, leaseMs: number): Promise<Lease> {
  const name = QueueName.parse("Letters");
  await provider.queues.ensure([{ name, ordered: false, leaseMs, maxAttempts: 3 }]);
  await provider.queues.push([new Event("Letter", 1, { id, queueName: "Letters" })]);
  const { signal } = new AbortController();
  const [lease] = await provider.queues.lease(name, { max: 1, leaseMs, waitMs: 0, signal });
  assert.is(lease?.expiresAt, clock.now() + leaseMs);
  return lease as Lease;
}

test("given a lease that is kept for long, when the clock jumps, then a short one is renewed in time all the same", async () => {
  const clock = new JumpingClock();
  const provider = new MemoryProvider({ clock });
  const keeper = new LeaseKeeper(provider.queues, clock, silentLogger);
  const lost: string[] = [];
  keeper.keep(await leased(clock, provider, "long", 600_000), 600_000, { cancel: () => void lost.push("long") });
  clock.jump(hour);
  const short = await leased(clock, provider, "short", 1_000);
  keeper.keep(short, 1_000, { cancel: () => void lost.push("short") });
  await clock.timers.advance(5_000);
  assert.ok(!lost.includes("short"));
  assert.ok(short.expiresAt > clock.now());
  keeper.close();
  await provider.close();
});

test("given a lease that nobody keeps, when the clock jumps over its end, then its event comes back", async () => {
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

test.run();
