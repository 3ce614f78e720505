import {
  paginateListSubscriptionsByTopic,
  paginateListTopics,
  type SNSClient,
  type Subscription,
} from "@aws-sdk/client-sns";
import { GetQueueUrlCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { Clock } from "../../../src/base/clock.ts";
import { BeeHiveError, isBeeHiveError } from "../../../src/base/errors.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { noDestination, noQueue } from "../../../src/provider-kit/errors.ts";
import { ask } from "../client.ts";
import type { AwsClients, AwsSettings } from "../config.ts";
import { deadNameOf, lastPartOf, queueNameOf, topicNameOf } from "./names.ts";

/** How long the found kinds of topics are remembered, in ms. Another process may create the other kind. */
const topicsKnownMs = 60_000;

/** A queue in SQS. */
export interface QueueAddress {
  readonly name: string;
  readonly url: string;
  readonly fifo: boolean;
}

/** Finds queues and topics by name, with read rights only, and remembers them. */
export class Addresses {
  readonly #sqs: SQSClient;
  readonly #sns: SNSClient;
  readonly #config: AwsSettings;
  readonly #clock: Clock;
  readonly #queues = new Map<string, Promise<QueueAddress | undefined>>();
  #topics: { readonly arns: Promise<ReadonlyMap<string, string>>; readonly until: number } | undefined;

  constructor({ sqs, sns }: AwsClients, config: AwsSettings, clock: Clock) {
    this.#sqs = sqs;
    this.#sns = sns;
    this.#config = config;
    this.#clock = clock;
  }

  /** Returns the SQS queue of a queue or subscription, standard or FIFO. @throws BeeHiveError `QueueNotFound`. */
  async queue(name: QueueName): Promise<QueueAddress> {
    const found = name.kind === "topic" ? undefined : await this.findQueue(name);
    if (found) return found;
    throw noQueue(name, `queue ${queueNameOf(this.#config.prefix, name, false)} in SQS`);
  }

  async findQueue(name: QueueName): Promise<QueueAddress | undefined> {
    const { prefix } = this.#config;
    return (await this.find(queueNameOf(prefix, name, false))) ?? (await this.find(queueNameOf(prefix, name, true)));
  }

  /** Returns the SQS queue with the dead letters of `queue`. @throws BeeHiveError `QueueNotFound`. */
  async deadQueue({ name }: QueueAddress): Promise<QueueAddress> {
    const found = await this.find(deadNameOf(name));
    if (found) return found;
    throw new BeeHiveError(
      "QueueNotFound",
      `The queue ${name} has no queue for its dead letters, ${deadNameOf(name)}. Call hive.setup() first.`,
    );
  }

  /** Returns the queue with this name in SQS, and remembers it. */
  find(name: string): Promise<QueueAddress | undefined> {
    const known = this.#queues.get(name);
    if (known) return known;
    const looking = this.#look(name);
    this.#queues.set(name, looking);
    const forget = (): void => {
      if (this.#queues.get(name) === looking) this.#queues.delete(name);
    };
    looking.then((found) => found ?? forget(), forget);
    return looking;
  }

  async #look(name: string): Promise<QueueAddress | undefined> {
    try {
      const { QueueUrl: url } = await ask(
        "sqs:GetQueueUrl",
        name,
        this.#sqs.send(new GetQueueUrlCommand({ QueueName: name })),
      );
      return url === undefined ? undefined : { name, url, fifo: name.endsWith(".fifo") };
    } catch (error) {
      if (isBeeHiveError(error, "QueueNotFound")) return undefined;
      throw error;
    }
  }

  /**
   * Returns the ARNs of a topic: standard, FIFO for ordered subscriptions, or both.
   *
   * @throws BeeHiveError `QueueNotFound` when there is none.
   */
  async topics(name: QueueName): Promise<readonly string[]> {
    const found = await this.findTopics(name);
    if (found.length > 0) return found;
    this.#topics = undefined;
    const again = await this.findTopics(name);
    if (again.length > 0) return again;
    throw noDestination(name, `topic ${topicNameOf(this.#config.prefix, name, false)} in SNS`);
  }

  async findTopics(name: QueueName): Promise<readonly string[]> {
    const { prefix } = this.#config;
    const arns = await this.#allTopics();
    return [false, true].flatMap((ordered) => arns.get(topicNameOf(prefix, name, ordered)) ?? []);
  }

  /** Returns the subscriptions of a topic, of both of its kinds. */
  async subscriptions(name: QueueName): Promise<readonly Subscription[]> {
    const subscriptions: Subscription[] = [];
    for (const arn of await this.findTopics(name)) {
      const list = async (): Promise<void> => {
        for await (const page of paginateListSubscriptionsByTopic({ client: this.#sns }, { TopicArn: arn }))
          subscriptions.push(...(page.Subscriptions ?? []));
      };
      await ask("sns:ListSubscriptionsByTopic", arn, list());
    }
    return subscriptions;
  }

  /** Lists all topics, a hundred in a request: SNS has no look-up by name. */
  #allTopics(): Promise<ReadonlyMap<string, string>> {
    const now = this.#clock.now();
    if (this.#topics && this.#topics.until > now) return this.#topics.arns;
    const arns = ask("sns:ListTopics", `the topics of ${this.#config.prefix}`, this.#listTopics());
    this.#topics = { arns, until: now + topicsKnownMs };
    arns.catch(() => (this.#topics = undefined));
    return arns;
  }

  async #listTopics(): Promise<ReadonlyMap<string, string>> {
    const arns = new Map<string, string>();
    for await (const { Topics = [] } of paginateListTopics({ client: this.#sns }, {})) {
      for (const { TopicArn: arn = "" } of Topics) arns.set(lastPartOf(arn), arn);
    }
    return arns;
  }

  /** Forgets a queue that was created or deleted; without a name, forgets all topics. */
  forget(queueName?: string): void {
    if (queueName === undefined) this.#topics = undefined;
    else this.#queues.delete(queueName);
  }
}
