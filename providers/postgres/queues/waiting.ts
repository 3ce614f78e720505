import type { Clock } from "../../../src/base/clock.ts";
import { Waiters, type Waiter } from "../../../src/provider-kit/waiters.ts";
import type { PostgresLease } from "./lease.ts";
import type { Subscription } from "./topology.ts";

/** How long a lease waits for a poll before its message is given back, in ms. A poll comes as soon as an actor is free. */
const keptMs = 50;

/** A poll that waits for messages. */
export interface Wanted {
  readonly max: number;
  readonly leaseMs: number;
  /** The end of the wait, in ms since the epoch. */
  readonly until: number;
  readonly signal: AbortSignal;
}

class WaitingPoll implements Waiter {
  place = -1;
  readonly leases: PostgresLease[] = [];
  readonly wanted: Wanted;
  readonly #resolve: (leases: PostgresLease[]) => void;

  constructor(wanted: Wanted, resolve: (leases: PostgresLease[]) => void) {
    this.wanted = wanted;
    this.#resolve = resolve;
  }

  get until(): number {
    return this.wanted.until;
  }

  get signal(): AbortSignal {
    return this.wanted.signal;
  }

  get room(): number {
    return this.wanted.max - this.leases.length;
  }

  wake(): void {
    this.#resolve(this.leases);
  }
}

/** A look for messages under way. */
export interface Look {
  readonly max: number;
  /** The count of touches when it began. */
  readonly said: number;
  /** How many messages were known to be due when it began. */
  readonly due: number;
}

/** The polls of a subscription, and what this process knows of its messages. */
class Reader {
  readonly polls: Waiters<WaitingPoll>;
  readonly looks = new Set<Look>();
  /** How many messages are due that no look has begun for; `Infinity` when that is not known. */
  due = Infinity;
  /** The room of a poll that was answered, and comes again at once. */
  coming = 0;
  comesUntil = -Infinity;
  /** Messages that a commit under way has leased for the polls. */
  reserved = 0;
  /** Leases that a commit under way ends: a poll comes for as many messages. */
  ending = 0;
  /** The length of the last lease, in ms. */
  leaseMs: number | undefined;
  /** Messages that were leased for polls which have ended. */
  kept: PostgresLease[] = [];
  /** No message is due before, unless it is said. */
  quietUntil = -Infinity;
  /** Counts what was said: a poll that looked before does not know it. */
  said = 0;

  constructor(clock: Clock) {
    this.polls = new Waiters(clock);
  }

  /** The number of messages that polls have room for, beside those that they find by themselves. */
  roomAt(now: number): number {
    let room = this.ending - this.reserved - this.kept.length - this.due;
    if (now < this.comesUntil) room += this.coming;
    for (const { max, due } of this.looks) room += max - due;
    for (const poll of this.polls) room += poll.room;
    return room;
  }
}

/**
 * The polls that wait for messages.
 *
 * A commit of this process leases what it publishes for them, which saves the statement that would lease it. All others
 * are woken when there may be something: by {@link touch}.
 */
export class Waiting {
  readonly #clock: Clock;
  readonly #giveBack: (leases: readonly PostgresLease[]) => void;
  readonly #readers = new Map<number, Reader>();
  #count = 0;
  #onWait: () => void = () => {};

  /** @param giveBack returns leases that no poll came for to their queue. */
  constructor(clock: Clock, giveBack: (leases: readonly PostgresLease[]) => void) {
    this.#clock = clock;
    this.#giveBack = giveBack;
  }

  /** The number of polls that wait. */
  get count(): number {
    return this.#count;
  }

  /** Calls back whenever a poll begins to wait. */
  onWait(callback: () => void): void {
    this.#onWait = callback;
  }

