import type { SqliteClient } from "./client.ts";
import type { Statement } from "./driver.ts";

/** Ids remembered at the most, some 100 bytes of memory each: bounds what a busy file keeps of its past. */
const mostIds = 250_000;

/** The ids that one group pushed. */
interface Group {
  /** Grows with each group of whichever process. */
  readonly id: number;
  readonly pushed: number;
  readonly keys: readonly string[];
}

/**
 * The ids pushed within a window, by all processes. Looked up in memory and appended to a table, a row a group: ids
 * are random, and an index of them in the file would have almost each event write a page of its own.
 */
export class RecentIds {
  readonly #windowMs: number;
  readonly #since: Statement<{ readonly id: number; readonly pushed: number; readonly ids: string }>;
  readonly #append: Statement<{ readonly id: number }>;
  readonly #delete: Statement;
  readonly #known = new Set<string>();
  /** What `#known` consists of, oldest first. */
  readonly #groups = new Map<number, Group>();
  /** Of the group that is under way: the ids it noted, and the row once it is written. */
  #added: string[] = [];
  #now = 0;
  #written: Group | undefined;
  #lastRead = 0;
  /** Rows up to this one are of no use any more. */
  #expired = 0;
  #stale = true;

  constructor(client: SqliteClient, windowMs: number) {
    this.#windowMs = windowMs;
    this.#since = client.prepare("SELECT id, pushed, ids FROM recent_ids WHERE id > ? ORDER BY id");
    this.#append = client.prepare("INSERT INTO recent_ids (pushed, ids) VALUES (?, ?) RETURNING id");
    this.#delete = client.prepare("DELETE FROM recent_ids WHERE id <= ?");
    client.addHooks({
      flush: () => this.#flush(),
      committed: () => this.#committed(),
      rolledBack: () => this.#rolledBack(),
    });
  }

  /** Says that other processes may have pushed since. */
  forget(): void {
    this.#stale = true;
  }

  /** Notes an id; answers whether it was new. To be called within a group. */
  add(destination: number, eventId: string, now: number): boolean {
    if (this.#stale) this.#read();
    this.#expire(now);
    const key = `${destination} ${eventId}`;
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    this.#added.push(key);
    this.#now = now;
    return true;
  }

  #read(): void {
    for (const { id, pushed, ids } of this.#since.all([this.#lastRead]))
      this.#keep({ id, pushed, keys: JSON.parse(ids) });
    this.#stale = false;
  }

  #keep(group: Group): void {
    for (const key of group.keys) this.#known.add(key);
    this.#groups.set(group.id, group);
    this.#lastRead = group.id;
  }

  #expire(now: number): void {
    for (const { id, pushed, keys } of this.#groups.values()) {
      if (pushed > now - this.#windowMs && this.#known.size <= mostIds) return;
      for (const key of keys) this.#known.delete(key);
      this.#groups.delete(id);
      this.#expired = id;
    }
  }

  #flush(): void {
    if (this.#added.length === 0) return;
    const [row] = this.#append.all([this.#now, JSON.stringify(this.#added)]);
    if (row) this.#written = { id: row.id, pushed: this.#now, keys: this.#added };
    if (this.#expired > 0) this.#delete.run([this.#expired]);
  }

  #committed(): void {
    if (!this.#written) return;
    this.#keep(this.#written);
    this.#written = undefined;
    this.#added = [];
    this.#expired = 0;
  }

  #rolledBack(): void {
    for (const key of this.#added) this.#known.delete(key);
    this.#written = undefined;
    this.#added = [];
  }
}
