import {
  CreateTopicCommand,
  DeleteTopicCommand,
  SubscribeCommand,
  UnsubscribeCommand,
  type Subscription,
} from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
} from "@aws-sdk/client-sqs";
import { sleep, type Clock } from "../../../src/base/clock.ts";
import { BeeHiveError, isBeeHiveError } from "../../../src/base/errors.ts";
import type { QueueCounts, QueueSpec } from "../../../src/contract/queue-operator.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { ask } from "../client.ts";
import type { AwsClients, AwsSettings } from "../config.ts";
import { isNamed, translate } from "../errors.ts";
import type { Addresses, QueueAddress } from "./addresses.ts";
import { visibilitySeconds } from "./lease.ts";
import { receivesFor, retentionSeconds, topologyProblems } from "./limits.ts";
import { deadNameOf, isFifo, lastPartOf, queueNameOf, siblingArn, topicNameOf } from "./names.ts";
import { Presence } from "./presence.ts";
import { withTopic } from "./queue-policy.ts";

/** SQS refuses the name of a deleted queue for 60 s. */
const nameFreeAfterMs = 65_000;
const nameRetryMs = 2_000;

type Attributes = Readonly<Record<string, string>>;
type ChangePolicy = (policy: string | undefined) => string;

/**
 * Creates and deletes queues, topics and subscriptions. Idempotent by name, so several processes may do it at once.
 *
 * An ordered subscription belongs to a FIFO topic, any other to a standard topic. Each topic is created when its first
 * subscription needs it, and a publish goes to those that exist. So neither kind is bound by the limits of the other,
 * and an ordered subscription can be added to a topic at any time.
 */
export class Topology {
  readonly #clients: AwsClients;
  readonly #config: AwsSettings;
  readonly #addresses: Addresses;
  readonly #clock: Clock;
  readonly #presence: Presence;

  constructor(clients: AwsClients, config: AwsSettings, addresses: Addresses, clock: Clock) {
    this.#clients = clients;
    this.#config = config;
    this.#addresses = addresses;
    this.#clock = clock;
    this.#presence = new Presence(addresses, config.prefix, clock);
  }

