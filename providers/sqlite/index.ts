import { systemClock, type Clock } from "../../src/clock.ts";
import type { Event } from "../../src/event.ts";
import type { Capabilities, Provider, ProviderContext, Step } from "../../src/provider.ts";
import type { Lease } from "../../src/queue-operator.ts";
import { RowStores } from "../../src/row-stores/index.ts";
import { StepRows, stepConflict } from "../../src/step-rows.ts";
import type { Stores } from "../../src/stores.ts";
import { SqliteClient } from "./client.ts";
import { configFrom, defaultConfig, type SqliteConfig } from "./config.ts";
import { Housekeeping } from "./housekeeping.ts";
import { SqliteQueueOperator } from "./queue-operator.ts";
import { SqliteRows } from "./rows.ts";

export type { SqliteConfig } from "./config.ts";
export type { DriverName } from "./driver.ts";

/** Opens `sqlite:FILE`, with options as `sqlite:./hive.db?durability=normal`. */
export function openSqlite(url: string, { clock }: ProviderContext): SqliteProvider {
  return new SqliteProvider({ ...configFrom(url), clock });
}

/**
 * Everything in one SQLite file, for one machine without a server; several processes may work on it. An actor step,
 * with its store writes, its outputs and the commit of its event, happens exactly once or not at all, whenever the
 * process is killed. What a power loss may take, `durability` says.
 */
export class SqliteProvider implements Provider {
  readonly name = "sqlite";
  readonly capabilities: Capabilities = { atomicStep: true, deduplication: true, ordering: true };
  readonly queues: SqliteQueueOperator;
  readonly stores: Stores;
  readonly #clock: Clock;
  readonly #client: SqliteClient;
  readonly #rows: SqliteRows;

  /** @throws BeeHiveError when there is no driver, or the file cannot be opened, made or brought up to date. */
  constructor({
    clock = systemClock,
    ...config
  }: Pick<SqliteConfig, "file"> & Partial<SqliteConfig> & Partial<ProviderContext>) {
    const complete = { ...defaultConfig, ...config };
    this.#clock = clock;
    this.#client = new SqliteClient(complete, clock);
    this.#rows = new SqliteRows(this.#client);
    this.stores = new RowStores(this.#rows, clock);
    this.queues = new SqliteQueueOperator(this.#client, clock, complete);
    new Housekeeping(this.#client, clock, this.#rows);
  }

  beginStep(lease: Lease): Step {
    return new SqliteStep(lease, this, this.#rows, this.#clock);
  }

  /**
   * Writes a copy of everything, as of this moment, to a file that must not exist yet. The hive may run; its event
   * loop stands still meanwhile, about a second for some hundred megabytes.
   */
  async backup(file: string): Promise<void> {
    this.#client.maintain("VACUUM INTO ?", [file]);
  }

  async close(): Promise<void> {
    this.#client.close();
    this.queues.close();
  }
}

/** One step. Its stores are made when an actor has one injected: many use none. */
class SqliteStep implements Step {
  readonly #lease: Lease;
  readonly #provider: SqliteProvider;
  readonly #base: SqliteRows;
  readonly #clock: Clock;
  #rows: StepRows | undefined = undefined;
  #stores: Stores | undefined = undefined;

  constructor(lease: Lease, provider: SqliteProvider, base: SqliteRows, clock: Clock) {
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
    const { queues } = this.#provider;
    if (!this.#rows) return await queues.commitStep(this.#lease, outputs, {});
    this.#rows.end();
    const changes = this.#rows.changes();
    await queues.commitStep(this.#lease, outputs, {
      check: () => {
        const conflict = this.#base.conflict(changes);
        if (conflict) throw stepConflict(conflict);
      },
      write: () => this.#base.apply(changes),
    });
  }

  discard(): void {
    this.#rows?.end();
  }
}
