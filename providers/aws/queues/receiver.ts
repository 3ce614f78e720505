import type { Clock, Timer } from "../../../src/base/clock.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import type { LeaseRequest } from "../../../src/contract/queue-operator.ts";
import { Callers } from "../../../src/provider-kit/callers.ts";
import type { AwsLease } from "./lease.ts";

/** The result of one receive. */
export interface Receipt {
  /** Number of messages received, with those that are not due yet. */
  readonly received: number;
  readonly leases: readonly AwsLease[];
  /** The failure of messages that could not be read. */
  readonly failure: BeeHiveError | undefined;
}

export interface ReceiverOptions {
  readonly receive: (max: number, leaseMs: number, waitSeconds: number) => Promise<Receipt>;
  /** Abandons a lease that nobody took, without counting an attempt. */
  readonly abandon: (lease: AwsLease) => Promise<void>;
  readonly clock: Clock;
  /** Called after each receive with whether it was full, so that the queue may hold more. */
  readonly backlog: (full: boolean) => void;
  /** Maximum messages in one receive. */
  readonly batch: number;
  /** Maximum wait of one receive. */
  readonly waitSeconds: number;
}

/** How long a lease waits in stock for the next caller before it is abandoned, in ms. */
const stockedMs = 1_000;
/** Maximum concurrent receives of one queue. */
const maxPolls = 10;

/** A receive in flight. */
interface Poll {
  readonly max: number;
  /** When the wait of the receive ends, in ms since the epoch. */
  readonly dueAt: number;
}

/**
 * Receives from one queue for all waiting callers.
 *
 * A receive in flight is never cut off: SQS may have leased messages to it, which would be invisible, and counted as
 * delivered, until their visibility ends. When a caller stops waiting, its receive serves the next caller. Messages
 * that no caller takes are abandoned.
 */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #callers: Callers<Pick<LeaseRequest, "max" | "leaseMs">, AwsLease>;
  readonly #polls = new Map<Promise<void>, Poll>();
  #stock: AwsLease[] = [];
  #stockTimer: Timer | undefined;
  /** True when the last receive was full: the queue may hold more. */
  #backlog = false;
  /** Number of empty receives in a row. */
  #empty = 0;
  /** Start of the last long poll with an empty queue, in ms; reset by any message. */
  #quietSince = -Infinity;
  /** A receive error that no caller waited for; the next `take` throws it. */
  #unreportedFailure: Error | undefined;
  #closed = false;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    // Do not report "no events" while a receive is overdue: wait for its response or its failure, so that an outage is
    // not taken for an empty queue.
    this.#callers = new Callers(options.clock, () => !this.#late);
  }

  async take({ max, leaseMs, waitMs, signal }: LeaseRequest): Promise<AwsLease[]> {
    if (this.#closed)
      throw new BeeHiveError("InvalidState", "The AWS provider is closed. Open another to lease events.");
    if (signal.aborted) return [];
    const failure = this.#unreportedFailure;
    this.#unreportedFailure = undefined;
    if (failure !== undefined) throw failure;
    const stocked = this.#fromStock(max);
    if (stocked.length > 0) return stocked;
    if (waitMs <= 0) return await this.#look(max, leaseMs);
    return await this.#wait({ max, leaseMs, waitMs, signal });
  }

  /** Sends one receive that does not wait. */
  async #look(max: number, leaseMs: number): Promise<AwsLease[]> {
    const { leases, failure } = await this.#options.receive(Math.min(max, this.#options.batch), leaseMs, 0);
    if (leases.length === 0 && failure !== undefined) throw failure;
    this.#unreportedFailure ??= failure;
    return [...leases];
  }

  #wait({ max, leaseMs, waitMs, signal }: LeaseRequest): Promise<AwsLease[]> {
    const taken = this.#callers.wait({ max, leaseMs }, waitMs, signal);
    this.#poll();
    return taken;
  }

  /** True while a receive is overdue; the receive fails at its time limit. */
  get #late(): boolean {
    const now = this.#options.clock.now();
    return [...this.#polls.values()].some(({ dueAt }) => dueAt <= now);
  }

  /** Starts receives for the waiting callers: one, or several while the queue has a backlog. */
  #poll(): void {
    const { batch, waitSeconds, clock } = this.#options;
    const [first] = this.#callers;
    if (!first) return;
    let wanted = 0;
    for (const caller of this.#callers) wanted += caller.wanted.max;
    for (const { max } of this.#polls.values()) wanted -= max;
    const maxConcurrent = this.#backlog ? maxPolls : 1;
    const secondsLeft = Math.max(1, Math.ceil((first.endsAt - clock.now()) / 1_000));
    while (wanted > 0 && this.#polls.size < maxConcurrent) {
      const max = Math.min(wanted, batch);
      // Only the first receive waits; with an empty queue, every further long poll would cost a request.
      this.#receive(
        max,
        first.wanted.leaseMs,
        this.#polls.size === 0 ? Math.min(waitSeconds, secondsLeft, this.#patience) : 0,
      );
      wanted -= max;
    }
  }

  /** Wait of the next receive in seconds. It grows while the queue stays idle, so that a short run ends soon. */
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
        // Only a long poll asks all servers of SQS.
        if (received > 0) this.#quietSince = -Infinity;
        else if (wait > 0) this.#quietSince = startedAt;
        this.#handOut(leases);
        if (failure !== undefined) this.#fail(failure);
        this.#callers.endWaits();
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

  /** Rejects the waiting callers, or the next caller. A failure beside readable events is reported, too. */
  #fail(failure: Error): void {
    if (this.#callers.size === 0) this.#unreportedFailure = failure;
    for (const caller of this.#callers) caller.reject(failure);
  }

  #handOut(leases: readonly AwsLease[]): void {
    this.#stock.push(...leases);
    for (const caller of this.#callers) {
      if (this.#stock.length === 0) return;
      caller.resolve(this.#fromStock(caller.wanted.max));
    }
    if (this.#stock.length > 0)
      this.#stockTimer ??= this.#options.clock.after(stockedMs, () => void this.#clearStock());
  }

  #fromStock(max: number): AwsLease[] {
    const now = this.#options.clock.now();
    this.#stock = this.#stock.filter((lease) => lease.isHeld(now));
    return this.#stock.splice(0, max);
  }

  /** Abandons the stock. Never rejects: a message that cannot be abandoned comes back when its visibility ends. */
  async #clearStock(): Promise<void> {
    this.#stockTimer?.cancel();
    this.#stockTimer = undefined;
    const stock = this.#stock.splice(0);
    await Promise.allSettled(stock.map((lease) => this.#options.abandon(lease)));
  }

  /** Resolves all callers, waits for the receives in flight, and abandons their messages. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#callers.close();
    await Promise.all(this.#polls.keys());
    await this.#clearStock();
  }
}
