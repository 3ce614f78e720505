import type { Clock, Timer } from "../../../src/base/clock.ts";
import { Waiters } from "../../../src/provider-kit/waiters.ts";
import type { SqliteClient } from "../file/client.ts";
import type { SqliteLease } from "./lease.ts";
import { LeaseWaiter, type Wanted } from "./lease-waiter.ts";
import type { Subscription } from "./topology.ts";

/**
 * How often it is looked whether another process committed, in ms, while somebody waits: less and less often as long
 * as nobody does. A look takes some microseconds.
 */
const lookMs = { min: 20, max: 120, factor: 1.1 };

/** What is told of it. */
export interface WaitingParts {
  /** Another process committed; who waits is woken afterwards. */
  readonly onOthers: () => void;
  /** It was looked for that, as is done now and then while somebody waits. */
  readonly onLook: (now: number) => void;
}

/**
 * Who waits for messages, and what wakes them: a commit of this process at once, with the messages that it handed over;
 * one of another process soon, see {@link lookMs}. SQLite counts the commits of others (`PRAGMA data_version`), so a
 * look reads no table.
 */
export class Waiting {
  readonly #client: SqliteClient;
  readonly #clock: Clock;
  readonly #parts: WaitingParts;
  /** By subscription. */
  readonly #waiters = new Map<number, Waiters<LeaseWaiter>>();
  #count = 0;
  /** Subscriptions of which the group under way put a message in line, and those of which it handed one over. */
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
      begun: () => this.#look(),
      committed: () => this.#committed(),
      rolledBack: () => this.#rolledBack(),
    });
  }

  /** Notes, within a group, that something changed for that subscription; who waits is woken after the commit. */
  touch({ id }: Subscription): void {
    this.#touched.add(id);
  }

  /**
   * Who is to be handed one more message of that subscription, if anybody waits who has room for it. To be called within
   * a group. Nobody once the group has put a message in line: it would be overtaken.
   */
  waiter({ id }: Subscription): LeaseWaiter | undefined {
    if (this.#touched.has(id)) return undefined;
    const waiter = this.#waiters.get(id)?.find((one) => one.reserve());
    if (waiter) this.#handed.add(id);
    return waiter;
  }

  /**
   * Resolves with the messages that were handed over; with none when there may be some to take, at `until`, or when
   * `signal` aborts.
   */
  wait({ id }: Subscription, wanted: Wanted): Promise<SqliteLease[]> {
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

  /** Looks whether another process committed, unless it was looked a moment ago. */
  glance(now: number): void {
    if (Math.abs(now - this.#lookedAt) >= lookMs.min) this.#look();
  }

  /** Answers everybody who waits. */
  wakeAll(): void {
    for (const waiters of this.#waiters.values()) waiters.wakeAll();
  }

  close(): void {
    this.#timer?.cancel();
    for (const waiters of this.#waiters.values()) waiters.close();
  }

  #look(): void {
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
        this.#look();
      } catch {
        // Nobody would catch it here: who waits looks again at once, and is told there why the file cannot be read.
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
