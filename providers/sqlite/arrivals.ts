import type { Clock, Timer } from "../../src/clock.ts";
import type { SqliteClient } from "./client.ts";
import type { Subscription } from "./topology.ts";

/**
 * How often it is looked whether another process committed, in ms, while somebody waits: less and less often as long
 * as nobody does. A look takes some microseconds.
 */
const lookMs = { min: 20, max: 120, factor: 1.1 };

/**
 * Who waits for messages, and what wakes them: a commit of this process at once, one of another process
 * soon, see {@link lookMs}. SQLite counts the commits of others (`PRAGMA data_version`), so a look reads no table.
 */
export class Arrivals {
  readonly #client: SqliteClient;
  readonly #clock: Clock;
  readonly #onOthers: () => void;
  readonly #waiters = new Map<number, Set<() => void>>();
  readonly #touched = new Set<number>();
  #timer: Timer | undefined;
  #lookMs = lookMs.min;

  /** @param onOthers is called when another process committed, before who waits is woken. */
  constructor(client: SqliteClient, clock: Clock, onOthers: () => void) {
    this.#client = client;
    this.#clock = clock;
    this.#onOthers = onOthers;
    client.addHooks({
      begun: () => this.look(),
      committed: () => this.#wakeTouched(),
      rolledBack: () => this.#touched.clear(),
    });
  }

  /** Notes, within a group, that something changed for that subscription; who waits is woken after the commit. */
  touch({ id }: Subscription): void {
    this.#touched.add(id);
  }

  /** Resolves when something may have become due, when `ms` passed, or when `signal` aborts. */
  wait({ id }: Subscription, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#remove(id, done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = this.#clock.after(ms, done);
      const waiters = this.#waiters.get(id);
      if (waiters) waiters.add(done);
      else this.#waiters.set(id, new Set([done]));
      this.#lookLater();
      signal.addEventListener("abort", done, { once: true });
    });
  }

  /** Looks whether another process committed. */
  look(): void {
    if (!this.#client.changedByOthers()) return;
    this.#lookMs = lookMs.min;
    this.#onOthers();
    this.wakeAll();
  }

  /** Answers everybody who waits. */
  wakeAll(): void {
    for (const id of [...this.#waiters.keys()]) this.#wake(id);
  }

  #remove(id: number, waiter: () => void): void {
    const waiters = this.#waiters.get(id);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiters.delete(id);
    if (this.#waiters.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wakeTouched(): void {
    for (const id of this.#touched) this.#wake(id);
    this.#touched.clear();
  }

  #wake(id: number): void {
    for (const wake of this.#waiters.get(id) ?? []) wake();
  }

  #lookLater(): void {
    this.#timer ??= this.#clock.after(this.#lookMs, () => {
      this.#lookMs = Math.min(lookMs.max, this.#lookMs * lookMs.factor);
      this.#timer = undefined;
      this.look();
      if (this.#waiters.size > 0) this.#lookLater();
    });
  }
}
