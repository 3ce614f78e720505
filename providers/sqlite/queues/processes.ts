import { randomInt } from "node:crypto";
import type { Clock } from "../../../src/base/clock.ts";
import type { SqliteClient } from "../file/client.ts";
import type { Statement } from "../file/driver.ts";
import { ProcessLock } from "./process-lock.ts";

/** The time between two checks for a dead process, in ms. A check takes a millisecond or two. */
const lookMs = 1_000;

interface ProcessRow {
  readonly id: number;
  readonly lock: string;
}

/**
 * The processes that lease from the file or hold locks.
 *
 * When a process is killed, another one abandons its leases and frees its locks: the next process that opens the file
 * at once, or one that shares it within seconds. An event with an earlier attempt stays leased until its lease ends,
 * because the event may be the cause.
 */
export class Processes {
  readonly #client: SqliteClient;
  readonly #clock: Clock;
  readonly #onAbandoned: () => void;
  readonly #isThere: Statement;
  readonly #insert: Statement;
  readonly #delete: Statement;
  readonly #abandon: Statement;
  readonly #freeLocks: Statement;
  #lock: ProcessLock | undefined;
  #mayLock = true;
  /** The row of this process, once it has leased or locked something. */
  #own: number | undefined;
  /** True if no other process can have removed the row since it was last seen. */
  #sure = false;
  /** True while the current group inserts the row. */
  #noting = false;
  /** The time of the last check, in ms since the epoch. */
  #lookedAt = -Infinity;

  /** @param onAbandoned Called when the leases of a dead process were abandoned. */
  constructor(client: SqliteClient, clock: Clock, onAbandoned: () => void) {
    this.#client = client;
    this.#clock = clock;
    this.#onAbandoned = onAbandoned;
    this.#isThere = client.prepare("SELECT 1 FROM processes WHERE id = ?");
    this.#insert = client.prepare("INSERT INTO processes (lock) VALUES (?)");
    this.#delete = client.prepare("DELETE FROM processes WHERE id = ?");
    this.#abandon = client.prepare(
      "UPDATE messages SET due = 0, lease = NULL " +
        "WHERE subscription IN (SELECT id FROM subscriptions) AND due > ? AND process = ? AND lease IS NOT NULL " +
        "AND attempts = 1",
    );
    this.#freeLocks = client.prepare(
      "UPDATE items SET value = json_set(value, '$.until', 0), etag = etag || '.' WHERE store = 'lock' " +
        "AND CASE WHEN json_valid(value) THEN value ->> 'holder' = ? AND value ->> 'until' > 0 ELSE 0 END",
    );
    client.addHooks({
      committed: () => {
        this.#noting = false;
      },
      rolledBack: () => {
        if (this.#noting) this.#own = undefined;
        this.#noting = false;
      },
    });
  }

  /** Returns the name of this process for the locks that it takes; undefined when it could not get a process lock. */
  async holder(): Promise<string | undefined> {
    const isKnown = this.#sure && !this.#noting;
    const own = (isKnown ? this.#own : undefined) ?? (await this.#client.write(() => this.own()));
    return own === null ? undefined : String(own);
  }

  /** Returns the number of this process for its leases; null without a process lock. Call within a group. */
  own(): number | null {
    if (this.#own !== undefined && (this.#sure || this.#isThere.get([this.#own]))) {
      this.#sure = true;
      return this.#own;
    }
    const lock = this.#takeLock();
    if (!lock) return null;
    this.#noting = this.#sure = true;
    return (this.#own = this.#insert.insert([lock.name]));
  }

  /**
   * Checks at most once a second whether another process died.
   *
   * Checks all processes the first time, then a random one. As each process does so, a dead one is usually found within
   * a second or two, however many there are.
   */
  glance(now: number): void {
    // The absolute difference, so that checks go on when the clock is put back.
    if (Math.abs(now - this.#lookedAt) < lookMs) return;
    const first = this.#lookedAt === -Infinity;
    this.#lookedAt = now;
    const others = this.#others();
    const any = others.length > 0 ? randomInt(others.length) : 0;
    for (const other of first ? others : others.slice(any, any + 1)) this.#look(other);
    if (first) ProcessLock.clearOrphans(this.#client.path, this.#names(others), this.#client.driverName, now);
  }

  #names(others: readonly ProcessRow[]): ReadonlySet<string> {
    return new Set([...others.map(({ lock }) => lock), ...(this.#lock ? [this.#lock.name] : [])]);
  }

  /** Checks the row again, because another process has changed the file. */
  forget(): void {
    this.#sure = false;
  }

  /** Removes this process from the file with the last group. */
  leave(): void {
    const own = this.#own;
    this.#own = undefined;
    if (own !== undefined) this.#client.write(() => this.#delete.run([own])).catch(() => {});
  }

  /** Releases the process lock. Call after the last write. */
  close(): void {
    this.#lock?.release();
  }

  /** Takes the process lock. Without it, leases of this process expire only by time when it is killed. */
  #takeLock(): ProcessLock | undefined {
    if (!this.#mayLock) return this.#lock;
    this.#mayLock = false;
    try {
      this.#lock = new ProcessLock(this.#client.path, this.#client.driverName);
    } catch {
      // Another file could not be opened: too many are open, or the folder has become read-only.
    }
    return this.#lock;
  }

  #others(): ProcessRow[] {
    try {
      const all = this.#client.query<ProcessRow>("SELECT id, lock FROM processes ORDER BY id").all([]);
      return all.filter(({ id }) => id !== this.#own);
    } catch {
      // The lease call that waits reports that the file cannot be read.
      return [];
    }
  }

  #look({ id, lock }: ProcessRow): void {
    if (!ProcessLock.isDead(this.#client.path, lock, this.#client.driverName)) return;
    this.#abandonAllOf(id).then(
      () => ProcessLock.clear(this.#client.path, lock),
      () => {}, // The next look tries again.
    );
  }

  async #abandonAllOf(id: number): Promise<void> {
    await this.#client.write(() => {
      this.#abandon.run([this.#clock.now(), id]);
      this.#freeLocks.run([String(id)]);
      this.#delete.run([id]);
    });
    this.#onAbandoned();
  }
}
