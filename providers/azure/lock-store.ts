import { randomUUID } from "node:crypto";
import type { BlobLeaseClient, BlockBlobClient, ContainerClient } from "@azure/storage-blob";
import { sleep, type Clock, type Timer } from "../../src/clock.ts";
import { BeeHiveError } from "../../src/errors.ts";
import { checkedKey } from "../../src/keys.ts";
import type { Lock, LockOptions, LockStore } from "../../src/stores.ts";
import { statusOf, translated, translating } from "./errors.ts";
import type { Once } from "./once.ts";
import { shortKey } from "./table-key.ts";

/** A blob is leased for 15 to 60 seconds. A shorter time to live is lengthened, a longer one is shortened and renewed. */
const leaseSeconds = { least: 15, most: 60 };
const longestName = 1_000;
const keptOfLong = 900;
/** How often a waiting caller tries again, in ms. */
const retryMs = 50;
const folder = "locks/";
/** The metadata that holds the last fencing token. */
const tokenName = "fencing";

/**
 * Locks by leases of blobs: the service keeps the time, so the clocks of the holders do not matter. The blob's metadata
 * hold the fencing token, changed only under the lease.
 */
export class BlobLockStore implements LockStore {
  readonly #container: ContainerClient;
  readonly #made: Once;
  readonly #clock: Clock;

  constructor(container: ContainerClient, made: Once, clock: Clock) {
    this.#container = container;
    this.#made = made;
    this.#clock = clock;
  }

  async tryLock(resource: string, { ttl = 30_000, wait = 0 }: LockOptions = {}): Promise<Lock | undefined> {
    const name = shortKey(checkedKey("the resource of a lock", resource), longestName, keptOfLong);
    const seconds = Math.min(leaseSeconds.most, Math.max(leaseSeconds.least, Math.ceil(ttl / 1000)));
    const giveUpAt = this.#clock.now() + wait;
    const blob = this.#container.getBlockBlobClient(folder + name);
    await this.#made.done();
    for (;;) {
      const lock = await translating(`lock "${resource}"`, () => this.#take(blob, resource, seconds));
      if (lock || this.#clock.now() >= giveUpAt) return lock;
      await sleep(this.#clock, retryMs * (0.5 + Math.random()));
    }
  }

  async #take(blob: BlockBlobClient, resource: string, seconds: number): Promise<BlobLock | undefined> {
    const lease = blob.getBlobLeaseClient(randomUUID());
    const leasedAt = this.#clock.now();
    if (!(await acquire(blob, lease, seconds))) return undefined;
    try {
      const { metadata = {} } = await blob.getProperties();
      const token = Math.max(Number(metadata[tokenName] ?? 0) + 1, this.#clock.now());
      await blob.setMetadata({ [tokenName]: String(token) }, { conditions: { leaseId: lease.leaseId } });
      return new BlobLock(lease, this.#clock, { resource, fencingToken: token, ttlMs: seconds * 1000, leasedAt });
    } catch (error) {
      // What failed first is what is told; a lease that stays ends by itself.
      await lease.releaseLease().catch(() => {});
      throw error;
    }
  }
}

/** Takes the lease, of a blob that is made when it is not there; answers whether it was free. */
async function acquire(blob: BlockBlobClient, lease: BlobLeaseClient, seconds: number): Promise<boolean> {
  for (;;) {
    try {
      await lease.acquireLease(seconds);
      return true;
    } catch (error) {
      if (statusOf(error) === 409) return false;
      if (statusOf(error) !== 404) throw error;
    }
    try {
      await blob.upload("", 0, { conditions: { ifNoneMatch: "*" } });
    } catch (error) {
      // Somebody else made it, and may hold it by now.
      if (![409, 412].includes(statusOf(error) ?? 0)) throw error;
    }
  }
}

interface Holding {
  readonly resource: string;
  readonly fencingToken: number;
  readonly ttlMs: number;
  readonly leasedAt: number;
}

class BlobLock implements Lock {
  readonly resource: string;
  readonly fencingToken: number;
  readonly #lease: BlobLeaseClient;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #lost = new AbortController();
  #until: number;
  #timer: Timer | undefined;
  #renewal: Promise<void> | undefined;
  #released = false;

  constructor(lease: BlobLeaseClient, clock: Clock, { resource, fencingToken, ttlMs, leasedAt }: Holding) {
    this.resource = resource;
    this.fencingToken = fencingToken;
    this.#lease = lease;
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#until = leasedAt + ttlMs;
    this.#schedule();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#timer?.cancel();
    await this.#renewal;
    if (this.signal.aborted) return;
    try {
      await this.#lease.releaseLease();
    } catch (error) {
      // Lost, or taken by another, who keeps it.
      if (![404, 409, 412].includes(statusOf(error) ?? 0))
        throw translated(error, `release the lock on "${this.resource}"`);
    }
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
    const at = this.#clock.now();
    try {
      await this.#lease.renewLease();
      this.#until = at + this.#ttlMs;
    } catch (cause) {
      const taken = [404, 409, 412].includes(statusOf(cause) ?? 0);
      if (taken || this.#clock.now() >= this.#until) {
        this.#lost.abort(
          new BeeHiveError("LockLost", `The lock on "${this.resource}" ended before it was released.`, { cause }),
        );
        return;
      }
    }
    if (!this.#released) this.#schedule();
  }
}
