import type { ServiceBusAdministrationClient } from "@azure/service-bus";
import { sleep, type Clock } from "../../../src/base/clock.ts";
import { BeeHiveError, isBeeHiveError } from "../../../src/base/errors.ts";
import type { QueueCounts, QueueSpec } from "../../../src/contract/queue-operator.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { withArchives } from "../../../src/provider-kit/archive/index.ts";
import type { AzureConfig } from "../config.ts";
import { statusOf, translate, translateErrors } from "../errors.ts";
import { addresseeProperty } from "./message.ts";
import type { Names } from "./names.ts";

/** Limits of Service Bus ("Service Bus quotas", learn.microsoft.com). */
const maxEntity = 260;
const maxSubscription = 50;
const maxLockMs = 5 * 60_000;
const minIdleMs = 5 * 60_000;
/**
 * The highest `MaxDeliveryCount`, an int32. The limit of attempts is the hive's own.
 *
 * Service Bus also counts deliveries that are no attempts, such as pauses and waits behind others, of which there may
 * be any number.
 */
const maxDeliveryCount = 2_147_483_647;
export const duplicateWindow = "PT10M";

/** Returns what Service Bus refuses of these queues, in words. */
export function topologyProblems(queues: readonly QueueSpec[], names: Names): string[] {
  return withArchives(queues).flatMap(({ name, leaseMs, maxAttempts }) => {
    const problems: string[] = [];
    const entity = names.entity(name);
    if (entity.length > maxEntity)
      problems.push(`its name has ${entity.length} characters, at most ${maxEntity} are allowed`);
    if (!/^[A-Za-z0-9](?:.*[A-Za-z0-9])?$/.test(entity))
      problems.push(`"${entity}" must begin and end with a letter or digit`);
    if (name.subscription.length > maxSubscription)
      problems.push(
        `the subscription has ${name.subscription.length} characters, at most ${maxSubscription} are allowed`,
      );
    if (name.kind !== "topic" && leaseMs > maxLockMs)
      problems.push(`a lease of ${leaseMs} ms is longer than the longest lock, ${maxLockMs} ms; leases are renewed`);
    if (maxAttempts >= maxDeliveryCount)
      problems.push(`maxAttempts must be below ${maxDeliveryCount}, the most deliveries of a message`);
    return problems.map((problem) => `"${name}": ${problem}`);
  });
}

/** Makes, finds, counts and deletes queues, topics and subscriptions through the administration client. */
export class Topology {
  readonly #given: ServiceBusAdministrationClient | undefined;
  readonly #names: Names;
  readonly #config: AzureConfig;
  readonly #clock: Clock;

  constructor(
    administration: ServiceBusAdministrationClient | undefined,
    names: Names,
    config: AzureConfig,
    clock: Clock,
  ) {
    this.#given = administration;
    this.#names = names;
    this.#config = config;
    this.#clock = clock;
  }

