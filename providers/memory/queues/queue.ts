import { Alarm } from "../../../src/base/alarm.ts";
import { Bag } from "../../../src/base/bag.ts";
import { ClockSteps } from "../../../src/base/clock-steps.ts";
import type { Clock, Timer } from "../../../src/base/clock.ts";
import type { DeadLetter, DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import type {
  AbandonOptions,
  CancelChoice,
  KeyHolder,
  PeekRequest,
  QueueCounts,
  QueuedEvent,
} from "../../../src/contract/queue-operator.ts";
import type { KeptEvent, LogPosition, Replayed, ReplayedOutputs } from "../../../src/contract/topic-log.ts";
import type { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { leaseLost } from "../../../src/provider-kit/errors.ts";
import { Waiters, type Waiter } from "../../../src/provider-kit/waiters.ts";
import { EntryLease, newEntry, type Entry } from "./entry.ts";
import { Fifo } from "./fifo.ts";
import type { KeptEvents, Reading } from "./kept-events.ts";
import { KeyLines } from "./key-lines.ts";
import { Letters } from "./letters.ts";
import { look } from "./look.ts";

/** Timers of Node fire at most this much too early, in ms. */
const maxEarlyMs = 2;

interface Delay {
  readonly timer: Timer;
  /** In ms since the epoch. */
  readonly until: number;
}

export type MemoryLease = EntryLease<MemoryQueue>;

/** A simple queue or subscription. All of its methods are synchronous, hence atomic. */
export class MemoryQueue {
  readonly name: QueueName;
  isDeleted = false;
  /** The name, as the events of the queue have it. */
  readonly #address: string;
  readonly #clock: Clock;
  #ordered: boolean;
  /** Abandoned entries, leased before new ones. */
  #returned = new Fifo<Entry>();
  #ready = new Fifo<Entry>();
  /** Of a kept topic: events are taken from the log of the topic, after those that are ready. */
  #reading: Reading | undefined;
  readonly #delayed = new Map<Entry, Delay>();
  /** The entries with a cancel key, by that key. */
  readonly #cancellable = new Map<string, Set<Entry>>();
  readonly #leased = new Bag<MemoryLease>();
  readonly #letters = new Letters();
  readonly #lines = new KeyLines();
  readonly #waiters: Waiters<Waiter>;
  readonly #steps = new ClockSteps();
  readonly #expiry: Alarm;

  constructor(name: QueueName, clock: Clock, ordered: boolean) {
    this.name = name;
    this.#address = name.toString();
    this.#clock = clock;
    this.#ordered = ordered;
    this.#waiters = new Waiters(clock);
    // A leased event keeps no process: its actor does, or the poll that waits for the event to come back.
    this.#expiry = new Alarm(clock, () => this.#expire(), false);
  }

  configure(ordered: boolean): void {
    this.#ordered = ordered;
  }

  /** Adds a copy of the event, addressed to this queue. */
  enqueue(event: Event): void {
    this.#enqueue(newEntry(this.#own(event)), event.enqueueTime?.getTime());
  }

  #own(event: Event): Event {
    const queueName = this.#address;
    return event.queueName === queueName ? event : event.with({ queueName });
  }

  /** Reads the log of its topic from a position on. What was enqueued before stays. */
  follow(log: KeptEvents, position: number): void {
    this.#reading ??= { log, position, rewind: 0, until: 0, outputs: "publish" };
    this.wakeNext();
  }

  /** Adds events of the log out of turn. */
  enqueueKept(events: readonly KeptEvent[], replayed?: (position: number) => Replayed): void {
    for (const kept of events) this.#enqueue(newEntry(this.#own(kept.event), replayed?.(kept.position), kept));
  }

  get followsLog(): boolean {
    return this.#reading !== undefined;
  }

  /** The position of the next event of the log; `undefined` without a log. */
  get position(): number | undefined {
    return this.#reading?.position;
  }

  /** Leaves out events of the log before a position. */
  skipTo(position: number): void {
    if (this.#reading) this.#reading.position = position;
  }

  #enqueue(entry: Entry, notBefore?: number): void {
    const key = entry.event.cancelKey;
    if (key !== undefined) this.#cancellable.set(key, (this.#cancellable.get(key) ?? new Set()).add(entry));
    if (notBefore !== undefined && notBefore > this.#clock.now()) this.#delayUntil(entry, notBefore);
    else this.#makeReady(this.#ready, entry);
  }

  /** Leases up to `max` entries that are ready. @param time The time now. */
  take(max: number, leaseMs: number, time: number): MemoryLease[] {
    const leases: MemoryLease[] = [];
    const now = this.#now(time);
    while (leases.length < max) {
      const entry =
        this.#returned.shift() ?? this.#ready.shift() ?? (this.#reading && this.#nextOf(this.#reading, now));
      if (!entry) break;
      if (this.#ordered && !this.#lines.take(entry)) continue;
      entry.attempt++;
      entry.firstSeen ??= now;
      const lease = new EntryLease(entry, this, entry.firstSeen, now + leaseMs);
      this.#leased.add(lease);
      leases.push(lease);
    }
    if (leases.length > 0) this.#expiry.ringBy(now + leaseMs, now);
    return leases;
  }

  /** Returns the next entry of the log that is due. Delays those that are not. */
  #nextOf(reading: Reading, now: number): Entry | undefined {
    for (;;) {
      const kept = reading.log.at(reading.position);
      if (!kept) return undefined;
      const { position, event } = kept;
      reading.position = position + 1;
      const { rewind, until, outputs } = reading;
      const entry = newEntry(this.#own(event), position < until ? { position, rewind, outputs } : undefined, kept);
      const time = event.enqueueTime?.getTime();
      if (time === undefined || time <= now) return entry;
      this.#delayUntil(entry, time);
    }
  }

  /** Moves to a position of the log. All unsettled entries leave the queue, and their leases are lost. */
  rewind(to: number, outputs: ReplayedOutputs, latest: readonly KeptEvent[] = []): void {
    const reading = this.#reading;
    if (!reading) return;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#cancellable.clear();
    this.#lines.clear();
    for (const lease of this.#leased) this.#leased.delete(lease);
    this.#returned = new Fifo();
    this.#ready = new Fifo();
    const rewind = reading.rewind + 1;
    this.#reading = { log: reading.log, position: to, rewind, until: reading.log.range.next, outputs };
    this.enqueueKept(latest, (position) => ({ position, rewind, outputs }));
    this.wakeNext();
  }

  /** @throws when it follows no log. */
  behind(): LogPosition {
    const { log, position } = this.#reading as Reading;
    const { ready, leased, delayed } = this.counts();
    const first = [this.#returned.first, this.#ready.first].filter((entry) => entry !== undefined);
    const taken = [...[...this.#leased].map(({ entry }) => entry), ...this.#delayed.keys(), ...first];
    const times = taken.map(({ event, kept }) => kept?.published ?? event.timestampMs);
    const unread = log.at(position)?.published;
    if (unread !== undefined) times.push(unread);
    return {
      position,
      behind: ready + leased + delayed,
      oldest: times.length === 0 ? undefined : times.reduce((one, other) => Math.min(one, other)),
    };
  }

  /** Wakes a waiter when an entry becomes ready, at its end, or when its signal aborts. */
  wait(waiter: Waiter, time: number): void {
    this.#waiters.add(waiter, time);
  }

  /** Returns whether a caller wants no events any more. */
  hasAborted(signal: AbortSignal): boolean {
    return this.#waiters.hasAborted(signal);
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
    this.#gone(lease.entry);
  }

  /** Lets the next of its key follow an entry that left the queue. */
  #gone(entry: Entry): void {
    const key = entry.event.cancelKey;
    const others = key === undefined ? undefined : this.#cancellable.get(key);
    if (key !== undefined && others?.delete(entry) && others.size === 0) this.#cancellable.delete(key);
    const next = this.#lines.release(entry);
    if (next) this.#makeReady(this.#returned, next);
  }

  /** Removes entries that are not leased. Returns how many. */
  cancel(which: CancelChoice): number {
    const found =
      "key" in which
        ? [...(this.#cancellable.get(which.key) ?? [])]
        : this.#unleased().filter(({ event }) => event.id === which.id);
    return found.filter((entry) => this.#withdraw(entry)).length;
  }

  #withdraw(entry: Entry): boolean {
    const delay = this.#delayed.get(entry);
    delay?.timer.cancel();
    const isOut = this.#delayed.delete(entry) || this.#ready.remove(entry) || this.#returned.remove(entry);
    if (!isOut && !this.#lines.leave(entry)) return false;
    this.#gone(entry);
    return true;
  }

  #unleased(): Entry[] {
    const behind = [...this.#lines.behind()].map(({ entry }) => entry);
    return [...this.#returned, ...this.#ready, ...behind, ...this.#delayed.keys()];
  }

  /** Removes all entries that are not leased. Returns how many. */
  purge(): number {
    const unread = this.#reading ? this.#reading.log.countFrom(this.#reading.position) : 0;
    if (this.#reading) this.#reading.position = this.#reading.log.range.next;
    const waiting = this.#lines.takeWaiting();
    const rest = this.#unleased().filter((entry) => this.#withdraw(entry));
    for (const entry of waiting) this.#gone(entry);
    return unread + waiting.length + rest.length;
  }

  /** Returns entries as they would be leased, then those that are leased or delayed. */
  peek({ limit, id }: PeekRequest): readonly QueuedEvent[] {
    return look(limit, id, {
      ready: [...this.#returned, ...this.#ready],
      unread: this.#reading?.log.read(this.#reading.position, id === undefined ? limit : Infinity) ?? [],
      behind: this.#lines.behind(),
      leased: new Map([...this.#leased].map(({ entry, expiresAt }) => [entry, expiresAt])),
      delayed: new Map([...this.#delayed].map(([entry, { until }]) => [entry, until])),
    });
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
    this.#letters.add(record, lease.event);
    this.remove(lease);
  }

  deadLetters(): Iterable<DeadLetter> {
    return [...this.#letters];
  }

  /** Moves a dead letter back into the queue. Returns false if there is none with that id. */
  requeue(id: string, mended?: Event): boolean {
    const letter = this.#letters.take(id);
    if (!letter) return false;
    this.#enqueue(newEntry(this.#own(mended ?? letter.event)));
    return true;
  }

  /** Removes a dead letter. Returns false if there is none with that id. */
  drop(id: string): boolean {
    return this.#letters.take(id) !== undefined;
  }

  /** The timestamp, or the later `enqueueTime`, of the event that is leased next. */
  oldest(): number | undefined {
    const { event } = this.#returned.first ?? this.#ready.first ?? this.#unread ?? {};
    return event && Math.max(event.timestampMs, event.enqueueTime?.getTime() ?? 0);
  }

  get #unread(): KeptEvent | undefined {
    return this.#reading?.log.at(this.#reading.position);
  }

  holders(): readonly KeyHolder[] {
    const leased = new Set([...this.#leased].map(({ entry }) => entry));
    return this.#lines.holders((entry) =>
      leased.has(entry) ? "leased" : this.#delayed.has(entry) ? "delayed" : "ready",
    );
  }

  counts(): QueueCounts {
    return {
      ready:
        this.#ready.size +
        this.#returned.size +
        this.#lines.waiting +
        (this.#reading?.log.countFrom(this.#reading.position) ?? 0),
      leased: this.#leased.size,
      delayed: this.#delayed.size,
      dead: this.#letters.size,
    };
  }

  /** Closes the queue, which another of its name may replace. */
  delete(): void {
    this.isDeleted = true;
    this.close();
  }

  /** Cancels every timer and wakes every waiter. */
  close(): void {
    this.#expiry.cancel();
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#waiters.close();
  }

  #makeReady(to: Fifo<Entry>, entry: Entry): void {
    to.push(entry);
    this.#waiters.wakeOne();
  }

  /** Wakes another waiter, for a caller that was woken but leases nothing. */
  wakeNext(): void {
    if (this.#returned.size + this.#ready.size > 0 || this.#unread) this.#waiters.wakeOne();
  }

  /** Delays an entry until a point in time, even when the clock is put back meanwhile. */
  #delayUntil(entry: Entry, time: number): void {
    const timer = this.#clock.after(time - this.#clock.now(), () => {
      if (this.#clock.now() < time) this.#delayUntil(entry, time);
      else this.#endDelay(entry);
    });
    this.#delayed.set(entry, { timer, until: time });
  }

  #delay(entry: Entry, ms: number): void {
    const until = this.#clock.now() + ms;
    const timer = this.#clock.after(ms, () => {
      // A larger difference means that the clock was put back; the delay is over all the same.
      const early = until - this.#clock.now();
      if (early > 0 && early <= maxEarlyMs) this.#delay(entry, early);
      else this.#endDelay(entry);
    });
    this.#delayed.set(entry, { timer, until });
  }

  #endDelay(entry: Entry): void {
    this.#delayed.delete(entry);
    this.#makeReady(entry.attempt === 0 ? this.#ready : this.#returned, entry);
  }

  /** Returns the time. Shortens all leases when the clock was put back, so that they last no longer. */
  #now(now: number = this.#clock.now()): number {
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
