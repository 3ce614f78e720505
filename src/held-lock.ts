import type { Clock, Timer } from "./clock.ts";
import { BeeHiveError } from "./errors.ts";
import type { Lock } from "./stores.ts";

/** How a provider keeps a lock that it gave. */
export interface Hold {
  /** Keeps it until then, in ms since the epoch; answers whether it was still held. What it throws is tried again. */
  renew(until: number): Promise<boolean>;
  /** Lets go of it. Nothing happens when somebody else has it by now. */
  release(): Promise<void>;
}

export interface HeldLockParts extends Pick<Lock, "resource" | "fencingToken"> {
  /** How long it outlives a holder that does not renew it, in ms. */
  readonly ttlMs: number;
  /** When it ends unless renewed, in ms since the epoch. */
  readonly until: number;
}

/** A lock that is renewed each third of its time, until it is released or lost. */
export class HeldLock implements Lock {
  readonly resource: string;
  readonly fencingToken: number;
  readonly #clock: Clock;
  readonly #hold: Hold;
  readonly #ttlMs: number;
  readonly #lost = new AbortController();
  #until: number;
  #timer: Timer | undefined;
  #renewal: Promise<void> | undefined;
  #released: Promise<void> | undefined;

  constructor(clock: Clock, { resource, fencingToken, ttlMs, until }: HeldLockParts, hold: Hold) {
    this.resource = resource;
    this.fencingToken = fencingToken;
    this.#clock = clock;
    this.#hold = hold;
    this.#ttlMs = ttlMs;
    this.#until = until;
    this.#schedule();
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
    this.#timer?.cancel();
    await this.#renewal;
    if (!this.signal.aborted) await this.#hold.release();
  }

  #schedule(): void {
    this.#timer = this.#clock.after(this.#ttlMs / 3, () => {
      this.#renewal = this.#renew();
    });
  }

  /** Never rejects: a renewal that failed is tried again until the time has passed. */
  async #renew(): Promise<void> {
    const until = this.#clock.now() + this.#ttlMs;
    try {
      if (!(await this.#hold.renew(until))) return this.#lose();
      this.#until = until;
    } catch (cause) {
      if (this.#clock.now() >= this.#until) return this.#lose(cause);
    }
    if (!this.#released) this.#schedule();
  }

  #lose(cause?: unknown): void {
    this.#lost.abort(
      new BeeHiveError("LockLost", `The lock on "${this.resource}" ended before it was released.`, { cause }),
    );
  }
}
