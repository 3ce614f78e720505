import type { Hold } from "../actors/pause.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Stored, Stores } from "../contract/stores.ts";
import { controlId, everything, holds, type Control, type ControlledKind, type StoredSettings } from "./control.ts";
import { ControlStore } from "./control-store.ts";

/** A subscription, pulser or source of this process that follows its control. */
export interface Followed {
  readonly kind: ControlledKind;
  readonly name: string;
  hold(hold: Hold | undefined): void;
  use?(settings: StoredSettings | undefined): void;
}

export interface FollowerParts {
  readonly stores: Stores;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The time between two looks, in ms; `undefined` to follow changes of this process only. */
  readonly intervalMs: number | undefined;
  readonly followed: readonly Followed[];
  /** Called after each look, with all controls. */
  readonly looked?: ((controls: ReadonlyMap<string, Stored<Control>>) => void) | undefined;
}

/** Longest time between looks that fail, in ms. */
const maxBackoffMs = 60_000;

/** Applies the controls of a provider to one hive: one look at an interval, for all subscriptions and pulsers. */
export class Follower {
  readonly #parts: FollowerParts;
  readonly #store: ControlStore;
  /** The applied state of each followed thing, to leave unchanged ones alone. */
  readonly #applied = new Map<Followed, { readonly hold: Hold | undefined; readonly settings: string }>();
  #controls: ReadonlyMap<string, Stored<Control>> = new Map();
  #looking: Promise<void> | undefined;
  #again = false;
  #lookTimer: Timer | undefined;
  #endTimer: Timer | undefined;
  #unfollow: (() => void) | undefined;
  #failures = 0;
  #lookedAt = -Infinity;
  #stopped = false;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
    this.#store = new ControlStore(parts.stores);
  }

  /** Applies the controls, and follows them from then on. */
  async start(): Promise<void> {
    this.#unfollow = this.#store.follow(() => this.look());
    await this.look();
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#unfollow?.();
    this.#lookTimer?.cancel();
    this.#endTimer?.cancel();
  }

  /** Looks once if the last look is older than the interval, for hosts that run no timers. */
  async lookIfOld(): Promise<void> {
    if (this.#unfollow || this.#parts.clock.now() - this.#lookedAt < (this.#parts.intervalMs ?? 0)) return;
    await this.look();
  }

  /** Looks and applies. Calls during a look share one more look. Never rejects: the last known state stays. */
  async look(): Promise<void> {
    if (this.#looking) {
      this.#again = true;
      return await this.#looking;
    }
    await (this.#looking = this.#lookUntilQuiet());
  }

  async #lookUntilQuiet(): Promise<void> {
    do {
      this.#again = false;
      await this.#lookOnce();
    } while (this.#again && !this.#stopped);
    // Here, not in a callback: a call in between would wait for a look that nobody makes.
    this.#looking = undefined;
  }

  async #lookOnce(): Promise<void> {
    const { clock, logger } = this.#parts;
    try {
      this.#controls = await this.#store.all();
      this.#failures = 0;
    } catch (error) {
      if (this.#failures++ === 0 && !this.#stopped)
        logger.warn({ err: error }, "the controls of operators cannot be read; the last known ones hold");
      return;
    } finally {
      this.#lookedAt = clock.now();
    }
    if (this.#stopped) return;
    this.#apply();
    this.#parts.looked?.(this.#controls);
  }

  #schedule(): void {
    const { clock, intervalMs } = this.#parts;
    if (intervalMs === undefined || this.#stopped) return;
    const waitMs = Math.max(intervalMs, Math.min(maxBackoffMs, intervalMs * 2 ** this.#failures));
    this.#lookTimer = clock.after(waitMs, () => void this.look().then(() => this.#schedule()));
  }

  /** Applies the known controls as they are now: a pause may have ended. */
  #apply(): void {
    const now = this.#parts.clock.now();
    const all = this.#controls.get(everything)?.hold;
    for (const one of this.#parts.followed) {
      const control = this.#controls.get(controlId(one.kind, one.name));
      const hold = [control?.hold, one.kind === "pulser" ? undefined : all].find((each) => holds(each, now));
      this.#applyTo(one, hold, control?.settings);
    }
    this.#awaitEnd(now);
  }

  #applyTo(one: Followed, hold: Hold | undefined, settings: StoredSettings | undefined): void {
    const before = this.#applied.get(one);
    const text = settings ? JSON.stringify(settings) : "";
    if ((before?.settings ?? "") !== text) one.use?.(settings);
    if (JSON.stringify(before?.hold) !== JSON.stringify(hold)) one.hold(hold);
    this.#applied.set(one, { hold, settings: text });
  }

  /** Applies again when the next pause ends. */
  #awaitEnd(now: number): void {
    this.#endTimer?.cancel();
    const ends = [...this.#controls.values()].flatMap(({ hold }) =>
      holds(hold, now) && hold.until !== undefined ? [hold.until] : [],
    );
    if (ends.length === 0) return;
    this.#endTimer = this.#parts.clock.after(Math.min(...ends) - now, () => this.#apply());
  }
}
