import type { Clock, Timer } from "../../../src/base/clock.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import type { LeaseRequest } from "../../../src/contract/queue-operator.ts";
import type { AwsLease } from "./lease.ts";

/** What one receive brought. */
export interface Receipt {
  /** How many messages were received, those included that are not to be worked on now. */
  readonly received: number;
  readonly leases: readonly AwsLease[];
  /** Why some of them could not be read. */
  readonly failure: BeeHiveError | undefined;
}

export interface ReceiverOptions {
  readonly receive: (max: number, leaseMs: number, waitSeconds: number) => Promise<Receipt>;
  /** Gives back, without counting it as an attempt, what nobody waits for any more. */
  readonly abandon: (lease: AwsLease) => Promise<void>;
  readonly clock: Clock;
  /** Told of each receive whether there may be more than it brought. */
  readonly backlog: (full: boolean) => void;
  /** The most messages that one receive brings. */
  readonly batch: number;
  /** The longest wait of one receive. */
  readonly waitSeconds: number;
}

/** How long a lease is kept for the next who asks before it is given back, in ms. */
const stockedMs = 1_000;
/** Receives at the same time, for one queue. */
const maxPolls = 10;

/** A receive that is under way. */
interface Poll {
  readonly max: number;
  /** When it was to be answered at the latest, in ms since the epoch. */
  readonly dueAt: number;
}

interface Waiter {
  readonly max: number;
  readonly leaseMs: number;
  readonly endsAt: number;
  readonly answer: (leases: AwsLease[]) => void;
  readonly fail: (error: Error) => void;
}

