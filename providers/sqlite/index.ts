import { systemClock } from "../../src/base/clock.ts";
import { registerProvider } from "../../src/contract/provider-module.ts";
import type { BatchStep, Capabilities, Provider, ProviderContext, Step } from "../../src/contract/provider.ts";
import { AtomicBatch, AtomicStep, type AtomicSteps } from "../../src/provider-kit/atomic-step.ts";
import { checkedOptions } from "../../src/provider-kit/options.ts";
import { RowStores } from "../../src/provider-kit/row-stores/index.ts";
import { RowLockStore } from "../../src/provider-kit/row-stores/lock-store.ts";
import { stepConflict, type StepChanges } from "../../src/provider-kit/step-rows.ts";
import { StepsUnderWay } from "../../src/provider-kit/steps-under-way.ts";
import { stepTransactions } from "../../src/provider-kit/transactions.ts";
import { assertFile, configFrom, defaultConfig, optionRules, type SqliteConfig } from "./config.ts";
import { SqliteClient } from "./file/client.ts";
import { withPrivateFile } from "./file/private-file.ts";
import { Housekeeping } from "./housekeeping.ts";
import { providerModule } from "./module.ts";
import type { SqliteLease } from "./queues/lease.ts";
import { SqliteQueueOperator } from "./queues/queue-operator.ts";
import { SqliteRows } from "./stores/rows.ts";

export type { SqliteConfig } from "./config.ts";
export type { DriverName } from "./file/driver.ts";

registerProvider(providerModule);

/** Opens a URL such as `sqlite:./hive.db` or `sqlite:./hive.db?durability=normal`. */
export function openSqlite(url: string, { clock }: ProviderContext): SqliteProvider {
  return new SqliteProvider({ ...configFrom(url), clock });
}

/**
 * Keeps queues and stores in one SQLite file, for one machine and any number of processes on it.
 *
 * An actor step, with its store writes, its outputs and the commit of its event, happens exactly once or not at all,
 * even when the process is killed. `durability` decides about a power loss.
 *
 * @example
 * const provider = new SqliteProvider({ file: "./hive.db" });
 * const hive = await createHive({ actors, provider });
 */
export class SqliteProvider implements Provider {
  readonly name = "sqlite";
  readonly capabilities: Capabilities = {
    atomicStep: true,
    deduplication: true,
    ordering: true,
    log: true,
    transactions:
      "drivers of SQLite run a transaction in one call, during which nothing can be awaited; " +
      "publish an event, and let its actor write both",
    cancel: true,
    peek: true,
    purge: true,
  };
  readonly queues: SqliteQueueOperator;
  readonly stores: RowStores;
  readonly #client: SqliteClient;
  readonly #locks: RowLockStore;
  readonly #steps: AtomicSteps<SqliteLease>;

  /** @throws BeeHiveError when an option is wrong, no driver is available, or the file cannot be opened or migrated. */
  constructor({
    clock = systemClock,
    ...config
  }: Pick<SqliteConfig, "file"> & Partial<SqliteConfig> & Partial<ProviderContext>) {
    const complete = checkedOptions("sqlite", { ...defaultConfig, ...config }, optionRules);
    assertFile(complete.file);
    this.#client = new SqliteClient(complete, clock);
    const rows = new SqliteRows(this.#client);
    const queues = new SqliteQueueOperator(this.#client, clock, complete);
    this.#locks = new RowLockStore(rows, clock, () => queues.holder());
    this.stores = new RowStores(rows, clock, this.#locks);
    this.queues = queues;
    this.#steps = {
      rows,
      clock,
      locks: this.#locks,
      underWay: new StepsUnderWay(),
      discarded: (lease, relied) => (lease.relied = relied),
      commit: (lease, outputs, changes, cancelled, others) =>
        queues.commitStep(lease, outputs, changes ? joining(rows, changes) : {}, cancelled, others),
    };
    this.stores.transact = stepTransactions(clock, () => new AtomicStep(undefined, this.#steps));
    new Housekeeping(this.#client, clock, rows);
  }

  beginStep(lease: SqliteLease): Step {
    return new AtomicStep(lease, this.#steps);
  }

  beginBatch(leases: readonly SqliteLease[]): BatchStep {
    return new AtomicBatch(leases, this.#steps);
  }

  /**
   * Writes a snapshot to another file, which must not exist and is readable by this user only.
   *
   * Hives may run meanwhile. The event loop is blocked, for about a second per some hundred megabytes.
   *
   * @example
   * await provider.backup("./monday.db");
   */
  async backup(file: string): Promise<void> {
    assertFile(file);
    withPrivateFile(file, () => this.#client.maintain("VACUUM INTO ?", [file]));
  }

  async close(): Promise<void> {
    this.#locks.close();
    this.queues.leave();
    this.#client.close();
    this.queues.close();
  }
}

/** Returns the checks and the store writes of a step, for the transaction that commits it. */
function joining(rows: SqliteRows, changes: StepChanges): { check(): void; write(): void } {
  return {
    check() {
      const conflict = rows.conflict(changes);
      if (conflict) throw stepConflict(conflict);
    },
    write: () => rows.apply(changes),
  };
}
