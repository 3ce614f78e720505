import type { Clock, Timer } from "../base/clock.ts";
import { inMs } from "../base/duration.ts";
import { BeeHiveError } from "../base/errors.ts";
import { shown } from "../base/printable.ts";
import type { HeldLock, LockOptions } from "../contract/stores.ts";

/** Returns the `ttl` of a lock in ms. @throws BeeHiveError `InvalidConfiguration`. */
export function checkedTtl({ ttl = 30_000 }: LockOptions): number {
  const ms = inMs(ttl);
  if (typeof ms === "number" && ms > 0 && ms < Infinity) return Math.ceil(ms);
  throw new BeeHiveError(
    "InvalidConfiguration",
    `The ttl of a lock must be a number of ms above 0, or a text such as "30s", not ${shown(ttl)}.`,
  );
}

/**
 * Returns the maximum `wait` for a lock in ms; `Infinity` waits without end.
 *
 * @throws BeeHiveError `InvalidConfiguration`.
 */
export function checkedWait({ wait = 0 }: LockOptions): number {
  const ms = inMs(wait);
  if (typeof ms === "number" && ms >= 0) return ms;
  throw new BeeHiveError(
    "InvalidConfiguration",
    `The wait for a lock must be a number of ms from 0, or a text such as "10s", not ${shown(wait)}.`,
  );
}

/** The provider's side of a {@link RenewedLock}. */
export interface Hold {
  /** Extends the lock to `until`, in ms since the epoch. Returns whether it was still held; errors are retried. */
  renew(until: number): Promise<boolean>;
  /** Releases the lock. Does nothing if another holder has it. */
  release(): Promise<void>;
}

/** A lock as its store took it. */
export interface RenewedLockParts extends Pick<HeldLock, "resource" | "fencingToken"> {
  /** The time that the lock outlives a dead holder, in ms. */
  readonly ttlMs: number;
  /** The end of the lock, in ms since the epoch. */
  readonly until: number;
}

/**
 * A held lock, renewed each third of its `ttl`.
 *
 * It is lost at its end at the latest, also while a renewal hangs.
 */
export class RenewedLock implements HeldLock {
  readonly resource: string;
  readonly fencingToken: number;
  readonly #clock: Clock;
  readonly #hold: Hold;
  readonly #ttlMs: number;
  readonly #lost = new AbortController();
  #renewing: Timer | undefined;
  #ending: Timer | undefined;
  #renewal: Promise<void> | undefined;
  #released: Promise<void> | undefined;
  /** The error of the last failed renewal. */
  #failure: unknown;

  readonly #all: Set<RenewedLock>;

  /** @param all the open locks of its store. The lock adds itself, and removes itself when it is released or lost. */
  constructor(
    clock: Clock,
    { resource, fencingToken, ttlMs, until }: RenewedLockParts,
    hold: Hold,
    all: Set<RenewedLock> = new Set(),
  ) {
    this.#all = all;
    all.add(this);
    this.resource = resource;
    this.fencingToken = fencingToken;
    this.#clock = clock;
    this.#hold = hold;
    this.#ttlMs = ttlMs;
    this.#keepUntil(until);
    this.#renewLater();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  release(): Promise<void> {
    return (this.#released ??= this.#release());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  async #release(): Promise<void> {
    this.#all.delete(this);
    this.#renewing?.cancel();
    await this.#renewal;
    this.#ending?.cancel();
    if (!this.signal.aborted) await this.#hold.release();
  }

  #keepUntil(until: number): void {
    this.#ending?.cancel();
    this.#ending = this.#clock.after(until - this.#clock.now(), () => this.lose());
  }

  #renewLater(): void {
    this.#renewing = this.#clock.after(this.#ttlMs / 3, () => {
      this.#renewal = this.#renew();
    });
  }

  /** Never rejects: retries a failed renewal until the lock ends. */
  async #renew(): Promise<void> {
    const until = this.#clock.now() + this.#ttlMs;
    try {
      const held = await this.#hold.renew(until);
      if (this.signal.aborted) return;
      if (!held) return this.lose();
      this.#failure = undefined;
      this.#keepUntil(until);
    } catch (error) {
      this.#failure = error;
    }
    if (!this.#released && !this.signal.aborted) this.#renewLater();
  }

  /** Ends the lock and aborts its signal. Its store calls it when it is closed. */
  lose(): void {
    this.#all.delete(this);
    this.#renewing?.cancel();
    this.#ending?.cancel();
    const cause = this.#failure;
    this.#lost.abort(
      new BeeHiveError("LockLost", `The lock on "${this.resource}" ended before it was released.`, { cause }),
    );
  }
}
