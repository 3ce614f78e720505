import { performance } from "node:perf_hooks";
import { Alarm } from "../base/alarm.ts";
import { Bag, type Bagged } from "../base/bag.ts";
import { ClockSteps } from "../base/clock-steps.ts";
import type { Clock } from "../base/clock.ts";
import { BeeHiveError } from "../base/errors.ts";
import { ranSince } from "../base/event-loop.ts";
import type { Logger } from "../base/logger.ts";
import type { Lease, QueueOperator } from "../contract/queue-operator.ts";
import { LostLeases } from "./lost-leases.ts";

/**
 * Renews the leases of all deliveries of a hive.
 *
 * Renewal starts at half the lease; leases that are due together are renewed in one call. A renewal that fails is
 * tried again until the lease has ended.
 */
export class LeaseKeeper {
  readonly #queues: Pick<QueueOperator, "renew">;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #kept = new Bag<KeptLease>();
  readonly #steps = new ClockSteps();
  readonly #alarm: Alarm;
  /** When the alarm rings, by `performance.now()`. A late one shows that the event loop was held. */
  #ringsAt = Infinity;
  readonly losses: LostLeases = new LostLeases();

  constructor(queues: Pick<QueueOperator, "renew">, clock: Clock, logger: Logger) {
    this.#queues = queues;
    this.#clock = clock;
    this.#logger = logger;
    this.#alarm = new Alarm(clock, () => this.#wake());
  }

  /**
   * Renews `lease` until it is stopped. Cancels the holder, once, when the lease ends before that.
   *
   * @param startedAt The start of its work, by `performance.now()`.
   */
  keep(lease: Lease, leaseMs: number, holder: LeaseHolder, startedAt: number = performance.now()): KeptLease {
    const kept = new KeptLease(lease, leaseMs, holder, this.#kept, startedAt);
    const now = this.#now();
    this.#kept.add(kept);
    kept.dueAt = halfway(lease, now);
    this.#wakeAt(kept.dueAt, now);
    return kept;
  }

  /** Returns the error of a run, with the reason added when the lease was lost because the event loop was held. */
  explained(error: unknown, { lease, leaseMs, startedAt }: KeptLease): unknown {
    this.#noteLateness();
    const atWork = (): string =>
      [
        ...new Set([lease, ...[...this.#kept].map((kept) => kept.lease)].map(({ queueName }) => String(queueName))),
      ].join(", ");
    return this.losses.explained(error, lease, { leaseMs, startedAt, atWork });
  }

  #noteLateness(): void {
    ranSince(this.#ringsAt, undefined);
  }

  /** Stops renewing all leases. */
  close(): void {
    this.#alarm.cancel();
    for (const kept of this.#kept) this.#kept.delete(kept);
  }

  /** Returns the time. Renews all leases at once when the clock was put back: by other clocks they may end soon. */
  #now(): number {
    const now = this.#clock.now();
    if (this.#steps.back(now) > 0) {
      for (const kept of this.#kept) kept.dueAt = now;
      this.#wakeAt(now, now);
    }
    return now;
  }

  #wakeAt(time: number, now: number): void {
    if (this.#alarm.ringBy(time, now)) this.#ringsAt = performance.now() + (time - now);
  }

  #wake(): void {
    this.#noteLateness();
    this.#ringsAt = Infinity;
    const now = this.#now();
    const due = new Map<number, KeptLease[]>();
    for (const kept of this.#kept) {
      if (kept.lease.expiresAt <= now) kept.lose();
      else if (kept.renewal === undefined && kept.dueAt <= now + kept.leaseMs / 10) {
        const together = due.get(kept.leaseMs);
        if (together) together.push(kept);
        else due.set(kept.leaseMs, [kept]);
      }
    }
    for (const [leaseMs, together] of due) {
      const renewal = this.#renew(together, leaseMs);
      for (const kept of together) kept.renewal = renewal;
    }
    this.#wakeForNext();
  }

  #wakeForNext(): void {
    let next = Infinity;
    for (const kept of this.#kept)
      next = Math.min(next, kept.renewal === undefined ? kept.dueAt : kept.lease.expiresAt);
    if (next < Infinity) this.#wakeAt(next, this.#clock.now());
  }

  async #renew(due: readonly KeptLease[], leaseMs: number): Promise<void> {
    try {
      const held = await this.#queues.renew(
        due.map(({ lease }) => lease),
        leaseMs,
      );
      due.forEach((kept, index) => {
        if (held[index]) kept.dueAt = halfway(kept.lease, this.#clock.now());
        else kept.lose();
      });
    } catch (error) {
      this.#logger.warn({ err: error, leases: due.length }, "leases could not be renewed, trying again");
      for (const kept of due) kept.dueAt = this.#clock.now() + leaseMs / 10;
    }
    for (const kept of due) kept.renewal = undefined;
    this.#wakeForNext();
  }
}

function halfway(lease: Lease, now: number): number {
  return now + (lease.expiresAt - now) / 2;
}

/** Works under a lease. */
export interface LeaseHolder {
  /** Called when the lease has ended: the holder must not settle any more. */
  abort(reason: BeeHiveError): void;
}

/** A lease that is renewed. */
export class KeptLease implements Bagged {
  place = -1;
  readonly lease: Lease;
  readonly leaseMs: number;
  /** The start of the work, by `performance.now()`. */
  readonly startedAt: number;
  /** The time of the next renewal, in ms since the epoch. */
  dueAt: number = Infinity;
  /** The renewal under way; never rejects. */
  renewal: Promise<void> | undefined = undefined;
  readonly #holder: LeaseHolder;
  readonly #all: Bag<KeptLease>;
  #lost = false;

  constructor(lease: Lease, leaseMs: number, holder: LeaseHolder, all: Bag<KeptLease>, startedAt: number) {
    this.lease = lease;
    this.leaseMs = leaseMs;
    this.#holder = holder;
    this.#all = all;
    this.startedAt = startedAt;
  }

  /** Stops renewing. Await the returned renewal before settling, so that the two cannot cross. */
  stop(): Promise<void> | undefined {
    this.#all.delete(this);
    return this.renewal;
  }

  /** Cancels the holder of a lost lease, also one that stopped while its renewal was under way. */
  lose(): void {
    this.#all.delete(this);
    if (this.#lost) return;
    this.#lost = true;
    const { event, queueName } = this.lease;
    this.#holder.abort(
      new BeeHiveError(
        "LeaseLost",
        `The lease on the event ${event.id} from ${queueName} ended before it was settled.`,
      ),
    );
  }
}
