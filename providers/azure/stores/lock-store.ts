import { randomUUID } from "node:crypto";
import type { BlobLeaseClient, BlockBlobClient, ContainerClient } from "@azure/storage-blob";
import { sleep, type Clock } from "../../../src/base/clock.ts";
import { checkedTtl, checkedWait, RenewedLock, type Hold } from "../../../src/provider-kit/renewed-lock.ts";
import { checkedKey } from "../../../src/contract/keys.ts";
import type { HeldLock, LockOptions, LockStore } from "../../../src/contract/stores.ts";
import { statusOf, translate, translateErrors } from "../errors.ts";
import type { Once } from "./once.ts";
import { shortKey } from "./table-key.ts";

/** The limits of a blob lease. A shorter time to live is lengthened; a longer one is shortened, and renewed. */
const leaseSeconds = { min: 15, max: 60 };
const maxName = 1_000;
const keptLength = 900;
/** The time between two tries of a caller that waits, in ms. */
const retryMs = 50;
const folder = "locks/";
/** The metadata key of the last fencing token. */
const tokenName = "fencing";

/**
 * Locks by leases of blobs. The service measures the time, so the clocks of the holders do not matter.
 *
 * The fencing token is in the metadata of the blob, and changes only under the lease.
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
    const name = shortKey(checkedKey("the resource of a lock", resource), maxName, keptLength);
    const seconds = Math.min(leaseSeconds.max, Math.max(leaseSeconds.min, Math.ceil(checkedTtl(options) / 1_000)));
    let giveUpAt = this.#clock.now() + wait;
    const blob = this.#container.getBlockBlobClient(folder + name);
    await this.#made.done();
    for (;;) {
      const lock = await translateErrors(`lock "${resource}"`, () => this.#take(blob, resource, seconds));
      // A clock that is set back must not make the wait longer.
      giveUpAt = Math.min(giveUpAt, this.#clock.now() + wait);
      if (lock || this.#clock.now() >= giveUpAt) return lock;
      await sleep(this.#clock, retryMs * (0.5 + Math.random()));
    }
  }

  /** Stops renewing; locks that are still held are reported as lost. */
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
      // Throw the first error; a lease that stays ends by itself.
      await lease.releaseLease().catch(() => {});
      throw error;
    }
  }
}

/** Takes the lease, and creates the blob when it is missing. Returns whether the lease was free. */
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
      // Another process created the blob, and may hold the lease.
      if (![409, 412].includes(statusOf(error) ?? 0)) throw error;
    }
  }
}

/** Statuses of a lease that is lost, or taken by another. */
const gone = [404, 409, 412];

/** Renews and releases the lease of a blob. */
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
      if (!gone.includes(statusOf(error) ?? 0)) throw translate(error, `release the lock on "${this.#resource}"`);
    }
  }
}
