import { systemClock, type Clock } from "../../src/clock.ts";
import type { Capabilities, Provider, ProviderContext, Step } from "../../src/provider.ts";
import type { Lease } from "../../src/queue-operator.ts";
import { RowStores } from "../../src/row-stores/index.ts";
import { StepRows, stepConflict } from "../../src/step-rows.ts";
import type { Stores } from "../../src/stores.ts";
import { configFrom, defaultConfig, type MemoryConfig } from "./config.ts";
import { MemoryQueueOperator } from "./queue-operator.ts";
import { MemoryRows } from "./rows.ts";

export type { MemoryConfig } from "./config.ts";

/** Opens `memory:`, with options as `memory:?maxEventBytes=65536`. */
export function openMemory(url: string, { clock }: ProviderContext): Provider {
  return new MemoryProvider({ ...configFrom(url), clock });
}

/**
 * Everything in the memory of this process; gone when it ends. The reference of all providers: an actor step,
 * with its store writes, its outputs and the commit of its event, happens once or not at all.
 */
export class MemoryProvider implements Provider {
  readonly name = "memory";
  readonly capabilities: Capabilities = { atomicStep: true, deduplication: true, ordering: true };
  readonly queues: MemoryQueueOperator;
  readonly stores: Stores;
  readonly #clock: Clock;
  readonly #rows: MemoryRows;

  constructor({ clock = systemClock, ...config }: Partial<MemoryConfig> & Partial<ProviderContext> = {}) {
    this.#clock = clock;
    this.#rows = new MemoryRows(clock);
    this.stores = new RowStores(this.#rows, clock);
    this.queues = new MemoryQueueOperator(clock, { ...defaultConfig, ...config });
  }

  beginStep(lease: Lease): Step {
    const rows = new StepRows(this.#rows);
    return {
      stores: new RowStores(rows, this.#clock, this.stores.locks),
      commit: async (outputs) => {
        rows.end();
        this.queues.commitStep(lease, outputs, () => {
          const conflict = this.#rows.apply(rows.changes());
          if (conflict) throw stepConflict(conflict);
        });
      },
      discard: () => rows.end(),
    };
  }

  async close(): Promise<void> {
    this.queues.close();
  }
}
