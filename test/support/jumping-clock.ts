import { Event } from "beehive-actors";
import type { MemoryProvider } from "beehive-actors/memory";
import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import type { Clock, Timer } from "../../src/base/clock.ts";
import type { Lease } from "../../src/contract/queue-operator.ts";
import { QueueName } from "../../src/events/queue-name.ts";

/** A clock that jumps forward or back without its timers. */
export class JumpingClock implements Clock {
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

/** Returns a lease on a new event of the queue `Letters`. */
export async function leased(clock: Clock, provider: MemoryProvider, id: string, leaseMs: number): Promise<Lease> {
  const name = QueueName.parse("Letters");
  await provider.queues.ensure([{ name, ordered: false, leaseMs, maxAttempts: 3 }]);
  await provider.queues.push([new Event("Letter", 1, { id, queueName: "Letters" })]);
  const { signal } = new AbortController();
  const [lease] = await provider.queues.lease(name, { max: 1, leaseMs, waitMs: 0, signal });
  assert.is(lease?.expiresAt, clock.now() + leaseMs);
  return lease as Lease;
}
