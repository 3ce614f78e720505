import { randomUUID } from "node:crypto";
import { sleep, type Clock, type Timer } from "../clock.ts";
import { BeeHiveError } from "../errors.ts";
import { checkedKey } from "../keys.ts";
import type { RowKey, Rows } from "../rows.ts";
import type { Lock, LockOptions, LockStore } from "../stores.ts";
import { nextEtag } from "./etag.ts";

interface Holding {
  /** Empty once released. */
  readonly holder: string;
  readonly fencingToken: number;
  /** Milliseconds since the epoch. */
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

  constructor(rows: Rows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
  }

  async tryLock(resource: string, options: LockOptions = {}): Promise<Lock | undefined> {
    const key: RowKey = { table: "lock", partition: "", id: checkedKey("the resource of a lock", resource) };
    const ttlMs = Math.max(shortestTtlMs, options.ttl ?? 30_000);
    const giveUpAt = this.#clock.now() + (options.wait ?? 0);
    for (;;) {
      const holding = await this.#take(key, ttlMs);
      if (holding) return new RowLock(this.#rows, this.#clock, key, ttlMs, holding);
      if (this.#clock.now() >= giveUpAt) return undefined;
      await sleep(this.#clock, retryMs);
    }
  }

  async #take(key: RowKey, ttlMs: number): Promise<Holding | undefined> {
    const row = await this.#rows.get(key);
    const was = row && (JSON.parse(row.value as string) as Holding);
    const now = this.#clock.now();
    if (was && was.holder !== "" && was.until > now) return undefined;
    const holding = {
      holder: randomUUID(),
      fencingToken: Math.max((was?.fencingToken ?? 0) + 1, now),
      until: now + ttlMs,
    };
    const conflict = await this.#rows.write([
      { key, expect: row ? { etag: row.etag } : "absent", content: contentOf(holding, now) },
    ]);
    return conflict ? undefined : holding;
  }
}

class RowLock implements Lock {
  readonly resource: string;
  readonly fencingToken: number;
  readonly #rows: Rows;
  readonly #clock: Clock;
  readonly #key: RowKey;
  readonly #ttlMs: number;
  readonly #lost = new AbortController();
  #holding: Holding;
  #timer: Timer | undefined;
  #renewal: Promise<void> | undefined;
  #released = false;

  constructor(rows: Rows, clock: Clock, key: RowKey, ttlMs: number, holding: Holding) {
    this.resource = key.id;
    this.fencingToken = holding.fencingToken;
    this.#rows = rows;
    this.#clock = clock;
    this.#key = key;
    this.#ttlMs = ttlMs;
    this.#holding = holding;
    this.#schedule();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async release(): Promise<void> {
    this.#released = true;
    this.#timer?.cancel();
    await this.#renewal;
    if (this.signal.aborted) return;
    await this.#write({ ...this.#holding, holder: "", until: 0 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  #schedule(): void {
    this.#timer = this.#clock.after(this.#ttlMs / 3, () => {
      this.#renewal = this.#renew();
    });
  }

  /** Never rejects: a renewal that failed is tried again until the time has passed. */
  async #renew(): Promise<void> {
    const next = { ...this.#holding, until: this.#clock.now() + this.#ttlMs };
    const outcome = await this.#write(next).catch((cause: unknown) => ({ cause }));
    if (outcome === "written") this.#holding = next;
    else if (outcome === "taken" || this.#clock.now() >= this.#holding.until) {
      const cause = typeof outcome === "object" ? outcome.cause : undefined;
      this.#lost.abort(
        new BeeHiveError("LockLost", `The lock on "${this.resource}" ended before it was released.`, { cause }),
      );
      return;
    }
    if (!this.#released) this.#schedule();
  }

  async #write(holding: Holding): Promise<"written" | "taken"> {
    const row = await this.#rows.get(this.#key);
    const held = row && (JSON.parse(row.value as string) as Holding);
    if (!row || held?.fencingToken !== this.fencingToken) return "taken";
    const conflict = await this.#rows.write([
      { key: this.#key, expect: { etag: row.etag }, content: contentOf(holding, this.#clock.now()) },
    ]);
    return conflict ? "taken" : "written";
  }
}

function contentOf(holding: Holding, now: number): { value: string; etag: string; modified: number; expires: number } {
  return { value: JSON.stringify(holding), etag: nextEtag(), modified: now, expires: now + keptMs };
}