  async ensure(queues: readonly QueueSpec[]): Promise<void> {
    const [parents, subscriptions] = [
      queues.filter(({ name }) => name.kind !== "subscription"),
      queues.filter(({ name }) => name.kind === "subscription"),
    ];
    await Promise.all(parents.map((spec) => this.#make(spec)));
    await Promise.all(subscriptions.map((spec) => this.#make(spec)));
  }

  async delete(name: QueueName): Promise<void> {
    try {
      const { topic, subscription, kind } = name;
      if (kind === "subscription") await this.#administration.deleteSubscription(topic, subscription);
      else if (kind === "topic") await this.#administration.deleteTopic(topic);
      else await this.#administration.deleteQueue(this.#names.entity(name));
    } catch (error) {
      if (statusOf(error) !== 404) throw translate(error, `delete ${name}`);
    }
  }

  /** Counts scheduled messages of a topic for each of its subscriptions, and leased ones as ready. */
  async counts(name: QueueName): Promise<QueueCounts> {
    try {
      return await this.#counts(name);
    } catch (error) {
      if (!isBeeHiveError(error, "AccessDenied")) throw error;
      throw new BeeHiveError(
        "AccessDenied",
        `Could not count the events of ${name}, as hive.queue(name).counts() and hive.whenIdle() do: that needs ` +
          "the right Manage (Azure Service Bus Data Owner). Do without both, or grant it; actors need neither.",
        { cause: error },
      );
    }
  }

  #counts(name: QueueName): Promise<QueueCounts> {
    return translateErrors(`count the messages of ${name}`, async () => {
      if (name.kind === "subscription") {
        const [own, topic] = await Promise.all([
          this.#administration.getSubscriptionRuntimeProperties(name.topic, name.subscription),
          this.#administration.getTopicRuntimeProperties(name.topic),
        ]);
        return countsOf({ ...own, scheduledMessageCount: topic.scheduledMessageCount });
      }
      return countsOf(await this.#administration.getQueueRuntimeProperties(this.#names.entity(name)));
    });
  }

  get #administration(): ServiceBusAdministrationClient {
    if (this.#given) return this.#given;
    throw new BeeHiveError(
      "AccessDenied",
      "Making, deleting and counting queues needs a ServiceBusAdministrationClient beside the ServiceBusClient, or " +
        "a connection string with a SharedAccessKey: one with a SharedAccessSignature only sends and receives.",
    );
  }

  /** Makes an entity, unless another process has made it. */
  async #make(spec: QueueSpec): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#create(spec);
      } catch (error) {
        if (statusOf(error) !== 409) throw translate(error, `make ${spec.name}`);
        if (await this.#exists(spec.name)) return await this.#assertSessions(spec);
        // The service is busy with the same entity for another client (SubCode 40901).
        if (tries === 10) throw translate(error, `make ${spec.name}`);
        await sleep(this.#clock, 100 * tries);
      }
    }
  }

  /** @throws BeeHiveError `InvalidConfiguration` when an ordered queue was made without sessions. */
  async #assertSessions({ name, ordered }: QueueSpec): Promise<void> {
    if (!ordered || name.kind === "topic") return;
    const { requiresSession } = await translateErrors<{ readonly requiresSession: boolean }>(`look at ${name}`, () =>
      name.kind === "subscription"
        ? this.#administration.getSubscription(name.topic, name.subscription)
        : this.#administration.getQueue(this.#names.entity(name)),
    );
    if (!requiresSession) throw madeWithoutSessions(name);
  }

  async #create({ name, leaseMs, ordered, maxIdleMs }: QueueSpec): Promise<void> {
    const { topic, subscription, kind } = name;
    const requiresDuplicateDetection = this.#config.duplicateDetection;
    const published = requiresDuplicateDetection
      ? { requiresDuplicateDetection, duplicateDetectionHistoryTimeWindow: duplicateWindow }
      : {};
    const received = {
      maxDeliveryCount,
      requiresSession: ordered,
      lockDuration: lockDurationOf(leaseMs, this.#config),
    };
    if (kind === "topic") await this.#administration.createTopic(topic, published);
    else if (kind === "queue")
      await this.#administration.createQueue(this.#names.entity(name), { ...published, ...received });
    else
      await this.#administration.createSubscription(topic, subscription, {
        ...received,
        ...(maxIdleMs !== undefined && { autoDeleteOnIdle: `PT${Math.max(minIdleMs, maxIdleMs) / 1000}S` }),
        defaultRuleOptions: ruleFor(subscription),
      });
  }

  async #exists({ topic, subscription, kind }: QueueName): Promise<boolean> {
    if (kind === "subscription") return this.#administration.subscriptionExists(topic, subscription);
    if (kind === "topic") return this.#administration.topicExists(topic);
    return this.#administration.queueExists(this.#names.entity(QueueName.queue(topic)));
  }
}

/** Returns the lock of a queue for a lease, as a duration of ISO 8601. */
export function lockDurationOf(leaseMs: number, { minLock }: Pick<AzureConfig, "minLock">): string {
  return `PT${Math.min(maxLockMs, Math.max(minLock, leaseMs)) / 1000}S`;
}

export function madeWithoutSessions(name: QueueName): BeeHiveError {
  return new BeeHiveError(
    "InvalidConfiguration",
    `"${name}" must be ordered, but was made without sessions, which Service Bus cannot change. ` +
      "Delete it when it is empty, then let hive.setup() make it again.",
  );
}

/** Lets through events for all subscriptions, and copies for this one. Copies are its retries and requeued events. */
function ruleFor(subscription: string): { name: string; filter: { sqlExpression: string } } {
  const sqlExpression = `"${addresseeProperty}" IS NULL OR "${addresseeProperty}" = '${subscription}'`;
  return { name: "BeeHive", filter: { sqlExpression } };
}

function countsOf(properties: {
  readonly activeMessageCount: number;
  readonly scheduledMessageCount?: number;
  readonly deadLetterMessageCount: number;
}): QueueCounts {
  return {
    ready: properties.activeMessageCount,
    leased: 0,
    delayed: properties.scheduledMessageCount ?? 0,
    dead: properties.deadLetterMessageCount,
  };
}
