import type { Clock } from "../../../src/base/clock.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import type { LeaseRequest, QueueOperator } from "../../../src/contract/queue-operator.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { UnreadableRows } from "../../../src/provider-kit/unreadable-rows.ts";
import type { PostgresLease } from "./lease.ts";
import type { Listener } from "./listener.ts";
import type { Notices } from "./notices.ts";
import type { Taken, Taking } from "./taking.ts";
import type { Subscription, Topology } from "./topology.ts";
import type { Waiting } from "./waiting.ts";

/** The parts that the loop works with. */
export interface LeaseLoopParts {
  readonly queues: Pick<QueueOperator<PostgresLease>, "abandon" | "deadLetter">;
  readonly clock: Clock;
  readonly topology: Topology;
  readonly waiting: Waiting;
  readonly listener: Listener;
  readonly taking: Taking;
  readonly notices: Notices;
}

/** The loop of a poll: it takes what is due, and waits for what others hand over. */
export class LeaseLoop {
  readonly #parts: LeaseLoopParts;
  readonly #unreadable: UnreadableRows<PostgresLease>;
  #closed = false;

  constructor(parts: LeaseLoopParts) {
    this.#parts = parts;
    this.#unreadable = new UnreadableRows(parts.queues, parts.clock);
  }

  /** Leases messages for a poll, which waits for them as long as it says. */
  async lease(name: QueueName, request: LeaseRequest): Promise<PostgresLease[]> {
    const { max, leaseMs, waitMs, signal } = request;
    const { clock, topology, waiting, listener } = this.#parts;
    listener.start();
    let giveUpAt = clock.now() + waitMs;
    for (let first = true; ; first = false) {
      if (this.#closed && first) throw new BeeHiveError("InvalidState", "The provider postgres is closed.");
      if (this.#closed) return [];
      const subscription = await topology.subscription(name);
      if (signal.aborted) return [];
      const kept = waiting.kept(subscription, max);
      if (kept.length > 0) return this.#answer(subscription, request, kept);
      // A poll that does not wait asks the server, whatever this process was told.
      if (waiting.mayHave(subscription) || (first && waitMs === 0)) {
        const leases = await this.#take(subscription, max, leaseMs);
        if (leases === undefined) continue;
        // Others were handed over meanwhile.
        leases.push(...waiting.kept(subscription, max - leases.length));
        if (signal.aborted) await this.giveBack(leases);
        else if (leases.length > 0) return this.#answer(subscription, request, leases);
      }
      const now = clock.now();
      // The wait gets no longer when the clock is put back.
      giveUpAt = Math.min(giveUpAt, now + waitMs);
      if (signal.aborted || now >= giveUpAt) return [];
      const until = Math.min(giveUpAt, waiting.dueAt(subscription.id));
      const handed = await waiting.wait(subscription, { max, leaseMs, until, signal });
      if (handed.length > 0) return this.#answer(subscription, request, handed);
    }
  }

  /** A poll that may wait is one of a loop: it comes again for the room that it has left. */
  #answer(subscription: Subscription, { max, waitMs }: LeaseRequest, leases: PostgresLease[]): PostgresLease[] {
    if (waitMs > 0) this.#parts.waiting.comes(subscription, max - leases.length);
    return leases;
  }

  /** Leases what is due. Returns `undefined` when the topology is to be looked at anew. */
  async #take(subscription: Subscription, max: number, leaseMs: number): Promise<PostgresLease[] | undefined> {
    const { clock, waiting, taking, notices } = this.#parts;
    const look = waiting.looks(subscription, max, leaseMs);
    let until: number | undefined;
    let taken: Taken | undefined;
    try {
      taken = await taking.take(subscription, max, leaseMs, look.due > 0);
      if (taken && taken.waitMs > 0) until = clock.now() + taken.waitMs;
    } finally {
      waiting.looked(subscription, look, until);
    }
    if (!taken) return undefined;
    const { leases, unreadable } = taken;
    const count = leases.length + unreadable.length;
    notices.took(subscription.id, count, count < max);
    if (unreadable.length > 0) await this.#unreadable.settle(unreadable);
    return leases;
  }

  /** Gives leases back to their queue. A message that cannot be abandoned is due when its lease ends. */
  async giveBack(leases: readonly PostgresLease[]): Promise<void> {
    const uncounted = { delayMs: 0, countAttempt: false };
    await Promise.allSettled(leases.map((lease) => this.#parts.queues.abandon(lease, uncounted)));
  }

  /** Ends all waits, and gives back what no poll came for. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.giveBack(this.#parts.waiting.close());
  }
}
