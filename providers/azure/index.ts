import { systemClock, type Clock } from "../../src/base/clock.ts";
import { safeLogger, standardErrorLogger, type Logger } from "../../src/base/logger.ts";
import {
  directStep,
  type Capabilities,
  type Provider,
  type ProviderContext,
  type Step,
} from "../../src/contract/provider.ts";
import { registerProvider } from "../../src/contract/provider-module.ts";
import type { Event } from "../../src/events/event.ts";
import { archiveLimits } from "../../src/provider-kit/archive/index.ts";
import { CancelRegistry } from "../../src/provider-kit/cancel-registry.ts";
import { Outbox } from "../../src/provider-kit/outbox.ts";
import { serverTime } from "../../src/provider-kit/server-time.ts";
import { clientsFrom, type AzureClients } from "./client.ts";
import { completed, configFrom, type AzureConfig, type AzureOptions } from "./config.ts";
import { providerModule } from "./module.ts";
import type { AzureLease } from "./queues/lease.ts";
import { AzureQueueOperator } from "./queues/queue-operator.ts";
import { AzureStores } from "./stores/index.ts";

export type { AzureConfig, AzureOptions, AzureTuning } from "./config.ts";
export type { ServiceBusPlace, StoragePlace } from "./places.ts";

/** Opens `azure:` and `azure:?claimCheck=true`. The places come from the environment. */
export function openAzure(url: string, context: ProviderContext): Promise<Provider> {
  return AzureProvider.open({ ...configFrom(url), ...context });
}
registerProvider(providerModule);

/**
 * Service Bus for events, Table and Blob storage for state.
 *
 * Delivery is at least once: outputs are pushed, then the event is committed; store writes are made at once. A crash in
 * between repeats the step. Its outputs have the same ids then, and duplicate detection drops them.
 *
 * @example
 * const provider = await AzureProvider.open({ storage: { account: "shop" } });
 * const hive = await createHive({ actors, provider });
 */
export class AzureProvider implements Provider {
  readonly name = "azure";
  readonly capabilities: Capabilities;
  readonly queues: AzureQueueOperator;
  readonly stores: AzureStores;
  readonly #clients: AzureClients;

  private constructor(clients: AzureClients, config: AzureConfig, clock: Clock, logger: Logger) {
    this.#clients = clients;
    this.capabilities = capabilitiesOf(config);
    this.stores = new AzureStores(clients, clock);
    const cancels = new CancelRegistry(this.stores.rows, clock);
    this.queues = new AzureQueueOperator(clients, config, { stores: this.stores, cancels, clock, logger });
    const { rows, locks } = this.stores;
    const push = (events: readonly Event[]): Promise<unknown> => this.queues.push(events);
    const outbox = new Outbox({ name: this.name, rows, locks, push, clock, logger });
    this.stores.transact = outbox.transact.bind(outbox);
    this.stores.publishPending = outbox.publishPending.bind(outbox);
  }

  /**
   * Creates the clients. Sends no request yet.
   *
   * @throws BeeHiveError `InvalidConfiguration` with every problem.
   */
  static async open({
    clock = systemClock,
    logger = standardErrorLogger,
    ...options
  }: AzureOptions & Partial<ProviderContext> = {}): Promise<AzureProvider> {
    const config = completed(options);
    return new AzureProvider(await clientsFrom(config), config, clock, safeLogger(logger));
  }

  beginStep(lease: AzureLease): Step {
    return directStep(this.queues, this.stores, lease);
  }

  serverTime(): Promise<number | undefined> {
    return serverTime(this.#clients.container.url);
  }

  async close(): Promise<void> {
    this.stores.close();
    await this.queues.close();
    if (this.#clients.ownsServiceBus) await this.#clients.serviceBus.close();
  }
}

function capabilitiesOf({ duplicateDetection }: AzureConfig): Capabilities {
  return {
    atomicStep:
      "Service Bus and storage have no transaction in common: " +
      "make the writes of actors idempotent, as counters are with once",
    deduplication:
      duplicateDetection || "Queues and topics are made without duplicate detection, as the Basic tier needs it",
    ordering: true,
    log: archiveLimits,
    transactions: "Service Bus is not in the database of the application; publish to postgres: and relay from there",
    cancel: true,
    peek: true,
    purge: true,
  };
}
