import type { Clock } from "../base/clock.ts";
import { BeeHiveError } from "../base/errors.ts";
import type { Event } from "../events/event.ts";
import type { BatchStep, Step } from "../contract/provider.ts";
import type { Lease } from "../contract/queue-operator.ts";
import type { LockStore, Stores } from "../contract/stores.ts";
import { RowStores } from "./row-stores/index.ts";
import type { Rows } from "./rows.ts";
import { StepRows, type StepChanges } from "./step-rows.ts";
import type { PendingCommit, StepsUnderWay } from "./steps-under-way.ts";

/** The parts of a provider with atomic steps. */
export interface AtomicSteps<L extends Lease = Lease> {
  readonly rows: Rows;
  readonly clock: Clock;
  /** The locks of the provider, which never join a step. */
  readonly locks: LockStore;
  /** Lets steps on one row take turns, and share a transaction where commits are queued. @default They collide. */
  readonly underWay?: StepsUnderWay | undefined;
  /**
   * Called when a step ends without a commit after it read what others were about to commit.
   *
   * Its lease must not be settled for good, such as dead-lettered, if one of these commits fails.
   */
  readonly discarded?: (lease: L, relied: Iterable<PendingCommit>) => void;
  /**
   * Commits lease, outputs and changes of the step together or not at all.
   *
   * @param lease `undefined` for a transaction outside of any actor.
   * @param changes `undefined` for a step that used no store.
   * @param cancelled The cancel keys of events to cancel first; `undefined` for none.
   * @param others The other leases of a batch; `undefined` for none.
   * @throws `ConcurrencyConflict` if a seen row changed, `LeaseLost` if a lease ended.
   */
  commit(
    lease: L | undefined,
    outputs: readonly Event[],
    changes: StepChanges | undefined,
    cancelled?: readonly string[],
    others?: readonly L[],
  ): Promise<void> | void;
}

/** The stores and the commit of atomic steps. Creates the stores on first use: many steps use none. */
abstract class AtomicWork<L extends Lease> {
  /** @internal */
  get atomic(): true {
    return true;
  }

  protected readonly steps: AtomicSteps<L>;
  #rows: StepRows | undefined = undefined;
  #stores: Stores | undefined = undefined;
  #cancelled: string[] | undefined = undefined;
  #published: Event[] | undefined = undefined;

  constructor(steps: AtomicSteps<L>) {
    this.steps = steps;
  }

  get stores(): Stores {
    if (this.#stores) return this.#stores;
    this.#rows = new StepRows(this.steps.rows, this.steps.underWay);
    const stores = (this.#stores = new RowStores(this.#rows, this.steps.clock, this.steps.locks));
    stores.transact = (name, work) =>
      work(stores.collection(name), (event) => void (this.#published ??= []).push(event));
    return stores;
  }

  get published(): readonly Event[] | undefined {
    return this.#published;
  }

  protected commitLeases(lease: L | undefined, outputs: readonly Event[], others?: readonly L[]): Promise<void> | void {
    const rows = this.#rows;
    const { underWay } = this.steps;
    if (!rows) return this.steps.commit(lease, outputs, undefined, this.#cancelled, others);
    const changes = rows.changes();
    const commit = (): Promise<void> | void => this.steps.commit(lease, outputs, changes, this.#cancelled, others);
    return underWay ? underWay.commit(changes, rows.relied, commit) : commit();
  }

  cancel(key: string): void {
    (this.#cancelled ??= []).push(key);
  }

  /** Ends the stores. Returns the commits that the step relied on; `undefined` when it used no store. */
  protected end(): Iterable<PendingCommit> | undefined {
    this.#rows?.end();
    return this.#rows?.relied;
  }
}

/**
 * A step whose writes, outputs and commit are one transaction.
 *
 * Without a lease it is a transaction outside of any actor.
 */
export class AtomicStep<L extends Lease = Lease> extends AtomicWork<L> implements Step {
  readonly #lease: L | undefined;

  constructor(lease: L | undefined, steps: AtomicSteps<L>) {
    super(steps);
    this.#lease = lease;
  }

  commit(outputs: readonly Event[]): Promise<void> | void {
    return this.commitLeases(this.#lease, outputs);
  }

  discard(): void {
    const relied = this.end();
    if (relied && this.#lease) this.steps.discarded?.(this.#lease, relied);
  }
}

/** The step of a batch: its writes, its outputs and the commits of its leases are one transaction. */
export class AtomicBatch<L extends Lease = Lease> extends AtomicWork<L> implements BatchStep {
  readonly #leases: readonly L[];

  constructor(leases: readonly L[], steps: AtomicSteps<L>) {
    super(steps);
    this.#leases = leases;
  }

  commit(leases: readonly L[], outputs: readonly Event[]): Promise<void> | void {
    const [first, ...others] = leases;
    if (!first) throw new BeeHiveError("InvalidState", "A batch commits one lease at least.");
    return this.commitLeases(first, outputs, others);
  }

  discard(): void {
    const relied = this.end();
    if (relied) for (const lease of this.#leases) this.steps.discarded?.(lease, relied);
  }
}
