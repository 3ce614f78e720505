import { sleep, type Clock } from "../clock.ts";
import { checkedTtl, checkedWait, HeldLock, type Hold } from "../held-lock.ts";
import { checkedKey } from "../keys.ts";
import type { RowKey, Rows } from "../rows.ts";
import type { Lock, LockOptions, LockStore } from "../stores.ts";
import { nextEtag } from "./etag.ts";

interface Holding {
  readonly fencingToken: number;
  /** Milliseconds since the epoch; 0 once released. */
  readonly until: number;
}

const shortestTtlMs = 100;
/** How often a waiting caller looks again. */
const retryMs = 25;
/** A lock nobody used for that long is forgotten; fencing tokens grow all the same, because they start at the clock. */
const keptMs = 24 * 60 * 60 * 1000;

/** Locks in rows: a row a resource, taken by whoever writes over a row whose time has passed. */
export class RowLockStore implements LockStore {
  readonly #rows: Rows;
  readonly #clock: Clock;
  readonly #held = new Set<HeldLock>();

  constructor(rows: Rows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
  }

  async tryLock(resource: string, options: LockOptions = {}): Promise<Lock | undefined> {
    const key: RowKey = { table: "lock", partition: "", id: checkedKey("the resource of a lock", resource) };
    const ttlMs = Math.max(shortestTtlMs, checkedTtl(options));
    const giveUpAt = this.#clock.now() + checkedWait(options);
    for (;;) {
      const holding = await this.#take(key, ttlMs);
      if (holding) {
        const hold = new RowHold(this.#rows, this.#clock, key, holding);
        return new HeldLock(this.#clock, { resource: key.id, ttlMs, ...holding }, hold, this.#held);
      }
      if (this.#clock.now() >= giveUpAt) return undefined;
      await sleep(this.#clock, retryMs);
    }
  }

  /** Renews nothing more: who still holds a lock is told that it is lost. */
  close(): void {
    for (const lock of [...this.#held]) lock.lose();
  }

  async #take(key: RowKey, ttlMs: number): Promise<Holding | undefined> {
    const row = await this.#rows.get(key);
    const was = row && (JSON.parse(row.value as string) as Holding);
    const now = this.#clock.now();
    if (was && was.until > now) return undefined;
    const holding = {
      fencingToken: Math.max((was?.fencingToken ?? 0) + 1, now),
      until: now + ttlMs,
    };
    const conflict = await this.#rows.write([
      { key, expect: row ? { etag: row.etag } : "absent", content: contentOf(holding, now) },
    ]);
    return conflict ? undefined : holding;
  }
}

/** A lock in its row, as long as the row has its fencing token. */
class RowHold implements Hold {
  readonly #rows: Rows;
  readonly #clock: Clock;
  readonly #key: RowKey;
  readonly #holding: Holding;

  constructor(rows: Rows, clock: Clock, key: RowKey, holding: Holding) {
    this.#rows = rows;
    this.#clock = clock;
    this.#key = key;
    this.#holding = holding;
  }

  renew(until: number): Promise<boolean> {
    return this.#write({ ...this.#holding, until });
  }

  async release(): Promise<void> {
    await this.#write({ ...this.#holding, until: 0 });
  }

  async #write(holding: Holding): Promise<boolean> {
    const row = await this.#rows.get(this.#key);
    const held = row && (JSON.parse(row.value as string) as Holding);
    if (!row || held?.fencingToken !== holding.fencingToken) return false;
    const content = contentOf(holding, this.#clock.now());
    return (await this.#rows.write([{ key: this.#key, expect: { etag: row.etag }, content }])) === undefined;
  }
}

function contentOf(holding: Holding, now: number): { value: string; etag: string; modified: number; expires: number } {
  return { value: JSON.stringify(holding), etag: nextEtag(), modified: now, expires: now + keptMs };
}
