import type { Clock } from "../base/clock.ts";
import type { Event } from "../events/event.ts";
import type { Step } from "../contract/provider.ts";
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
   * @throws `ConcurrencyConflict` if a seen row changed, `LeaseLost` if the lease ended.
   */
  commit(
    lease: L | undefined,
    outputs: readonly Event[],
    changes: StepChanges | undefined,
    cancelled?: readonly string[],
  ): Promise<void> | void;
}

/**
 * A step whose writes, outputs and commit are one transaction. Creates its stores on first use: many use none.
 *
 * Without a lease it is a transaction outside of any actor.
 */
export class AtomicStep<L extends Lease = Lease> implements Step {
  /** @internal */
  get atomic(): true {
    return true;
  }

  readonly #lease: L | undefined;
  readonly #steps: AtomicSteps<L>;
  #rows: StepRows | undefined = undefined;
  #stores: Stores | undefined = undefined;
  #cancelled: string[] | undefined = undefined;
  #published: Event[] | undefined = undefined;

  constructor(lease: L | undefined, steps: AtomicSteps<L>) {
    this.#lease = lease;
    this.#steps = steps;
  }

  get stores(): Stores {
    if (this.#stores) return this.#stores;
    this.#rows = new StepRows(this.#steps.rows, this.#steps.underWay);
    const stores = (this.#stores = new RowStores(this.#rows, this.#steps.clock, this.#steps.locks));
    stores.transact = (name, work) =>
      work(stores.collection(name), (event) => void (this.#published ??= []).push(event));
    return stores;
  }

  get published(): readonly Event[] | undefined {
    return this.#published;
  }

  commit(outputs: readonly Event[]): Promise<void> | void {
    const rows = this.#rows;
    const { underWay } = this.#steps;
    if (!rows) return this.#steps.commit(this.#lease, outputs, undefined, this.#cancelled);
    const changes = rows.changes();
    const commit = (): Promise<void> | void => this.#steps.commit(this.#lease, outputs, changes, this.#cancelled);
    return underWay ? underWay.commit(changes, rows.relied, commit) : commit();
  }

  cancel(key: string): void {
    (this.#cancelled ??= []).push(key);
  }

  discard(): void {
    if (!this.#rows) return;
    this.#rows.end();
    if (this.#lease) this.#steps.discarded?.(this.#lease, this.#rows.relied);
  }
}
