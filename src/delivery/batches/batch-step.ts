import { BeeHiveError } from "../../base/errors.ts";
import type { BatchStep, Provider } from "../../contract/provider.ts";
import type { Lease } from "../../contract/queue-operator.ts";
import type { Stores } from "../../contract/stores.ts";
import type { Event } from "../../events/event.ts";

/** The step of a batch on any provider. */
export interface AnyBatchStep extends Omit<BatchStep, "commit"> {
  /** Commits the batch. Returns the leases that could not be committed, with the reasons. */
  commit(leases: readonly Lease[], outputs: readonly Event[]): Promise<ReadonlyMap<Lease, unknown>>;
}

const none: ReadonlyMap<Lease, unknown> = new Map();

/** Begins a step over several leases: an atomic one where the provider has them. */
export function beginBatch(provider: Provider, leases: readonly Lease[]): AnyBatchStep {
  const step = provider.beginBatch?.(leases);
  return step ? new AtomicBatch(step) : directBatch(provider);
}

/** The step of a provider that commits a batch as a whole. */
class AtomicBatch implements AnyBatchStep {
  readonly atomic = true;
  readonly #step: BatchStep;

  constructor(step: BatchStep) {
    this.#step = step;
  }

  /** Made when they are first read: many batches use no store. */
  get stores(): Stores {
    return this.#step.stores;
  }

  get published(): readonly Event[] | undefined {
    return this.#step.published;
  }

  cancel(key: string): void {
    this.#step.cancel(key);
  }

  discard(): void {
    this.#step.discard();
  }

  async commit(leases: readonly Lease[], outputs: readonly Event[]): Promise<ReadonlyMap<Lease, unknown>> {
    await this.#step.commit(leases, outputs);
    return none;
  }
}

/** Returns the step of a provider that settles each event by itself, after it has published the outputs of all. */
function directBatch({ queues, stores }: Provider): AnyBatchStep {
  const keys: string[] = [];
  return {
    stores,
    cancel(key) {
      if (!queues.cancel) throw new BeeHiveError("InvalidState", "The provider cannot cancel events: remove the call.");
      keys.push(key);
    },
    discard() {},
    async commit(leases, outputs) {
      for (const key of keys) await queues.cancel?.({ key });
      if (outputs.length > 0) await queues.push(outputs);
      const failed = new Map<Lease, unknown>();
      const commit = async (lease: Lease): Promise<void> => {
        try {
          await queues.commit(lease, []);
        } catch (error) {
          failed.set(lease, error);
        }
      };
      await Promise.all(leases.map(commit));
      return failed;
    },
  };
}