/**
 * Receives from one queue for all who wait. A receive that is under way is never cut off: SQS may have handed out a
 * message to it, which would be invisible, and counted as delivered, until its visibility ends. Who stops waiting
 * leaves the receive to the next who comes; what it brings when nobody came is given back.
 */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #waiters = new Set<Waiter>();
  readonly #polls = new Map<Promise<void>, Poll>();
  #stock: AwsLease[] = [];
  #stockTimer: Timer | undefined;
  /** The last receive was full: there may be more than one brings. */
  #backlog = false;
  /** How many receives in a row brought nothing. */
  #empty = 0;
  /** When the last receive began that waited and brought nothing, in ms since the epoch; since then nothing came. */
  #quietSince = -Infinity;
  /** What nobody was there to be told. */
  #unreportedFailure: Error | undefined;
  #closed = false;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  async take({ max, leaseMs, waitMs, signal }: LeaseRequest): Promise<AwsLease[]> {
    if (this.#closed) throw new BeeHiveError("InvalidState", "The AWS provider is closed.");
    if (signal.aborted) return [];
    const failure = this.#unreportedFailure;
    this.#unreportedFailure = undefined;
    if (failure !== undefined) throw failure;
    const stocked = this.#fromStock(max);
    if (stocked.length > 0) return stocked;
    if (waitMs <= 0) return await this.#look(max, leaseMs);
    return await this.#wait({ max, leaseMs, waitMs, signal });
  }

  /** One receive that does not wait. */
  async #look(max: number, leaseMs: number): Promise<AwsLease[]> {
    const { leases, failure } = await this.#options.receive(Math.min(max, this.#options.batch), leaseMs, 0);
    if (leases.length === 0 && failure !== undefined) throw failure;
    this.#unreportedFailure ??= failure;
    return [...leases];
  }

  #wait({ max, leaseMs, waitMs, signal }: LeaseRequest): Promise<AwsLease[]> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiters.delete(waiter);
        timer.cancel();
        signal.removeEventListener("abort", end);
      };
      const waiter: Waiter = {
        max,
        leaseMs,
        endsAt: clock.now() + waitMs,
        answer: (leases) => {
          leave();
          resolve(leases);
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      const end = (): void => waiter.answer([]);
      // Nothing came is not what a receive says that AWS does not answer: its answer, or its failure, is waited for.
      const timer = clock.after(waitMs, () => {
        if (!this.#late) end();
      });
      signal.addEventListener("abort", end, { once: true });
      this.#waiters.add(waiter);
      this.#poll();
    });
  }

  /** Whether a receive under way should have been answered; it fails when its time limit is over. */
  get #late(): boolean {
    const now = this.#options.clock.now();
    return [...this.#polls.values()].some(({ dueAt }) => dueAt <= now);
  }

  /** Starts receives for those who wait: one, or as many as are needed while the queue is known to hold plenty. */
  #poll(): void {
    const { batch, waitSeconds, clock } = this.#options;
    const [first] = this.#waiters;
    if (!first) return;
    let wanted = 0;
    for (const { max } of this.#waiters) wanted += max;
    for (const { max } of this.#polls.values()) wanted -= max;
    const most = this.#backlog ? maxPolls : 1;
    const left = Math.max(1, Math.ceil((first.endsAt - clock.now()) / 1_000));
    while (wanted > 0 && this.#polls.size < most) {
      const max = Math.min(wanted, batch);
      // Only the first waits: were the others to, each would be paid for while the queue is empty.
      this.#receive(max, first.leaseMs, this.#polls.size === 0 ? Math.min(waitSeconds, left, this.#patience) : 0);
      wanted -= max;
    }
  }

  /** How long the next receive may wait, in seconds: the longer a queue is idle the longer, so that a short run ends soon. */
  get #patience(): number {
    return 2 ** Math.min(this.#empty + 1, 5);
  }

  get quietSince(): number {
    return this.#quietSince;
  }

  #receive(max: number, leaseMs: number, wait: number): void {
    const startedAt = this.#options.clock.now();
    const poll = this.#options.receive(max, leaseMs, wait).then(
      ({ received, leases, failure }) => {
        this.#polls.delete(poll);
        this.#backlog = received === max && failure === undefined;
        this.#options.backlog(this.#backlog);
        this.#empty = received === 0 ? this.#empty + 1 : 0;
        // Only a receive that waits asks all servers of SQS ("long polling").
        if (received > 0) this.#quietSince = -Infinity;
        else if (wait > 0) this.#quietSince = startedAt;
        this.#handOut(leases);
        if (failure !== undefined) this.#fail(failure);
        this.#endWaits();
        this.#poll();
      },
      (error: unknown) => {
        this.#polls.delete(poll);
        this.#backlog = false;
        this.#options.backlog(false);
        this.#fail(error instanceof Error ? error : new Error(String(error)));
      },
    );
    this.#polls.set(poll, { max, dueAt: startedAt + wait * 1_000 });
  }

  /** Tells who waits, or who waits next: also what came with events that could be read must not go unsaid. */
  #fail(failure: Error): void {
    if (this.#waiters.size === 0) this.#unreportedFailure = failure;
    for (const waiter of [...this.#waiters]) waiter.fail(failure);
  }

  #handOut(leases: readonly AwsLease[]): void {
    this.#stock.push(...leases);
    for (const waiter of [...this.#waiters]) {
      if (this.#stock.length === 0) return;
      waiter.answer(this.#fromStock(waiter.max));
    }
    if (this.#stock.length > 0)
      this.#stockTimer ??= this.#options.clock.after(stockedMs, () => void this.#clearStock());
  }

  /** Answers those whose time was over while the receive was late. */
  #endWaits(): void {
    const now = this.#options.clock.now();
    for (const waiter of [...this.#waiters]) if (waiter.endsAt <= now) waiter.answer([]);
  }

  #fromStock(max: number): AwsLease[] {
    const now = this.#options.clock.now();
    this.#stock = this.#stock.filter((lease) => lease.isHeld(now));
    return this.#stock.splice(0, max);
  }

  /** Never rejects: what cannot be given back comes back when its lease ends. */
  async #clearStock(): Promise<void> {
    this.#stockTimer?.cancel();
    this.#stockTimer = undefined;
    const stock = this.#stock.splice(0);
    await Promise.allSettled(stock.map((lease) => this.#options.abandon(lease)));
  }

  /** Answers who waits, then lets receives under way end and gives back what they bring. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiter of [...this.#waiters]) waiter.answer([]);
    await Promise.all(this.#polls.keys());
    await this.#clearStock();
  }
}