  problems(specs: readonly QueueSpec[]): string[] {
    return topologyProblems(specs, this.#config.prefix);
  }

  async ensure(specs: readonly QueueSpec[]): Promise<void> {
    const topics = specs.filter(({ name }) => name.kind === "topic");
    const queues = specs.filter(({ name }) => name.kind !== "topic");
    const arns = new Map<string, Promise<string>>();
    const topicArn = (name: QueueName, ordered: boolean): Promise<string> => {
      const topicName = topicNameOf(this.#config.prefix, name, ordered);
      const making = arns.get(topicName) ?? this.#ensureTopic(topicName);
      arns.set(topicName, making);
      return making;
    };
    const made = await Promise.all(
      queues.map(async (spec) =>
        this.#ensureQueue(spec, spec.name.kind === "queue" ? undefined : await topicArn(spec.name, spec.ordered)),
      ),
    );
    this.#addresses.forget();
    for (const { name } of topics) {
      if ((await this.#addresses.findTopics(name)).length > 0) continue;
      await topicArn(name, false);
      this.#addresses.forget();
    }
    if (made.includes(true)) await sleep(this.#clock, this.#config.settle);
    this.#presence.seen(specs);
  }

  missing(specs: readonly QueueSpec[]): Promise<readonly QueueName[]> {
    return this.#presence.missing(specs);
  }

  async delete(name: QueueName): Promise<void> {
    const { prefix } = this.#config;
    this.#presence.forget();
    if (name.kind !== "queue") {
      const subscriptions = (await this.#addresses.subscriptions(name)).filter((one) => isOf(name, one, prefix));
      await Promise.all(subscriptions.map((one) => this.#unsubscribe(one)));
    }
    if (name.kind === "topic") {
      for (const arn of await this.#addresses.findTopics(name))
        await ask("sns:DeleteTopic", arn, this.#clients.sns.send(new DeleteTopicCommand({ TopicArn: arn })));
      this.#addresses.forget();
      return;
    }
    for (const ordered of [false, true]) await this.#deleteQueue(queueNameOf(prefix, name, ordered));
  }

  /** Returns the counts of SQS, which are approximate. Messages that wait for a retry count as leased. */
  async counts(name: QueueName): Promise<QueueCounts> {
    const queue = await this.#addresses.queue(name);
    const deadQueue = await this.#addresses.deadQueue(queue);
    const [alive, dead] = await Promise.all([this.#count(queue), this.#count(deadQueue)]);
    return { ...alive, dead: dead.ready + dead.leased + dead.delayed };
  }

  async #ensureTopic(name: string): Promise<string> {
    const fifo = { FifoTopic: "true", ContentBasedDeduplication: "false", FifoThroughputScope: "MessageGroup" };
    const request = new CreateTopicCommand({ Name: name, ...(isFifo(name) ? { Attributes: fifo } : {}) });
    const { TopicArn: arn = "" } = await ask("sns:CreateTopic", name, this.#clients.sns.send(request));
    return arn;
  }

  /** Creates or updates a queue with its dead-letter queue; returns whether the queue is new. */
  async #ensureQueue(spec: QueueSpec, topicArn: string | undefined): Promise<boolean> {
    const name = queueNameOf(this.#config.prefix, spec.name, spec.ordered);
    await this.#assertKind(spec);
    const isNew = (await this.#addresses.find(name)) === undefined;
    const kept = { MessageRetentionPeriod: String(retentionSeconds), ...fifoAttributes(name) };
    const deadArn = (await this.#attribute(await this.#makeQueue(deadNameOf(name), kept), "QueueArn")) ?? "";
    const arn = siblingArn(deadArn, name);
    await this.#makeQueue(
      name,
      {
        ...kept,
        VisibilityTimeout: String(visibilitySeconds(spec.leaseMs)),
        RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadArn, maxReceiveCount: receivesFor(spec) }),
      },
      topicArn === undefined ? undefined : (policy) => withTopic(policy, arn, topicArn),
    );
    if (topicArn === undefined) return isNew;
    const request = new SubscribeCommand({
      TopicArn: topicArn,
      Protocol: "sqs",
      Endpoint: arn,
      Attributes: { RawMessageDelivery: "true" },
      ReturnSubscriptionArn: true,
    });
    await ask("sns:Subscribe", topicArn, this.#clients.sns.send(request));
    return isNew;
  }

  /** Throws when the queue exists with the other kind. Events would be split between two queues. */
  async #assertKind({ name, ordered }: QueueSpec): Promise<void> {
    const other = await this.#addresses.find(queueNameOf(this.#config.prefix, name, !ordered));
    if (!other) return;
    throw new BeeHiveError(
      "InvalidConfiguration",
      `"${name}" is ${ordered ? "ordered" : "not ordered"} now, but its queue is ${other.name}, and SQS ` +
        "cannot change the kind of a queue. Let the queue run empty and delete it, or rename the " +
        "subscription.",
    );
  }

  /**
   * Creates the queue, or updates the one that exists; returns its URL.
   *
   * @param policy returns the new access policy for the present one.
   */
  async #makeQueue(name: string, given: Attributes, policy?: ChangePolicy): Promise<string> {
    const { sqs } = this.#clients;
    const attributes = policy ? { ...given, Policy: policy(undefined) } : given;
    const giveUpAt = this.#clock.now() + nameFreeAfterMs;
    for (;;) {
      try {
        const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
        this.#addresses.forget(name);
        return QueueUrl;
      } catch (error) {
        if (isNamed(error, "QueueNameExists", "QueueAlreadyExists")) return await this.#update(name, given, policy);
        if (!isNamed(error, "QueueDeletedRecently") || this.#clock.now() > giveUpAt)
          throw translate(error, { action: "sqs:CreateQueue", resource: name });
      }
      await sleep(this.#clock, nameRetryMs);
    }
  }

  async #update(name: string, { FifoQueue: _, ...given }: Attributes, policy?: ChangePolicy): Promise<string> {
    const { url } = await this.#addressOf(name);
    const attributes = policy ? { ...given, Policy: policy(await this.#attribute(url, "Policy")) } : given;
    const request = new SetQueueAttributesCommand({ QueueUrl: url, Attributes: attributes });
    await ask("sqs:SetQueueAttributes", name, this.#clients.sqs.send(request));
    return url;
  }

  async #addressOf(name: string): Promise<{ readonly url: string }> {
    this.#addresses.forget(name);
    const found = await this.#addresses.find(name);
    if (!found)
      throw new BeeHiveError(
        "Unavailable",
        `The queue ${name} exists, but cannot be found; another process may be deleting it. Call hive.setup() again.`,
      );
    return found;
  }

  async #attribute(url: string, name: "QueueArn" | "Policy"): Promise<string | undefined> {
    const request = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [name] });
    const { Attributes } = await ask("sqs:GetQueueAttributes", lastPartOf(url), this.#clients.sqs.send(request));
    return Attributes?.[name];
  }

  async #unsubscribe({ SubscriptionArn = "", Endpoint = "" }: Subscription): Promise<void> {
    await ask("sns:Unsubscribe", SubscriptionArn, this.#clients.sns.send(new UnsubscribeCommand({ SubscriptionArn })));
    await this.#deleteQueue(lastPartOf(Endpoint));
  }

  async #deleteQueue(queueName: string): Promise<void> {
    for (const name of [queueName, deadNameOf(queueName)]) {
      const found = await this.#addresses.find(name);
      this.#addresses.forget(name);
      if (!found) continue;
      try {
        await ask("sqs:DeleteQueue", name, this.#clients.sqs.send(new DeleteQueueCommand({ QueueUrl: found.url })));
      } catch (error) {
        if (!isBeeHiveError(error, "QueueNotFound")) throw error;
      }
    }
  }

  async #count({ name, url }: QueueAddress): Promise<Omit<QueueCounts, "dead">> {
    const request = new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
      ],
    });
    const { Attributes = {} } = await ask("sqs:GetQueueAttributes", name, this.#clients.sqs.send(request));
    return {
      ready: Number(Attributes.ApproximateNumberOfMessages ?? 0),
      leased: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
      delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
    };
  }
}

/** Returns whether this SNS subscription is `name`, or belongs to the topic `name` of this prefix. */
function isOf(name: QueueName, { Protocol, Endpoint = "" }: Subscription, prefix: string): boolean {
  const queueName = lastPartOf(Endpoint);
  if (Protocol !== "sqs") return false;
  if (name.kind === "topic") return queueName.startsWith(`${prefix}-${name.topic}-`);
  return [false, true].some((ordered) => queueName === queueNameOf(prefix, name, ordered));
}

/** Returns order and deduplication within a message group, which lifts the limit of 300 requests a second. */
function fifoAttributes(name: string): Attributes {
  if (!isFifo(name)) return {};
  return { FifoQueue: "true", DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" };
}
