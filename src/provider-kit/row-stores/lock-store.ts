import { isAhead } from "../../base/clock-steps.ts";
import { sleep, type Clock } from "../../base/clock.ts";
import { BeeHiveError } from "../../base/errors.ts";
import { checkedKey } from "../../contract/keys.ts";
import type { HeldLock, LockOptions, LockStore } from "../../contract/stores.ts";
import { checkedTtl, checkedWait, RenewedLock, type Hold } from "../renewed-lock.ts";
import type { Row, RowKey, Rows } from "../rows.ts";
import { nextEtag } from "./etag.ts";
import { jsonIn } from "./items.ts";

interface Holding {
  readonly fencingToken: number;
  /** The end, in ms since the epoch; 0 after the release. */
  readonly until: number;
  /** The holding process, where the provider can tell that it died. */
  readonly holder?: string | undefined;
}

const minTtlMs = 100;
/** The time between two tries of a waiting caller, in ms. */
const retryMs = 25;
/** The life of an unused row, in ms. Fencing tokens still grow after it, since they start at the clock. */
const keptMs = 24 * 60 * 60 * 1000;

/** Locks: a row for each resource. A process takes the lock by a write over a row whose time has passed. */
export class RowLockStore implements LockStore {
  readonly #rows: Rows;
  readonly #clock: Clock;
  readonly #holder: (() => Promise<string | undefined>) | undefined;
  readonly #held = new Set<RenewedLock>();
  #closed = false;

  /** @param holder returns the name of this process, where the provider can tell that it died. */
  constructor(rows: Rows, clock: Clock, holder?: () => Promise<string | undefined>) {
    this.#rows = rows;
    this.#clock = clock;
    this.#holder = holder;
  }

  async tryLock(resource: string, options: LockOptions = {}): Promise<HeldLock | undefined> {
    const key: RowKey = { table: "lock", partition: "", id: checkedKey("the resource of a lock", resource) };
    const ttlMs = Math.max(minTtlMs, checkedTtl(options));
    const wait = checkedWait(options);
    let giveUpAt = this.#clock.now() + wait;
    for (;;) {
      const holding = await this.#take(key, ttlMs);
      if (holding) {
        const hold = new RowHold(this.#rows, this.#clock, key, holding);
        return new RenewedLock(this.#clock, { resource: key.id, ttlMs, ...holding }, hold, this.#held);
      }
      // A clock that is put back must not lengthen the wait.
      giveUpAt = Math.min(giveUpAt, this.#clock.now() + wait);
      if (this.#clock.now() >= giveUpAt) return undefined;
      if (this.#closed)
        throw new BeeHiveError("InvalidState", `The provider was closed during the wait for the lock on "${key.id}".`);
      await sleep(this.#clock, retryMs);
    }
  }

  /** Ends all held locks and waits. */
  close(): void {
    this.#closed = true;
    for (const lock of [...this.#held]) lock.lose();
  }

  async #take(key: RowKey, ttlMs: number): Promise<Holding | undefined> {
    const row = await this.#rows.get(key);
    const was = row && holdingIn(row);
    const now = this.#clock.now();
    if (row && was && was.until > now) {
      if (isAhead(row.modified, now)) await this.#countAnew(key, row, was);
      return undefined;
    }
    const holding = {
      fencingToken: Math.max((was?.fencingToken ?? 0) + 1, now),
      until: now + ttlMs,
      holder: await this.#holder?.(),
    };
    const conflict = await this.#rows.write({
      key,
      expect: row ? { etag: row.etag } : "absent",
      content: contentOf(holding, now),
    });
    return conflict ? undefined : holding;
  }

  /** Restarts the time of a lock that a clock ahead of this one took. */
  async #countAnew(key: RowKey, { etag, modified }: Row, holding: Holding): Promise<void> {
    const now = this.#clock.now();
    const content = contentOf({ ...holding, until: now + holding.until - modified }, now);
    await this.#rows.write({ key, expect: { etag }, content });
  }
}

/** A lock in its row, held as long as the row has its fencing token. */
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
    if (!row || holdingIn(row)?.fencingToken !== holding.fencingToken) return false;
    const content = contentOf(holding, this.#clock.now());
    return (await this.#rows.write({ key: this.#key, expect: { etag: row.etag }, content })) === undefined;
  }
}

/** Returns the holding in a row; `undefined` if another program wrote something else. */
function holdingIn(row: Row): Holding | undefined {
  try {
    const holding = jsonIn<Partial<Holding> | null>(row);
    const isHeld = Number.isSafeInteger(holding?.fencingToken) && Number.isFinite(holding?.until);
    return isHeld ? (holding as Holding) : undefined;
  } catch {
    return undefined;
  }
}

function contentOf(holding: Holding, now: number): { value: string; etag: string; modified: number; expires: number } {
  return { value: JSON.stringify(holding), etag: nextEtag(), modified: now, expires: now + keptMs };
}
