import type { Clock, Timer } from "../base/clock.ts";
import { BeeHiveError } from "../base/errors.ts";
import { shown } from "../base/printable.ts";
import type { HeldLock, LockOptions } from "../contract/stores.ts";

/** How long a lock is to outlive its holder, in ms. @throws BeeHiveError `InvalidConfiguration` when that is no time. */
export function checkedTtl({ ttl = 30_000 }: LockOptions): number {
  if (typeof ttl === "number" && ttl > 0 && ttl < Infinity) return Math.ceil(ttl);
  throw new BeeHiveError(
    "InvalidConfiguration",
    `The ttl of a lock must be a number of ms above 0, not ${shown(ttl)}.`,
  );
}

/**
 * Returns how long a lock is waited for, in ms; `Infinity` waits until it is had.
 *
 * @throws BeeHiveError `InvalidConfiguration` when that is no time.
 */
export function checkedWait({ wait = 0 }: LockOptions): number {
  if (typeof wait === "number" && wait >= 0) return wait;
  throw new BeeHiveError(
    "InvalidConfiguration",
    `The wait for a lock must be a number of ms from 0, not ${shown(wait)}.`,
  );
}

/** How a provider keeps a lock that it gave. */
export interface Hold {
  /** Keeps it until then, in ms since the epoch; answers whether it was still held. What it throws is tried again. */
  renew(until: number): Promise<boolean>;
  /** Lets go of it. Nothing happens when somebody else has it by now. */
  release(): Promise<void>;
}

export interface RenewedLockParts extends Pick<HeldLock, "resource" | "fencingToken"> {
  /** How long it outlives a holder that does not renew it, in ms. */
  readonly ttlMs: number;
  /** When it ends unless renewed, in ms since the epoch. */
  readonly until: number;
}

/** A lock that is renewed each third of its time, until it is released or lost: at its end at the latest, whatever a renewal does. */
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
  /** What the last renewal that failed failed with. */
  #failure: unknown;

  readonly #all: Set<RenewedLock>;

  /** @param all those that its store gave: it is among them until it is released or lost. */
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

  /** Never rejects: a renewal that failed is tried again until the lock ends. */
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

  /** Tells its holder that it is over: by itself, or because its store is closed. */
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
