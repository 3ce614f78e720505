import { Latch } from "../base/latch.ts";

/** The subscription behind a {@link SlotShare}. */
export interface SlotUser {
  /** Returns the number of its events that are worked on or wait for a slot. */
  readonly inFlight: () => number;
  /** Lets it lease again, since a slot is free. */
  readonly wake: () => void;
}

/** A run that waits for a slot. */
interface Waiting {
  readonly share: SlotShare;
  readonly entered: Latch<void>;
}

/**
 * The slots that all subscriptions of a hive share, so that only so many actors run at the same time.
 *
 * A free slot goes to the subscription with the fewest runs, so that a busy one starves no other. A subscription
 * without an event in work leases one even while all slots are taken: it waits here under its lease. So each
 * subscription has at most a few events waiting in the process, and no slot waits for a poll.
 */
export class SharedSlots {
  readonly #max: number;
  readonly #shares: SlotShare[] = [];
  readonly #waiting: Waiting[] = [];
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  join(user: SlotUser): SlotShare {
    const share = new SlotShare(this, user);
    this.#shares.push(share);
    return share;
  }

  /** @internal Returns how many of `wanted` events a subscription may lease now. */
  leasable(wanted: number, inFlight: number): number {
    const free = this.#max - this.#taken - this.#waiting.length;
    if (free <= 0) return Math.min(wanted, inFlight === 0 ? 1 : 0);
    // An even part of what is free, since the polls of others may bring events, too: of all for the first events, later
    // of those that have some.
    const others = inFlight === 0 ? this.#shares : this.#shares.filter(({ user }) => user.inFlight() > 0);
    return Math.min(wanted, Math.max(1, Math.floor(free / others.length)));
  }

  /** @internal */
  enter(share: SlotShare): Promise<void> | undefined {
    if (this.#taken < this.#max) {
      this.#taken++;
      share.running++;
      return undefined;
    }
    const entered = new Latch<void>();
    this.#waiting.push({ share, entered });
    return entered.promise;
  }

  /** @internal */
  leave(share: SlotShare): void {
    this.#taken--;
    share.running--;
    const next = this.#next();
    if (next) {
      this.#taken++;
      next.share.running++;
      next.entered.resolve();
    } else for (const one of this.#shares.toSorted(byRuns)) one.user.wake();
  }

  /** Takes the run that goes next: of the subscription with the fewest runs, the one that waits the longest. */
  #next(): Waiting | undefined {
    const fewest = Math.min(...this.#waiting.map(({ share }) => share.running));
    const index = this.#waiting.findIndex(({ share }) => share.running === fewest);
    return this.#waiting.splice(index, index < 0 ? 0 : 1)[0];
  }
}

function byRuns(one: SlotShare, other: SlotShare): number {
  return one.running - other.running;
}

/** The part of one subscription in {@link SharedSlots}. */
export class SlotShare {
  /** @internal The number of its runs that have a slot. */
  running = 0;
  /** @internal */
  readonly user: SlotUser;
  readonly #slots: SharedSlots;

  constructor(slots: SharedSlots, user: SlotUser) {
    this.#slots = slots;
    this.user = user;
  }

  /** Returns how many of `wanted` further events may be leased now. */
  leasable(wanted: number): number {
    return this.#slots.leasable(wanted, this.user.inFlight());
  }

  /** Takes a slot for a run. Returns a promise to wait for when none is free. */
  enter(): Promise<void> | undefined {
    return this.#slots.enter(this);
  }

  /** Ends a run that entered. */
  leave(): void {
    this.#slots.leave(this);
  }
}
