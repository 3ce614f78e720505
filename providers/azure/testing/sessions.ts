import type { Clock, Timer } from "../../../src/base/clock.ts";

/** A session that one receiver holds. */
export class SessionLock {
  readonly id: string;
  /** The link that holds it. */
  readonly holder: string;
  until: number;
  timer: Timer;
  /** Called when the lock ended before the holder released it. */
  readonly lost: () => void;

  constructor(id: string, holder: string, until: number, timer: Timer, lost: () => void) {
    this.id = id;
    this.holder = holder;
    this.until = until;
    this.timer = timer;
    this.lost = lost;
  }
}

/** The sessions of one queue or subscription: their locks, states and turns. */
export class Sessions {
  readonly #lockMs: number;
  readonly #clock: Clock;
  readonly #expired: (lock: SessionLock) => void;
  readonly #held = new Map<string, SessionLock>();
  readonly #states = new Map<string, Buffer>();
  /** The turn in which each was accepted last. The one that has waited longest is next. */
  readonly #turns = new Map<string, number>();
  #turn = 0;

  constructor(lockMs: number, clock: Clock, expired: (lock: SessionLock) => void) {
    this.#lockMs = lockMs;
    this.#clock = clock;
    this.#expired = expired;
  }

  /** Locks a session, with or without messages; returns `undefined` when it is held. */
  accept(id: string, holder: string, lost: () => void): SessionLock | undefined {
    if (this.#held.has(id)) return undefined;
    const until = this.#clock.now() + this.#lockMs;
    const lock = new SessionLock(id, holder, until, this.#expiry(id), lost);
    this.#held.set(id, lock);
    this.#turns.set(id, ++this.#turn);
    return lock;
  }

  /** Returns the free session that has waited longest. */
  next(ids: Iterable<string>): string | undefined {
    let best: string | undefined;
    for (const id of ids) {
      if (this.#held.has(id)) continue;
      if (best === undefined || this.#lastTurn(id) < this.#lastTurn(best)) best = id;
    }
    return best;
  }

  /** Returns the lock on a session, if that link holds it. */
  heldBy(id: string, holder: string): SessionLock | undefined {
    const lock = this.#held.get(id);
    return lock?.holder === holder ? lock : undefined;
  }

  /** Ends a lock; returns whether it was held. */
  end(lock: SessionLock): boolean {
    if (this.#held.get(lock.id) !== lock) return false;
    lock.timer.cancel();
    return this.#held.delete(lock.id);
  }

  /** Renews a lock; returns its end. */
  renew(lock: SessionLock): number {
    lock.timer.cancel();
    lock.until = this.#clock.now() + this.#lockMs;
    lock.timer = this.#expiry(lock.id);
    return lock.until;
  }

  state(id: string): Buffer | undefined {
    return this.#states.get(id);
  }

  setState(id: string, state: Buffer | undefined): void {
    if (state === undefined) this.#states.delete(id);
    else this.#states.set(id, state);
  }

  expireAll(): void {
    for (const lock of [...this.#held.values()]) this.#expire(lock.id);
  }

  close(): void {
    for (const { timer } of this.#held.values()) timer.cancel();
  }

  #lastTurn(id: string): number {
    return this.#turns.get(id) ?? 0;
  }

  #expiry(id: string): Timer {
    return this.#clock.after(this.#lockMs, () => this.#expire(id));
  }

  #expire(id: string): void {
    const lock = this.#held.get(id);
    if (!lock || !this.end(lock)) return;
    this.#expired(lock);
    lock.lost();
  }
}
