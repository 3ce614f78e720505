import { BeeHiveError } from "../../base/errors.ts";
import type { BatchStep, Provider } from "../../contract/provider.ts";
import type { Lease } from "../../contract/queue-operator.ts";
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
  if (!step) return directBatch(provider);
  return {
    // Made when they are first read: many batches use no store.
    get stores() {
      return step.stores;
    },
    atomic: true,
    get published() {
      return step.published;
    },
    cancel: (key) => step.cancel(key),
    discard: () => step.discard(),
    async commit(some, outputs) {
      await step.commit(some, outputs);
      return none;
    },
  };
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
