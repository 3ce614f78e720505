import { systemClock, type Clock } from "../../src/clock.ts";
import type { Event } from "../../src/event.ts";
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
    return new MemoryStep(lease, this, this.#rows, this.#clock);
  }

  async close(): Promise<void> {
    this.queues.close();
  }
}

/** One step. Its stores are made when an actor has one injected: many use none. */
class MemoryStep implements Step {
  readonly #lease: Lease;
  readonly #provider: MemoryProvider;
  readonly #base: MemoryRows;
  readonly #clock: Clock;
  #rows: StepRows | undefined = undefined;
  #stores: Stores | undefined = undefined;

  constructor(lease: Lease, provider: MemoryProvider, base: MemoryRows, clock: Clock) {
    this.#lease = lease;
    this.#provider = provider;
    this.#base = base;
    this.#clock = clock;
  }

  get stores(): Stores {
    this.#rows ??= new StepRows(this.#base);
    return (this.#stores ??= new RowStores(this.#rows, this.#clock, this.#provider.stores.locks));
  }

  async commit(outputs: readonly Event[]): Promise<void> {
    const rows = this.#rows;
    rows?.end();
    this.#provider.queues.commitStep(this.#lease, outputs, rows && (() => this.#write(rows)));
  }

  #write(rows: StepRows): void {
    const conflict = this.#base.apply(rows.changes());
    if (conflict) throw stepConflict(conflict);
  }

  discard(): void {
    this.#rows?.end();
  }
}
