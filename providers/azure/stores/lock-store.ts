import { randomUUID } from "node:crypto";
import type { BlobLeaseClient, BlockBlobClient, ContainerClient } from "@azure/storage-blob";
import { sleep, type Clock } from "../../../src/base/clock.ts";
import { checkedTtl, checkedWait, RenewedLock, type Hold } from "../../../src/provider-kit/renewed-lock.ts";
import { checkedKey } from "../../../src/contract/keys.ts";
import type { HeldLock, LockOptions, LockStore } from "../../../src/contract/stores.ts";
import { statusOf, translated, translating } from "../errors.ts";
import type { Once } from "./once.ts";
import { shortKey } from "./table-key.ts";

/** A blob is leased for 15 to 60 seconds. A shorter time to live is lengthened, a longer one is shortened and renewed. */
const leaseSeconds = { least: 15, most: 60 };
const maxName = 1_000;
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
  readonly #held = new Set<RenewedLock>();

  constructor(container: ContainerClient, made: Once, clock: Clock) {
    this.#container = container;
    this.#made = made;
    this.#clock = clock;
  }

  async tryLock(resource: string, options: LockOptions = {}): Promise<HeldLock | undefined> {
    const wait = checkedWait(options);
    const name = shortKey(checkedKey("the resource of a lock", resource), maxName, keptOfLong);
    const seconds = Math.min(leaseSeconds.most, Math.max(leaseSeconds.least, Math.ceil(checkedTtl(options) / 1_000)));
    let giveUpAt = this.#clock.now() + wait;
    const blob = this.#container.getBlockBlobClient(folder + name);
    await this.#made.done();
    for (;;) {
      const lock = await translating(`lock "${resource}"`, () => this.#take(blob, resource, seconds));
      // A clock that was put back makes no wait longer.
      giveUpAt = Math.min(giveUpAt, this.#clock.now() + wait);
      if (lock || this.#clock.now() >= giveUpAt) return lock;
      await sleep(this.#clock, retryMs * (0.5 + Math.random()));
    }
  }

  /** Renews nothing more: who still holds a lock is told that it is lost. */
  close(): void {
    for (const lock of [...this.#held]) lock.lose();
  }

  async #take(blob: BlockBlobClient, resource: string, seconds: number): Promise<HeldLock | undefined> {
    const lease = blob.getBlobLeaseClient(randomUUID());
    const leasedAt = this.#clock.now();
    if (!(await acquire(blob, lease, seconds))) return undefined;
    try {
      const { metadata = {} } = await blob.getProperties();
      const token = Math.max(Number(metadata[tokenName] ?? 0) + 1, this.#clock.now());
      await blob.setMetadata({ [tokenName]: String(token) }, { conditions: { leaseId: lease.leaseId } });
      const ttlMs = seconds * 1_000;
      const parts = { resource, fencingToken: token, ttlMs, until: leasedAt + ttlMs };
      return new RenewedLock(this.#clock, parts, new BlobHold(lease, resource), this.#held);
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

/** Statuses that say that the lease is lost, or taken by another. */
const gone = [404, 409, 412];

/** A lock by the lease of its blob. */
class BlobHold implements Hold {
  readonly #lease: BlobLeaseClient;
  readonly #resource: string;

  constructor(lease: BlobLeaseClient, resource: string) {
    this.#lease = lease;
    this.#resource = resource;
  }

  async renew(): Promise<boolean> {
    try {
      await this.#lease.renewLease();
      return true;
    } catch (error) {
      if (gone.includes(statusOf(error) ?? 0)) return false;
      throw error;
    }
  }

  async release(): Promise<void> {
    try {
      await this.#lease.releaseLease();
    } catch (error) {
      if (!gone.includes(statusOf(error) ?? 0)) throw translated(error, `release the lock on "${this.#resource}"`);
    }
  }
}
