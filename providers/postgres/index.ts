import { systemClock, withTimeLimit, type Clock } from "../../src/base/clock.ts";
import { inMs } from "../../src/base/duration.ts";
import { standardErrorLogger, type Logger } from "../../src/base/logger.ts";
import { registerProvider } from "../../src/contract/provider-module.ts";
import type { BatchStep, Capabilities, Provider, ProviderContext, Step } from "../../src/contract/provider.ts";
import { AtomicBatch, AtomicStep, type AtomicSteps } from "../../src/provider-kit/atomic-step.ts";
import { RowLockStore } from "../../src/provider-kit/row-stores/lock-store.ts";
import { RowStores } from "../../src/provider-kit/row-stores/index.ts";
import { StepsUnderWay } from "../../src/provider-kit/steps-under-way.ts";
import { stepConflict } from "../../src/provider-kit/step-rows.ts";
import { stepTransactions } from "../../src/provider-kit/transactions.ts";
import { PostgresClient } from "./client.ts";
import { configFrom, configOf, type PostgresOptions } from "./config.ts";
import { vacuumWarnings } from "./database/vacuum.ts";
import { Housekeeping } from "./housekeeping.ts";
import { providerModule } from "./module.ts";
import type { PostgresLease } from "./queues/lease.ts";
import { PostgresQueueOperator } from "./queues/queue-operator.ts";
import { ServerClock } from "./server-clock.ts";
import { PostgresRows, usesOf } from "./stores/rows.ts";

export { fromDrizzle, fromKnex, fromKysely, fromPrisma } from "./adapters.ts";
export type { PostgresOptions, PostgresPool, PostgresSettings } from "./config.ts";

registerProvider(providerModule);

/** How long closing may take, in ms: little while the server cannot be reached. */
const closeMs = { usual: 3_000, failing: 250 };

/** Opens a URL such as `postgres://user@host/database?schema=beehive`, and makes sure that it can be used. */
export async function openUrl(url: string, context: ProviderContext): Promise<PostgresProvider> {
  const provider = new PostgresProvider({ url, ...context });
  try {
    await provider.ready();
    return provider;
  } catch (error) {
    await provider.close();
    throw error;
  }
}

/** Returns `schema` when there is none of that name, which opening would make. */
export async function missingSchema(url: string): Promise<string | undefined> {
  const client = new PostgresClient(configFrom(url), systemClock);
  try {
    return (await client.exists()) ? undefined : `schema ${client.schema} in`;
  } finally {
    await client.close();
  }
}

/**
 * Keeps queues and stores in a schema of a PostgreSQL database, for any number of machines.
 *
 * An actor step, with its store writes, its outputs and the commit of its event, happens exactly once or not at all,
 * even when processes are killed or the server restarts.
 *
 * @example
 * const provider = new PostgresProvider({ url: "postgres://worker@db.example/shop" });
 * const hive = await createHive({ actors, provider });
 */
export class PostgresProvider implements Provider {
  readonly name = "postgres";
  readonly capabilities: Capabilities = {
    atomicStep: true,
    deduplication: true,
    ordering: true,
    log: true,
    transactions: true,
    cancel: true,
    peek: true,
    purge: true,
  };
  readonly queues: PostgresQueueOperator;
  readonly stores: RowStores;
  readonly #client: PostgresClient;
  readonly #locks: RowLockStore;
  readonly #steps: AtomicSteps<PostgresLease>;
  readonly #housekeeping: Housekeeping;
  readonly #clock: Clock;
  readonly #logger: Logger;

  /** @throws BeeHiveError `InvalidConfiguration` when an option is wrong. */
  constructor({
    clock = systemClock,
    logger = standardErrorLogger,
    ...options
  }: PostgresOptions & Partial<ProviderContext>) {
    const config = configOf(options);
    this.#clock = clock;
    this.#logger = logger;
    this.#client = new PostgresClient(config, clock);
    this.#housekeeping = new Housekeeping(this.#client, clock, inMs(config.deduplication));
    const serverClock = new ServerClock(clock);
    const queues = new PostgresQueueOperator({
      client: this.#client,
      clock,
      serverClock,
      config,
      logger,
      onCommitted: () => this.#housekeeping.committed(),
    });
    const rows = new PostgresRows(this.#client, (commit) => queues.commitStep(commit));
    this.#locks = new RowLockStore(rows, serverClock, () => queues.holder());
    this.stores = new RowStores(rows, serverClock, this.#locks);
    this.queues = queues;
    this.#steps = {
      rows,
      clock: serverClock,
      locks: this.#locks,
      underWay: new StepsUnderWay(),
      discarded: (lease, relied) => (lease.relied = relied),
      async commit(lease, events, changes, cancelled, others) {
        const items = changes ? usesOf(changes) : [];
        const outcome = await queues.commitStep({ lease, events, pushed: false, items, cancelled, others });
        if (outcome.kind === "conflict") throw stepConflict(outcome);
      },
    };
    this.stores.transact = stepTransactions(clock, () => new AtomicStep(undefined, this.#steps));
  }

  /** Connects and makes the schema ready, which the first call does otherwise. @throws BeeHiveError with what stands against it. */
  async ready(): Promise<void> {
    await this.#client.ready();
  }

  /** Returns the transaction that holds vacuum back the longest, so that the tables grow. @param minSeconds its age. */
  warnings(minSeconds?: number): Promise<readonly string[]> {
    return vacuumWarnings(this.#client, minSeconds);
  }

  beginStep(lease: PostgresLease): Step {
    return new AtomicStep(lease, this.#steps);
  }

  beginBatch(leases: readonly PostgresLease[]): BatchStep {
    return new AtomicBatch(leases, this.#steps);
  }

  async serverTime(): Promise<number | undefined> {
    const { rows } = await this.#client.query<{ time: number }>(
      "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS time",
    );
    return rows[0]?.time;
  }

  /** Ends waiting calls, gives back leases that nobody works on, and ends the connections, within seconds. */
  async close(): Promise<void> {
    this.#locks.close();
    this.#housekeeping.close();
    const client = this.#client;
    const closed = this.queues.close().then(() => client.close());
    await withTimeLimit(closed, this.#clock, client.failing ? closeMs.failing : closeMs.usual, () => {
      client.drop();
      this.#logger.warn(
        { schema: client.schema },
        "the server does not answer, its connections were dropped: what this process has leased is delivered again " +
          "when others notice its end, or its leases end",
      );
    });
  }
}
