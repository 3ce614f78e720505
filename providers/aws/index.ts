import { systemClock, type Clock } from "../../src/base/clock.ts";
import { standardErrorLogger, safeLogger, type Logger } from "../../src/base/logger.ts";
import {
  directStep,
  type Capabilities,
  type Provider,
  type ProviderContext,
  type Step,
} from "../../src/contract/provider.ts";
import { registerProvider } from "../../src/contract/provider-module.ts";
import { archiveLimits, ArchivedLog } from "../../src/provider-kit/archive/index.ts";
import { Outbox } from "../../src/provider-kit/outbox.ts";
import { serverTime } from "../../src/provider-kit/server-time.ts";
import { destroyClients, makeClients } from "./client.ts";
import { completed, configFrom, type AwsClients, type AwsConfig, type AwsSettings } from "./config.ts";
import { providerModule } from "./module.ts";
import type { AwsLease } from "./queues/lease.ts";
import { AwsQueueOperator } from "./queues/queue-operator.ts";
import { ensureStorage } from "./storage.ts";
import { AwsStores } from "./stores/index.ts";
import { DynamoRows } from "./stores/rows.ts";
import { DynamoTransactions } from "./stores/transactions.ts";

export type { AwsClients, AwsConfig } from "./config.ts";

/** Opens the provider of a URL such as `aws:?region=eu-west-1&prefix=shop&bucket=shop-data`. */
export function openAws(url: string, { clock, logger }: ProviderContext): Provider {
  return new AwsProvider({ ...configFrom(url), clock, ...(logger && { logger }) });
}

/** Options of {@link AwsProvider}: its configuration, and optionally clients, a clock and a logger. */
export interface AwsProviderOptions extends Partial<AwsConfig> {
  readonly clients?: AwsClients;
  readonly clock?: Clock;
  readonly logger?: Logger;
}
registerProvider(providerModule);

/**
 * Actors on SQS, SNS, DynamoDB and S3.
 *
 * A step is not atomic: its stores write at once, its outputs are published, then its event is deleted. A crash in
 * between repeats the step with the same ids of its outputs. Etags, and the idempotency keys of counters, make the
 * repetition harmless.
 *
 * @example
 * const provider = new AwsProvider({ region: "eu-west-1", prefix: "shop", requestTimeout: "5s" });
 * const hive = await createHive({ actors, provider });
 */
export class AwsProvider implements Provider {
  readonly name = "aws";
  readonly capabilities: Capabilities;
  readonly queues: AwsQueueOperator;
  readonly stores: AwsStores;
  readonly #clients: AwsClients;
  readonly #config: AwsSettings;
  readonly #clock: Clock;
  readonly #own: boolean;

  /**
   * @param options `logger` receives warnings and notices of AWS. @default A logger to standard error.
   * @throws BeeHiveError `InvalidConfiguration` with every problem.
   */
  constructor({ clients, clock = systemClock, logger = standardErrorLogger, ...given }: AwsProviderOptions = {}) {
    const config = completed(given);
    this.capabilities = capabilitiesOf(config);
    this.#config = config;
    this.#clock = clock;
    this.#own = clients === undefined;
    this.#clients = clients ?? makeClients(config);
    const rows = new DynamoRows(this.#clients.dynamodb, config.table, clock);
    this.stores = new AwsStores(this.#clients, config, clock, rows);
    const { stores } = this;
    const queues = (this.queues = new AwsQueueOperator(this.#clients, config, clock, rows, safeLogger(logger)));
    const outbox = new Outbox({
      name: this.name,
      rows: new DynamoTransactions(this.#clients.dynamodb, config.table, clock),
      locks: stores.locks,
      push: (events) => queues.push(events),
      clock,
      logger: safeLogger(logger),
    });
    stores.transact = outbox.transact.bind(outbox);
    stores.publishPending = outbox.publishPending.bind(outbox);
    if (config.bucket === undefined) return;
    queues.log = new ArchivedLog({
      stores,
      queues,
      send: (to, copies) => queues.sendCopies(to, copies),
      clock,
      logger: safeLogger(logger),
      delayMs: config.logDelay,
      prepare: () => this.setup(),
    });
  }

  /** Creates the table, and the bucket when one is configured. */
  setup(): Promise<void> {
    return ensureStorage(this.#clients, this.#config, this.#clock);
  }

  beginStep(lease: AwsLease): Step {
    return directStep(this.queues, this.stores, lease);
  }

  async serverTime(): Promise<number | undefined> {
    const { region, endpointProvider } = this.#clients.sqs.config;
    return serverTime(this.#config.endpoint ?? endpointProvider({ Region: await region() }).url);
  }

  async close(): Promise<void> {
    this.queues.log?.close();
    this.stores.close();
    await this.queues.close();
    if (this.#own) destroyClients(this.#clients);
  }
}

function capabilitiesOf({ bucket }: AwsSettings): Capabilities {
  return {
    atomicStep: "SQS, SNS and DynamoDB share no transactions: a crash during a step repeats it, with the same ids",
    deduplication:
      "SQS keeps duplicates in standard queues, and drops those of five minutes in ordered ones; " +
      "idempotent=true drops committed events",
    ordering: true,
    log: bucket === undefined ? "The log is kept in S3, and there is no bucket: add bucket= to the URL" : archiveLimits,
    transactions: "SQS and SNS are not in the database of the application; publish to postgres: and relay from there",
    cancel: true,
    peek: "SQS shows a message only to the one who leases it, and counts that as a delivery",
    purge: true,
  };
}
