import type { Clock, Timer } from "../../../src/base/clock.ts";
import { Waiters } from "../../../src/provider-kit/waiters.ts";
import type { SqliteClient } from "../file/client.ts";
import type { SqliteLease } from "./lease.ts";
import { LeaseWaiter, type Wanted } from "./lease-waiter.ts";
import type { Subscription } from "./topology.ts";

/**
 * The time between two checks for commits of other processes, in ms, while a lease call waits.
 *
 * It grows from `min` to `max` as long as there are no commits. A check takes some microseconds.
 */
const lookMs = { min: 20, max: 80, factor: 1.1 };

/** A subscription, or the log of a topic under a negative number. */
type Waited = Pick<Subscription, "id">;

/** Callbacks of {@link Waiting}. */
export interface WaitingParts {
  /** Called when another process has committed, before all waiters are woken. */
  readonly onOthers: () => void;
  /** Called after each check for commits of other processes, while a lease call waits. */
  readonly onLook: (now: number) => void;
}

/**
 * The lease calls that wait for messages.
 *
 * A commit of this process wakes them at once, with the messages that it handed over. A commit of another process wakes
 * them soon, see {@link lookMs}. SQLite counts commits of other processes (`PRAGMA data_version`), so a check reads no
 * table.
 */
export class Waiting {
  readonly #client: SqliteClient;
  readonly #clock: Clock;
  readonly #parts: WaitingParts;
  /** Waiters by the id of their subscription. */
  readonly #waiters = new Map<number, Waiters<LeaseWaiter>>();
  #count = 0;
  /** Subscriptions whose messages the current group changed, and those for which it handed over messages. */
  readonly #touched = new Set<number>();
  readonly #handed = new Set<number>();
  #timer: Timer | undefined;
  #lookMs = lookMs.min;
  #lookedAt = -Infinity;

  constructor(client: SqliteClient, clock: Clock, parts: WaitingParts) {
    this.#client = client;
    this.#clock = clock;
    this.#parts = parts;
    client.addHooks({
      begun: () => this.look(),
      committed: () => this.#committed(),
      rolledBack: () => this.#rolledBack(),
    });
  }

  /** Marks a subscription as changed, so that its waiters are woken after the commit. Call within a group. */
  touch({ id }: Waited): void {
    this.#touched.add(id);
  }

  /**
   * Returns a waiter of that subscription with room for one more message. Call within a group.
   *
   * Returns undefined once the group has changed the subscription, because the new message would overtake others.
   */
  waiter({ id }: Subscription): LeaseWaiter | undefined {
    if (this.#touched.has(id)) return undefined;
    const waiter = this.#waiters.get(id)?.find((one) => one.reserve());
    if (waiter) this.#handed.add(id);
    return waiter;
  }

  /**
   * Waits for messages. Resolves with those that were handed over.
   *
   * Resolves with none when there may be messages to take, at `until`, or when `signal` aborts.
   */
  wait({ id }: Waited, wanted: Wanted): Promise<SqliteLease[]> {
    return new Promise((resolve) => {
      let waiters = this.#waiters.get(id);
      if (!waiters) this.#waiters.set(id, (waiters = new Waiters(this.#clock)));
      this.#count++;
      this.#lookLater();
      waiters.add(
        new LeaseWaiter(wanted, (leases) => {
          this.#count--;
          resolve(leases);
        }),
      );
    });
  }

  /** Checks for commits of other processes, unless it did so a moment ago. */
  glance(now: number): void {
    if (Math.abs(now - this.#lookedAt) >= lookMs.min) this.look();
  }

  /** Wakes all waiters. */
  wakeAll(): void {
    for (const waiters of this.#waiters.values()) waiters.wakeAll();
  }

  close(): void {
    this.#timer?.cancel();
    for (const waiters of this.#waiters.values()) waiters.close();
  }

  /** Checks for commits of other processes. */
  look(): void {
    this.#lookedAt = this.#clock.now();
    if (!this.#client.changedByOthers()) return;
    this.#lookMs = lookMs.min;
    this.#parts.onOthers();
    this.wakeAll();
  }

  #lookLater(): void {
    this.#timer ??= this.#clock.after(this.#lookMs, () => {
      this.#timer = undefined;
      if (this.#count === 0) return;
      this.#lookMs = Math.min(lookMs.max, this.#lookMs * lookMs.factor);
      try {
        this.look();
      } catch {
        // No caller could catch the error here. The woken waiters look again and report why the file cannot be read.
        this.wakeAll();
        this.#lookedAt = -Infinity;
      }
      this.#parts.onLook(this.#clock.now());
      if (this.#count > 0) this.#lookLater();
    });
  }

  #committed(): void {
    for (const changed of [this.#handed, this.#touched]) {
      for (const id of changed) this.#waiters.get(id)?.wakeAll();
      changed.clear();
    }
  }

  #rolledBack(): void {
    for (const id of this.#handed) for (const waiter of this.#waiters.get(id) ?? []) waiter.reset();
    this.#handed.clear();
    this.#touched.clear();
  }
}
