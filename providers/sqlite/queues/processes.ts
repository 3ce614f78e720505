import { randomInt } from "node:crypto";
import type { Clock } from "../../../src/base/clock.ts";
import type { SqliteClient } from "../file/client.ts";
import type { Statement } from "../file/driver.ts";
import { ProcessLock } from "./process-lock.ts";

/** How often it is looked whether one of the others lives, in ms, while somebody leases; a look takes a millisecond or two. */
const lookMs = 1_000;

interface ProcessRow {
  readonly id: number;
  readonly lock: string;
}

/**
 * The processes that lease from the file, or hold locks. When one was killed, another gives back what was leased to it,
 * and frees its locks, at once, not only when they end: whoever opens the file next, or one of those that share it within seconds. An event that had
 * come back before waits for the end of its lease, for it may be what kills.
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
  /** This process in the file, once it has leased something. */
  #own: number | undefined;
  /** Nobody can have removed it since it was looked. */
  #sure = false;
  /** The group under way is the one that notes this process. */
  #noting = false;
  /** When it was looked last, in ms since the epoch. */
  #lookedAt = -Infinity;

  /** @param onAbandoned is called when leases of another process were given back. */
  constructor(client: SqliteClient, clock: Clock, onAbandoned: () => void) {
    this.#client = client;
    this.#clock = clock;
    this.#onAbandoned = onAbandoned;
    this.#isThere = client.prepare("SELECT 1 FROM processes WHERE id = ?");
    this.#insert = client.prepare("INSERT INTO processes (lock) VALUES (?)");
    this.#delete = client.prepare("DELETE FROM processes WHERE id = ?");
    this.#abandon = client.prepare(
      "UPDATE messages SET due = 0, lease = NULL " +
        "WHERE subscription IN (SELECT id FROM subscriptions) AND due > ? AND process = ? AND lease IS NOT NULL AND attempts = 1",
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

  /** Names this process, for the locks that it takes. `undefined` when no lock of its own could be had. */
  async holder(): Promise<string | undefined> {
    const isKnown = this.#sure && !this.#noting;
    const own = (isKnown ? this.#own : undefined) ?? (await this.#client.write(() => this.own()));
    return own === null ? undefined : String(own);
  }

  /** The number of this process, for what it leases. To be called within a group. Null when no lock could be had. */
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
   * Looks whether another process died, unless it was looked a moment ago: all of them the first time, then any one of
   * them. As each process does so, one that died is found within a second or two mostly, however many there are.
   */
  glance(now: number): void {
    // A clock that was put back silences nobody.
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

  /** Says that another process changed the file. */
  forget(): void {
    this.#sure = false;
  }

  /** Removes this process from the file with the last group. */
  leave(): void {
    const own = this.#own;
    this.#own = undefined;
    if (own !== undefined) this.#client.write(() => this.#delete.run([own])).catch(() => {});
  }

  /** Gives up the lock, once nothing more is written. */
  close(): void {
    this.#lock?.release();
  }

  /** Without one, leases that this process does not live to settle last out their time. */
  #takeLock(): ProcessLock | undefined {
    if (!this.#mayLock) return this.#lock;
    this.#mayLock = false;
    try {
      this.#lock = new ProcessLock(this.#client.path, this.#client.driverName);
    } catch {
      // Another file could not be opened: too many are, or the folder is read-only by now.
    }
    return this.#lock;
  }

  #others(): ProcessRow[] {
    try {
      const all = this.#client.query<ProcessRow>("SELECT id, lock FROM processes ORDER BY id").all([]);
      return all.filter(({ id }) => id !== this.#own);
    } catch {
      // Whoever waits for messages tells that the file cannot be read.
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
