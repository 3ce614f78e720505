import { systemClock } from "../../src/base/clock.ts";
import { registerProvider } from "../../src/contract/provider-module.ts";
import type { BatchStep, Capabilities, Provider, ProviderContext, Step } from "../../src/contract/provider.ts";
import type { Lease, QueueOperator } from "../../src/contract/queue-operator.ts";
import { AtomicBatch, AtomicStep, type AtomicSteps } from "../../src/provider-kit/atomic-step.ts";
import { checkedOptions } from "../../src/provider-kit/options.ts";
import { RowStores } from "../../src/provider-kit/row-stores/index.ts";
import { StepsUnderWay } from "../../src/provider-kit/steps-under-way.ts";
import { stepConflict, type StepChanges } from "../../src/provider-kit/step-rows.ts";
import { stepTransactions } from "../../src/provider-kit/transactions.ts";
import { configFrom, defaultConfig, optionRules, type MemoryConfig } from "./config.ts";
import { providerModule } from "./module.ts";
import { MemoryQueueOperator } from "./queues/queue-operator.ts";
import type { MemoryLease } from "./queues/queue.ts";
import { MemoryRows } from "./stores/rows.ts";

export type { MemoryConfig } from "./config.ts";

registerProvider(providerModule);

/** Opens a URL such as `memory:` or `memory:?maxEventBytes=65536`. */
export function openMemory(url: string, { clock }: ProviderContext): Provider {
  return new MemoryProvider({ ...configFrom(url), clock });
}

/**
 * Keeps queues and stores in the memory of this process; they are gone when it ends.
 *
 * The memory provider is the reference of all providers: an actor step, with its store writes, its outputs and the
 * commit of its event, happens once or not at all.
 *
 * @example
 * const provider = new MemoryProvider({ deduplication: "1h" });
 * const hive = await createHive({ actors, provider });
 */
export class MemoryProvider implements Provider {
  readonly name = "memory";
  readonly capabilities: Capabilities = {
    atomicStep: true,
    deduplication: true,
    ordering: true,
    log: true,
    transactions: "its queues are in the memory of this process, and in no database",
    cancel: true,
    peek: true,
    purge: true,
  };
  readonly queues: QueueOperator;
  readonly stores: RowStores;
  readonly #queues: MemoryQueueOperator;
  readonly #steps: AtomicSteps;

  /** @throws BeeHiveError `InvalidConfiguration` with every problem of the options. */
  constructor({ clock = systemClock, ...config }: Partial<MemoryConfig> & Partial<ProviderContext> = {}) {
    const rows = new MemoryRows(clock);
    const complete = checkedOptions("memory", { ...defaultConfig, ...config }, optionRules);
    const queues = new MemoryQueueOperator(clock, complete, rows);
    this.stores = new RowStores(rows, clock);
    this.queues = this.#queues = queues;
    this.#steps = {
      rows,
      underWay: new StepsUnderWay(),
      clock,
      locks: this.stores.locks,
      commit(lease: MemoryLease | undefined, outputs, changes, cancelled, others?: readonly MemoryLease[]) {
        queues.commitStep(lease, outputs, changes && (() => applyOrThrow(rows, changes)), cancelled, others);
      },
    };
    this.stores.transact = stepTransactions(clock, () => new AtomicStep(undefined, this.#steps));
  }

  beginStep(lease: Lease): Step {
    return new AtomicStep(lease, this.#steps);
  }

  beginBatch(leases: readonly Lease[]): BatchStep {
    return new AtomicBatch(leases, this.#steps);
  }

  async close(): Promise<void> {
    this.stores.close();
    this.#queues.close();
  }
}

function applyOrThrow(rows: MemoryRows, changes: StepChanges): void {
  const conflict = rows.apply(changes);
  if (conflict) throw stepConflict(conflict);
}
