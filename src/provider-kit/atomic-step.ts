import type { Clock } from "../base/clock.ts";
import type { Event } from "../events/event.ts";
import type { Step } from "../contract/provider.ts";
import type { Lease } from "../contract/queue-operator.ts";
import { RowStores } from "./row-stores/index.ts";
import type { Rows } from "./rows.ts";
import { StepRows, type StepChanges } from "./step-rows.ts";
import type { LockStore, Stores } from "../contract/stores.ts";

/** What a provider whose steps are atomic has for each of them. */
export interface AtomicSteps<L extends Lease = Lease> {
  readonly rows: Rows;
  readonly clock: Clock;
  /** Where locks are taken: they never join a step. */
  readonly locks: LockStore;
  /**
   * Commits the lease with its outputs and with what the step changed, if it had any store: all of it or nothing.
   *
   * @throws `ConcurrencyConflict` when what the step saw is no more, `LeaseLost` when the lease is over.
   */
  commit(lease: L, outputs: readonly Event[], changes: StepChanges | undefined): Promise<void>;
}

/** One step. Its stores are made when an actor has one injected: many use none. */
export class AtomicStep<L extends Lease = Lease> implements Step {
  readonly #lease: L;
  readonly #steps: AtomicSteps<L>;
  #rows: StepRows | undefined = undefined;
  #stores: Stores | undefined = undefined;

  constructor(lease: L, steps: AtomicSteps<L>) {
    this.#lease = lease;
    this.#steps = steps;
  }

  get stores(): Stores {
    this.#rows ??= new StepRows(this.#steps.rows);
    return (this.#stores ??= new RowStores(this.#rows, this.#steps.clock, this.#steps.locks));
  }

  commit(outputs: readonly Event[]): Promise<void> {
    return this.#steps.commit(this.#lease, outputs, this.#rows?.changes());
  }

  discard(): void {
    this.#rows?.end();
  }
}