  /** The ids of the subscriptions that polls wait for. */
  subscriptions(): number[] {
    return [...this.#readers].filter(([id, { polls }]) => id > 0 && polls.size > 0).map(([id]) => id);
  }

  /** Returns whether a message may be due. */
  mayHave({ id }: Subscription): boolean {
    return this.#of(id).quietUntil <= this.#clock.now();
  }

  /** Says that a poll looks for messages. */
  looks({ id }: Subscription, max: number, leaseMs: number): Look {
    const reader = this.#of(id);
    const look = { max, said: reader.said, due: reader.due };
    reader.looks.add(look);
    reader.due = 0;
    reader.coming = 0;
    reader.leaseMs = leaseMs;
    return look;
  }

  /**
   * Says that a look is over, and found no message that is due before `until`; unless one was said of meanwhile.
   * `undefined`: there may be more.
   */
  looked({ id }: Subscription, look: Look, until: number | undefined): void {
    const reader = this.#of(id);
    reader.looks.delete(look);
    if (until === undefined) reader.due = Infinity;
    else if (reader.said === look.said) reader.quietUntil = until;
  }

  /** Says that a poll was answered, and comes again with room for as many messages. */
  comes({ id }: Subscription, room: number): void {
    const reader = this.#of(id);
    reader.coming = room;
    reader.comesUntil = this.#clock.now() + keptMs;
  }

  /** Returns the time from which a message may be due, in ms since the epoch. */
  dueAt(id: number): number {
    return this.#of(id).quietUntil;
  }

  /** Says that messages are due: wakes the polls. @param count their number, when nothing else is due. */
  touch(id: number, count: number = Infinity): void {
    const reader = this.#of(id);
    reader.said++;
    reader.due += count;
    reader.quietUntil = -Infinity;
    reader.polls.wakeAll();
  }

  touchAll(): void {
    for (const id of this.#readers.keys()) this.touch(id);
  }

  /** Waits. Resolves with what was leased meanwhile; with nothing when the caller is to look, or the wait is over. */
  wait({ id }: Pick<Subscription, "id">, wanted: Wanted): Promise<PostgresLease[]> {
    return new Promise((resolve) => {
      this.#count++;
      const reader = this.#of(id);
      reader.coming = 0;
      reader.leaseMs = wanted.leaseMs;
      reader.polls.add(
        new WaitingPoll(wanted, (leases) => {
          this.#count--;
          resolve(leases);
        }),
      );
      this.#onWait();
    });
  }

  /**
   * Reserves room for a message in a poll that waits, looks or will come. Returns for how long to lease it, in ms;
   * `undefined` for no room, and where messages may wait that would be overtaken.
   */
  reserve({ id }: Subscription): number | undefined {
    const reader = this.#readers.get(id);
    if (reader?.leaseMs === undefined || reader.roomAt(this.#clock.now()) <= 0) return undefined;
    reader.reserved++;
    return reader.leaseMs;
  }

  /** Says that a commit ends leases of this process, or with a negative count that it is over. */
  ending({ id }: Subscription, count: number): void {
    this.#of(id).ending += count;
  }

  /** Ends reservations. */
  release({ id }: Subscription, count: number): void {
    this.#of(id).reserved -= count;
  }

  /** Hands leases to polls; keeps those that no poll has room for until one comes. */
  deliver({ id }: Subscription, leases: readonly PostgresLease[]): void {
    const reader = this.#of(id);
    const left = [...leases];
    const filled: WaitingPoll[] = [];
    for (const poll of reader.polls) {
      if (left.length === 0) break;
      poll.leases.push(...left.splice(0, poll.room));
      filled.push(poll);
    }
    if (filled.length > 0) {
      reader.polls.wakeAll();
    }
    if (left.length === 0) return;
    reader.kept.push(...left);
    this.#clock.after(keptMs, () => {
      const late = left.filter((lease) => reader.kept.includes(lease));
      if (late.length === 0) return;
      reader.kept = reader.kept.filter((lease) => !late.includes(lease));
      this.#giveBack(late);
    });
  }

  /** Returns leases that were kept for a poll. */
  kept({ id }: Subscription, max: number): PostgresLease[] {
    return this.#readers.get(id)?.kept.splice(0, max) ?? [];
  }

  /** Ends every wait. Returns the leases that no poll came for. */
  close(): PostgresLease[] {
    const readers = [...this.#readers.values()];
    for (const { polls } of readers) polls.close();
    return readers.flatMap(({ kept }) => kept.splice(0));
  }

  #of(id: number): Reader {
    let reader = this.#readers.get(id);
    if (!reader) this.#readers.set(id, (reader = new Reader(this.#clock)));
    return reader;
  }
}
