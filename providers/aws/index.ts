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
import type { Lease } from "../../src/contract/queue-operator.ts";
import { destroyClients, makeClients } from "./client.ts";
import { completed, configFrom, type AwsClients, type AwsConfig } from "./config.ts";
import { providerModule } from "./module.ts";
import { AwsQueueOperator } from "./queues/queue-operator.ts";
import { DynamoRows } from "./stores/rows.ts";
import { AwsStores } from "./stores/index.ts";

export type { AwsClients, AwsConfig } from "./config.ts";

/** Opens `aws:`, with options as `aws:?region=eu-west-1&prefix=shop&bucket=shop-data`. */
export function openAws(url: string, { clock, logger }: ProviderContext): Provider {
  return new AwsProvider({ ...configFrom(url), clock, ...(logger && { logger }) });
}

/** What a provider is made from: its configuration, and what it uses. */
export interface AwsProviderOptions extends Partial<AwsConfig> {
  readonly clients?: AwsClients;
  readonly clock?: Clock;
  readonly logger?: Logger;
}
registerProvider(providerModule);

/**
 * SQS, SNS, DynamoDB and S3. A step is not atomic here: its stores write at once, its outputs are published, then its
 * event is removed. A crash on the way repeats the step, with the same ids of its outputs; etags, and the idempotency
 * keys of counters, are what makes that harmless.
 */
export class AwsProvider implements Provider {
  readonly name = "aws";
  readonly capabilities: Capabilities = {
    atomicStep:
      "SQS, SNS and DynamoDB have no transaction in common: a crash during a step repeats it, with the same ids",
    deduplication:
      "standard queues of SQS keep duplicates; ordered subscriptions drop those of five minutes, and idempotent=true those of what was committed",
    ordering: true,
  };
  readonly queues: AwsQueueOperator;
  readonly stores: AwsStores;
  readonly #clients: AwsClients;
  readonly #own: boolean;

  /**
   * @param options `logger` is told of messages that are removed because no actor is meant by them.
   * @throws BeeHiveError `InvalidConfiguration` with every problem.
   */
  constructor({ clients, clock = systemClock, logger = standardErrorLogger, ...given }: AwsProviderOptions = {}) {
    const config = completed(given);
    this.#own = clients === undefined;
    this.#clients = clients ?? makeClients(config);
    const rows = new DynamoRows(this.#clients.dynamodb, config.table, clock);
    this.stores = new AwsStores(this.#clients, config, clock, rows);
    this.queues = new AwsQueueOperator(this.#clients, config, clock, rows, safeLogger(logger));
  }

  beginStep(lease: Lease): Step {
    return directStep(this.queues, this.stores, lease);
  }

  async close(): Promise<void> {
    this.stores.close();
    await this.queues.close();
    if (this.#own) destroyClients(this.#clients);
  }
}
