import { leaseLost } from "../../../src/provider-kit/errors.ts";
import { Bag, type Bagged } from "../../../src/base/bag.ts";
import { ClockSteps } from "../../../src/base/clock-steps.ts";
import type { Clock, Timer } from "../../../src/base/clock.ts";
import { letterId, type DeadLetter, type DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import type { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import type { AbandonOptions, KeyHolder, Lease, QueueCounts } from "../../../src/contract/queue-operator.ts";
import { Waiters, type Waiter } from "../../../src/provider-kit/waiters.ts";
import { Fifo } from "./fifo.ts";

const maxHolders = 100;
/** By how much a timer is early at the most, in ms. */
const maxEarlyMs = 2;

/** An event in a queue, with what survives its deliveries. */
interface Entry {
  readonly event: Event;
  attempt: number;
  firstSeen: number | undefined;
  /** In an ordered queue: it is the one of its key that may be leased. */
  holdsKey: boolean;
}

/** An entry that is leased. Held as long as its queue knows it and its time has not passed. */
export class MemoryLease implements Lease, Bagged {
  place = -1;
  readonly entry: Entry;
  readonly queueName: QueueName;
  readonly attempt: number;
  readonly firstSeen: number;
  expiresAt: number;

  constructor(entry: Entry, queueName: QueueName, firstSeen: number, expiresAt: number) {
    this.entry = entry;
    this.queueName = queueName;
    this.attempt = entry.attempt;
    this.firstSeen = firstSeen;
    this.expiresAt = expiresAt;
  }

  get event(): Event {
    return this.entry.event;
  }
}

/** What waits behind the one event of a key that may be leased. */
class Line extends Fifo<Entry> {
  holder: Entry;

  constructor(holder: Entry) {
    super();
    this.holder = holder;
  }
}

/** One simple queue or subscription. Everything in it happens synchronously, so nothing can come between. */
export class MemoryQueue {
  readonly #name: QueueName;
  readonly #clock: Clock;
  #ordered: boolean;
  /** What came back goes before what is new. */
  readonly #returned = new Fifo<Entry>();
  readonly #ready = new Fifo<Entry>();
  readonly #delayed = new Map<Entry, Timer>();
  readonly #leased = new Bag<MemoryLease>();
  /** By the ids of the letters, oldest first. */
  readonly #dead = new Map<string, DeadLetter>();
  #buried = 0;
  /** In an ordered queue: what waits behind the holder of each key that has one. */
  readonly #behind = new Map<string, Line>();
  #waitingBehind = 0;
  readonly #waiters: Waiters<Waiter>;
  readonly #steps = new ClockSteps();
  #expiryTimer: Timer | undefined;
  #expiryAt = Infinity;

  constructor(name: QueueName, clock: Clock, ordered: boolean) {
    this.#name = name;
    this.#clock = clock;
    this.#ordered = ordered;
    this.#waiters = new Waiters(clock);
  }

  configure(ordered: boolean): void {
    this.#ordered = ordered;
  }

  /** Takes a copy of the event, addressed to this queue. */
  enqueue(event: Event): void {
    const name = this.#name.toString();
    const own = event.queueName === name ? event : event.with({ queueName: name });
    this.#enqueue({ event: own, attempt: 0, firstSeen: undefined, holdsKey: false }, event.enqueueTime?.getTime());
  }

  #enqueue(entry: Entry, notBefore?: number): void {
    if (notBefore !== undefined && notBefore > this.#clock.now()) this.#delayUntil(entry, notBefore);
    else this.#makeReady(this.#ready, entry);
  }

  /** Leases up to `max` entries that are ready now. */
  take(max: number, leaseMs: number): MemoryLease[] {
    const leases: MemoryLease[] = [];
    const now = this.#now();
    while (leases.length < max) {
      const entry = this.#returned.shift() ?? this.#ready.shift();
      if (!entry) break;
      if (this.#ordered && !this.#takeKey(entry)) continue;
      entry.attempt++;
      entry.firstSeen ??= now;
      const lease = new MemoryLease(entry, this.#name, entry.firstSeen, now + leaseMs);
      this.#leased.add(lease);
      leases.push(lease);
    }
    if (leases.length > 0) this.#expireAt(now + leaseMs);
    return leases;
  }

  /** Whether the entry may be leased; if another holds its key it waits behind that one. */
  #takeKey(entry: Entry): boolean {
    const key = entry.event.partitionKey;
    if (key === undefined || entry.holdsKey) return true;
    const behind = this.#behind.get(key);
    if (behind) {
      behind.push(entry);
      this.#waitingBehind++;
      return false;
    }
    this.#behind.set(key, new Line(entry));
    entry.holdsKey = true;
    return true;
  }

  #releaseKey(entry: Entry): void {
    const key = entry.event.partitionKey;
    if (key === undefined || !entry.holdsKey) return;
    const behind = this.#behind.get(key);
    const next = behind?.shift();
    if (!behind || !next) {
      this.#behind.delete(key);
      return;
    }
    behind.holder = next;
    this.#waitingBehind--;
    next.holdsKey = true;
    this.#makeReady(this.#returned, next);
  }

  /** Resolves when something became ready, at `until`, or when `signal` aborts. */
  wait(until: number, signal: AbortSignal): Promise<void> {
    return new Promise((wake) => this.#waiters.add({ until, signal, wake, place: -1 }));
  }

  renew(lease: MemoryLease, leaseMs: number): boolean {
    if (!this.#holds(lease)) return false;
    lease.expiresAt = this.#now() + leaseMs;
    this.#expireAt(lease.expiresAt);
    return true;
  }

  /** @throws BeeHiveError `LeaseLost`. */
  assertHeld(lease: MemoryLease): void {
    if (this.#holds(lease)) return;
    throw leaseLost(lease);
  }

  #holds(lease: MemoryLease): boolean {
    return this.#leased.has(lease) && lease.expiresAt > this.#clock.now();
  }

  /** Removes the entry for good. The lease must be held. */
  remove(lease: MemoryLease): void {
    this.#leased.delete(lease);
    this.#releaseKey(lease.entry);
  }

  /** Puts the entry back. The lease must be held. */
  giveBack(lease: MemoryLease, { delayMs, countAttempt }: AbandonOptions): void {
    this.#leased.delete(lease);
    if (!countAttempt) lease.entry.attempt--;
    if (delayMs > 0) this.#delay(lease.entry, delayMs);
    else this.#makeReady(this.#returned, lease.entry);
  }

  /** Moves the entry to the dead letters. The lease must be held. */
  bury(lease: MemoryLease, record: DeadLetterRecord): void {
    const id = letterId(++this.#buried);
    this.#dead.set(id, { ...record, id, event: lease.event });
    this.remove(lease);
  }

  deadLetters(): Iterable<DeadLetter> {
    return [...this.#dead.values()];
  }

  /**
   * Takes a dead letter out, by its id or by that of its event, and puts it back into the queue when asked to. Returns
   * whether it was there.
   */
  exhume(id: string, requeue: boolean): boolean {
    const letter = this.#dead.get(id) ?? this.#oldestDead(id);
    if (!letter) return false;
    this.#dead.delete(letter.id);
    if (requeue) this.#enqueue({ event: letter.event, attempt: 0, firstSeen: undefined, holdsKey: false });
    return true;
  }

  #oldestDead(eventId: string): DeadLetter | undefined {
    for (const letter of this.#dead.values()) if (letter.event.id === eventId) return letter;
    return undefined;
  }

  /** When the event that is leased next happened. */
  oldest(): number | undefined {
    return (this.#returned.first ?? this.#ready.first)?.event.timestamp.getTime();
  }

  holders(): readonly KeyHolder[] {
    const leased = new Set([...this.#leased].map(({ entry }) => entry));
    const stateOf = (entry: Entry): KeyHolder["state"] =>
      leased.has(entry) ? "leased" : this.#delayed.has(entry) ? "delayed" : "ready";
    return [...this.#behind]
      .filter(([, { size }]) => size > 0)
      .map(([partitionKey, { holder, size }]) => ({
        eventId: holder.event.id,
        partitionKey,
        behind: size,
        attempts: holder.attempt,
        state: stateOf(holder),
      }))
      .sort((one, other) => other.behind - one.behind)
      .slice(0, maxHolders);
  }

  counts(): QueueCounts {
    return {
      ready: this.#ready.size + this.#returned.size + this.#waitingBehind,
      leased: this.#leased.size,
      delayed: this.#delayed.size,
      dead: this.#dead.size,
    };
  }

  /** Cancels every timer and answers who waits. */
  close(): void {
    this.#expiryTimer?.cancel();
    for (const timer of this.#delayed.values()) timer.cancel();
    this.#waiters.close();
  }

  #makeReady(to: Fifo<Entry>, entry: Entry): void {
    to.push(entry);
    this.#waiters.wakeOne();
  }

  /** Passes a wake-up on: whoever was woken for what is ready does not take it. */
  wakeNext(): void {
    if (this.#returned.size + this.#ready.size > 0) this.#waiters.wakeOne();
  }

  /** Waits for a time that the event names, whatever becomes of the clock meanwhile. */
  #delayUntil(entry: Entry, time: number): void {
    this.#delayed.set(
      entry,
      this.#clock.after(time - this.#clock.now(), () => {
        if (this.#clock.now() < time) this.#delayUntil(entry, time);
        else this.#endDelay(entry);
      }),
    );
  }

  #delay(entry: Entry, ms: number): void {
    const until = this.#clock.now() + ms;
    const timer = this.#clock.after(ms, () => {
      // A timer of Node may be early by one; a clock that was put back tells nothing.
      const early = until - this.#clock.now();
      if (early > 0 && early <= maxEarlyMs) this.#delay(entry, early);
      else this.#endDelay(entry);
    });
    this.#delayed.set(entry, timer);
  }

  #endDelay(entry: Entry): void {
    this.#delayed.delete(entry);
    this.#makeReady(entry.attempt === 0 ? this.#ready : this.#returned, entry);
  }

  /** The time. Leases last no longer when the clock was put back. */
  #now(): number {
    const now = this.#clock.now();
    const back = this.#steps.back(now);
    if (back > 0) for (const lease of this.#leased) lease.expiresAt -= back;
    return now;
  }

  /** One timer serves all leases: it is set for the first that may end. */
  #expireAt(time: number): void {
    const now = this.#clock.now();
    // A time that has passed without a call is that of a clock that was put forward: timers know nothing of that.
    if (time >= this.#expiryAt && this.#expiryAt > now) return;
    this.#expiryTimer?.cancel();
    this.#expiryAt = time;
    this.#expiryTimer = this.#clock.after(time - now, () => this.#expire());
  }

  /** Gives back what was not settled in time. */
  #expire(): void {
    this.#expiryAt = Infinity;
    const now = this.#now();
    let next = Infinity;
    for (const lease of this.#leased) {
      if (lease.expiresAt > now) next = Math.min(next, lease.expiresAt);
      else this.giveBack(lease, { delayMs: 0, countAttempt: true });
    }
    this.#expireAt(next);
  }
}
