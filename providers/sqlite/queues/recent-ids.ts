import { isAhead } from "../../../src/base/clock-steps.ts";
import { IdSet } from "../../../src/provider-kit/id-set.ts";
import type { SqliteClient } from "../file/client.ts";
import type { Statement } from "../file/driver.ts";

/** Rows in one read, and rows that one group deletes: more than it adds, and few enough to be fast. */
const pageSize = 100;

/** The ids that one group pushed, by destination, stored as JSON. */
type GroupIds = Readonly<Record<string, readonly string[]>>;

/** The ids of one window of time, by destination. */
class Generation {
  /** `Infinity` until it is known: the generation began with a row of a clock that was ahead. */
  bornAt: number;
  /** The last row of the file with ids of this generation. */
  lastRow = 0;
  readonly ids = new IdSet();

  constructor(bornAt: number) {
    this.bornAt = bornAt;
  }
}

/**
 * Remembers the ids that all processes pushed within one window of time, any number of them.
 *
 * Ids are looked up in memory and appended to a table, one row per group. An index in the file would write a page for
 * almost each event, because ids are random. Ids are forgotten a generation at a time, so an id is known for at least
 * one window and at most two.
 */
export class RecentIds {
  readonly #windowMs: number;
  readonly #since: Statement<{ readonly id: number; readonly pushed: number; readonly ids: string }>;
  readonly #append: Statement;
  readonly #delete: Statement;
  #young = new Generation(-Infinity);
  #old = new Generation(-Infinity);
  /** The current group: its ids by destination, its time, and its row once it is written. */
  readonly #added = new Map<number, Set<string>>();
  #now = 0;
  #writtenRow = 0;
  #lastRead = 0;
  /** The time of the last read: newer rows were written after it. */
  #readAt = -Infinity;
  /** Rows up to this one have expired. */
  #expired = 0;
  /** True if the current group deleted the last expired row. */
  #deletedAll = false;
  #stale = true;

  constructor(client: SqliteClient, windowMs: number) {
    this.#windowMs = windowMs;
    this.#since = client.prepare(`SELECT id, pushed, ids FROM recent_ids WHERE id > ? ORDER BY id LIMIT ${pageSize}`);
    this.#append = client.prepare("INSERT INTO recent_ids (pushed, ids) VALUES (?, ?)");
    this.#delete = client.prepare(
      `DELETE FROM recent_ids WHERE id IN (SELECT id FROM recent_ids WHERE id <= ? ORDER BY id LIMIT ${pageSize})`,
    );
    client.addHooks({
      flush: () => this.#flush(),
      committed: () => this.#committed(),
      rolledBack: () => this.#added.clear(),
    });
  }

  /** Reads the table again before the next lookup, because other processes may have pushed. */
  forget(): void {
    this.#stale = true;
  }

  /** Adds an id. Returns true if it is new. Call within a group. */
  add(destination: number, eventId: string, now: number): boolean {
    if (this.#stale) this.#read(now);
    this.#age(now, now);
    if (this.#young.ids.has(destination, eventId) || this.#old.ids.has(destination, eventId)) return false;
    let added = this.#added.get(destination);
    if (!added) this.#added.set(destination, (added = new Set()));
    this.#now = now;
    return added.size < added.add(eventId).size;
  }

  #read(now: number): void {
    const since = Math.min(this.#readAt, now);
    for (;;) {
      const page = this.#since.all([this.#lastRead]);
      for (const { id, pushed, ids } of page) {
        // The clock of whoever wrote the row may be wrong.
        if (isAhead(pushed, now)) this.#ageUndated(now);
        else this.#age(Math.max(pushed, since), now);
        const byDestination = Object.entries(JSON.parse(ids) as GroupIds);
        this.#keep(
          id,
          byDestination.map(([destination, some]) => [Number(destination), some]),
        );
      }
      if (page.length < pageSize) break;
    }
    this.#readAt = now;
    this.#stale = false;
  }

  #keep(row: number, ids: Iterable<readonly [destination: number, ids: Iterable<string>]>): void {
    for (const [destination, some] of ids) for (const id of some) this.#young.ids.add(destination, id);
    this.#young.lastRow = this.#lastRead = row;
  }

  /** Ages by a row that was written before the next one, and at the latest now. */
  #ageUndated(now: number): void {
    const young = this.#young;
    if (young.bornAt === Infinity) return;
    this.#age(now, now);
    if (this.#young !== young) this.#young.bornAt = Infinity;
  }

  /** @param time when the next ids were pushed. */
  #age(time: number, now: number): void {
    if (isAhead(this.#young.bornAt, now)) this.#young.bornAt = time;
    const age = time - this.#young.bornAt;
    if (age < this.#windowMs) return;
    const forgotten = age < 2 * this.#windowMs ? this.#old : this.#young;
    this.#expired = Math.max(this.#expired, forgotten.lastRow);
    this.#old = forgotten === this.#old ? this.#young : new Generation(-Infinity);
    this.#young = new Generation(time);
  }

  #flush(): void {
    if (this.#added.size === 0) return;
    const ids: GroupIds = Object.fromEntries(
      Array.from(this.#added, ([destination, some]) => [destination, [...some]]),
    );
    this.#writtenRow = this.#append.insert([this.#now, JSON.stringify(ids)]);
    this.#deletedAll = this.#expired > 0 && this.#delete.run([this.#expired]) < pageSize;
  }

  #committed(): void {
    if (this.#added.size === 0) return;
    if (this.#deletedAll) this.#expired = 0;
    this.#age(this.#now, this.#now);
    this.#keep(this.#writtenRow, this.#added);
    this.#added.clear();
  }
}
