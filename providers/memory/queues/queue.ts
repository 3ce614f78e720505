import { Alarm } from "../../../src/base/alarm.ts";
import { Bag, type Bagged } from "../../../src/base/bag.ts";
import { ClockSteps } from "../../../src/base/clock-steps.ts";
import type { Clock, Timer } from "../../../src/base/clock.ts";
import { letterId, type DeadLetter, type DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import type { AbandonOptions, KeyHolder, Lease, QueueCounts } from "../../../src/contract/queue-operator.ts";
import type { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { leaseLost } from "../../../src/provider-kit/errors.ts";
import { Waiters, type Waiter } from "../../../src/provider-kit/waiters.ts";
import { Fifo } from "./fifo.ts";

const maxHolders = 100;
/** Timers of Node fire at most this much too early, in ms. */
const maxEarlyMs = 2;

/** An event in a queue, with the facts that are kept from one delivery to the next. */
interface Entry {
  readonly event: Event;
  attempt: number;
  firstSeen: number | undefined;
  /** True in an ordered queue for the one event of each key that may be leased. */
  holdsKey: boolean;
}

/** A leased entry. The lease is held while its queue lists it and it has not expired. */
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

/** The entries of one key that wait behind its holder, the one that may be leased. */
class Line extends Fifo<Entry> {
  holder: Entry;

  constructor(holder: Entry) {
    super();
    this.holder = holder;
  }
}

/** A simple queue or subscription. All of its methods but `wait` are synchronous, hence atomic. */
export class MemoryQueue {
  readonly #name: QueueName;
  readonly #clock: Clock;
  #ordered: boolean;
  /** Abandoned entries, leased before new ones. */
  readonly #returned = new Fifo<Entry>();
  readonly #ready = new Fifo<Entry>();
  readonly #delayed = new Map<Entry, Timer>();
  readonly #leased = new Bag<MemoryLease>();
  /** Dead letters by their ids, oldest first. */
  readonly #dead = new Map<string, DeadLetter>();
  #lastLetter = 0;
  /** In an ordered queue, the line of each key that has a holder. */
  readonly #behind = new Map<string, Line>();
  #waitingBehind = 0;
  readonly #waiters: Waiters<Waiter>;
  readonly #steps = new ClockSteps();
  readonly #expiry: Alarm;

  constructor(name: QueueName, clock: Clock, ordered: boolean) {
    this.#name = name;
    this.#clock = clock;
    this.#ordered = ordered;
    this.#waiters = new Waiters(clock);
    this.#expiry = new Alarm(clock, () => this.#expire());
  }

  configure(ordered: boolean): void {
    this.#ordered = ordered;
  }

  /** Adds a copy of the event, addressed to this queue. */
  enqueue(event: Event): void {
    const name = this.#name.toString();
    const own = event.queueName === name ? event : event.with({ queueName: name });
    this.#enqueue({ event: own, attempt: 0, firstSeen: undefined, holdsKey: false }, event.enqueueTime?.getTime());
  }

  #enqueue(entry: Entry, notBefore?: number): void {
    if (notBefore !== undefined && notBefore > this.#clock.now()) this.#delayUntil(entry, notBefore);
    else this.#makeReady(this.#ready, entry);
  }

  /** Leases up to `max` entries that are ready. */
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
    if (leases.length > 0) this.#expiry.ringBy(now + leaseMs);
    return leases;
  }

  /** Returns true if the entry may be leased. Puts it in line if another entry holds its key. */
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

  /** Resolves when an entry becomes ready, at `until`, or when `signal` aborts. */
  wait(until: number, signal: AbortSignal): Promise<void> {
    return new Promise((wake) => this.#waiters.add({ until, signal, wake, place: -1 }));
  }

  renew(lease: MemoryLease, leaseMs: number): boolean {
    if (!this.#holds(lease)) return false;
    lease.expiresAt = this.#now() + leaseMs;
    this.#expiry.ringBy(lease.expiresAt);
    return true;
  }

  /** @throws BeeHiveError `LeaseLost` when the lease is not held. */
  assertHeld(lease: MemoryLease): void {
    if (this.#holds(lease)) return;
    throw leaseLost(lease);
  }

  #holds(lease: MemoryLease): boolean {
    return this.#leased.has(lease) && lease.expiresAt > this.#clock.now();
  }

  /** Removes the entry. The lease must be held. */
  remove(lease: MemoryLease): void {
    this.#leased.delete(lease);
    this.#releaseKey(lease.entry);
  }

  /** Makes the entry ready again, after the delay. The lease must be held. */
  abandon(lease: MemoryLease, { delayMs, countAttempt }: AbandonOptions): void {
    this.#leased.delete(lease);
    if (!countAttempt) lease.entry.attempt--;
    if (delayMs > 0) this.#delay(lease.entry, delayMs);
    else this.#makeReady(this.#returned, lease.entry);
  }

  /** Moves the entry to the dead letters. The lease must be held. */
  deadLetter(lease: MemoryLease, record: DeadLetterRecord): void {
    const id = letterId(++this.#lastLetter);
    this.#dead.set(id, { ...record, id, event: lease.event });
    this.remove(lease);
  }

  deadLetters(): Iterable<DeadLetter> {
    return [...this.#dead.values()];
  }

  /** Moves a dead letter back into the queue. Returns false if there is none with that id. */
  requeue(id: string): boolean {
    const letter = this.#removeLetter(id);
    if (!letter) return false;
    this.#enqueue({ event: letter.event, attempt: 0, firstSeen: undefined, holdsKey: false });
    return true;
  }

  /** Removes a dead letter. Returns false if there is none with that id. */
  drop(id: string): boolean {
    return this.#removeLetter(id) !== undefined;
  }

  /** Removes the letter with that id, or the oldest letter of the event with that id. */
  #removeLetter(id: string): DeadLetter | undefined {
    const letter = this.#dead.get(id) ?? this.#oldestDead(id);
    if (letter) this.#dead.delete(letter.id);
    return letter;
  }

  #oldestDead(eventId: string): DeadLetter | undefined {
    for (const letter of this.#dead.values()) if (letter.event.id === eventId) return letter;
    return undefined;
  }

  /** The timestamp of the event that is leased next. */
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

  /** Cancels every timer and wakes every waiter. */
  close(): void {
    this.#expiry.cancel();
    for (const timer of this.#delayed.values()) timer.cancel();
    this.#waiters.close();
  }

  #makeReady(to: Fifo<Entry>, entry: Entry): void {
    to.push(entry);
    this.#waiters.wakeOne();
  }

  /** Wakes another waiter, for a caller that was woken but leases nothing. */
  wakeNext(): void {
    if (this.#returned.size + this.#ready.size > 0) this.#waiters.wakeOne();
  }

  /** Delays an entry until a point in time, even when the clock is put back meanwhile. */
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
      // A larger difference means that the clock was put back; the delay is over all the same.
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

  /** Returns the time. Shortens all leases when the clock was put back, so that they last no longer. */
  #now(): number {
    const now = this.#clock.now();
    const back = this.#steps.back(now);
    if (back > 0) for (const lease of this.#leased) lease.expiresAt -= back;
    return now;
  }

  /** Abandons the entries whose leases have expired. */
  #expire(): void {
    const now = this.#now();
    let next = Infinity;
    for (const lease of this.#leased) {
      if (lease.expiresAt > now) next = Math.min(next, lease.expiresAt);
      else this.abandon(lease, { delayMs: 0, countAttempt: true });
    }
    this.#expiry.ringBy(next);
  }
}
