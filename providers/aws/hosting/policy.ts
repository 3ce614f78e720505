import type { ActorDescriptor } from "../../../src/actors/actor.ts";
import { destination } from "../../../src/actors/descriptor.ts";
import type { Publisher } from "../../../src/actors/publishes.ts";
import { queueSpecs } from "../../../src/actors/topology.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import type { LeastRights } from "../../../src/contract/provider-module.ts";
import type { QueueSpec } from "../../../src/contract/queue-operator.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { injectedStores } from "../../../src/actors/injection/injected-stores.ts";
import { storeKinds, type StoreKind } from "../../../src/actors/injection/tokens.ts";
import type { Pulser } from "../../../src/actors/pulses/pulser.ts";
import { withRules, type KeptTopics } from "../../../src/hive/keep.ts";
import type { RightsRequest } from "../../../src/hive/open-provider.ts";
import { withArchives } from "../../../src/provider-kit/archive/index.ts";
import { completed, configFrom, type AwsConfig, type AwsSettings } from "../config.ts";
import { deadNameOf, queueNameOf, topicNameOf } from "../queues/names.ts";

export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[] | "*";
}

export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly PolicyStatement[];
}

/** Options of {@link leastPolicy}. */
export interface PolicyOptions extends Publisher {
  /** `aws`, `aws-cn` or `aws-us-gov`. @default the partition of the region */
  readonly partition?: string | undefined;
  /** The region in ARNs. @default the region of the configuration, else `*` */
  readonly region?: string | undefined;
  /** The id of the account, 12 digits. @default `*` */
  readonly account?: string | undefined;
  /** Adds the rights to create queues (`topology: "create"`). @default false */
  readonly setup?: boolean | undefined;
  /** Adds the rights to list, requeue and drop dead letters. @default false */
  readonly deadLetters?: boolean | undefined;
  /** The pulsers of the hive. @default none */
  readonly pulsers?: readonly Pulser[] | undefined;
  /** Adds the rights of sources, which keep their place in a collection. @default false */
  readonly sources?: boolean | undefined;
  /**
   * Adds the rights of all stores, such as for `hive.store`; false adds none.
   *
   * @default the stores that actors have injected; all stores for dependencies that only a container knows
   */
  readonly stores?: boolean | undefined;
  /** Adds the rights to keep a journal. @default false */
  readonly journal?: boolean | undefined;
  /** The topics that the hive keeps. @default none */
  readonly keep?: KeptTopics | undefined;
  /** Adds the rights to follow operators and to send heartbeats. @default true for a hive with actors, pulsers or sources */
  readonly controls?: boolean | undefined;
}

/**
 * Returns the least IAM policy with which these actors run.
 *
 * @example
 * const policy = leastPolicy(descriptors, { region: "eu-west-1", prefix: "shop" }, { setup: true });
 *
 * @throws BeeHiveError `InvalidConfiguration` when the account is not an account id.
 */
export function leastPolicy(
  descriptors: readonly ActorDescriptor[],
  given: Partial<AwsConfig> = {},
  options: PolicyOptions = {},
): PolicyDocument {
  const config = completed(given);
  const { region = config.region ?? "*", account = "*", setup = false, deadLetters = false, pulsers = [] } = options;
  const { partition = partitionOf(region), publishes, sources = false } = options;
  const publishers = [...pulsers, { publishes }];
  if (!/^(\d{12}|\*)$/.test(account))
    throw new BeeHiveError("InvalidConfiguration", `"${account}" is not an AWS account id, which has 12 digits.`);
  const ruled = withRules(queueSpecs(descriptors, publishers), options.keep);
  const specs = withArchives(ruled);
  const kept = specs.filter((spec) => !ruled.includes(spec)).map(({ name }) => name);
  const parts: Parts = {
    config,
    stores: storesUsed(descriptors, options),
    journal: options.journal ?? false,
    controls: (options.controls ?? true) && (sources || descriptors.length + pulsers.length > 0),
    descriptors,
    pulsers,
    publishers,
    specs,
    kept,
    arn: (service, name) => `arn:${partition}:${service}:${region}:${account}:${name}`,
    bucketArn: (name) => `arn:${partition}:s3:::${name}`,
    setup,
    deadLetters,
  };
  const statements = [...forSqs(parts), ...forSns(parts), ...forDynamoDb(parts), ...forS3(parts)];
  return { Version: "2012-10-17", Statement: statements.filter(({ Resource }) => Resource.length > 0) };
}

function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

function storesUsed(
  descriptors: readonly ActorDescriptor[],
  { stores, sources = false }: PolicyOptions,
): ReadonlySet<StoreKind> {
  const all = stores ? storeKinds : [];
  const used = stores === undefined ? injectedStores(descriptors.map(({ actorType }) => actorType)) : all;
  return new Set([...used, ...(sources ? (["collection"] as const) : [])]);
}

interface Parts {
  readonly config: AwsSettings;
  readonly stores: ReadonlySet<StoreKind>;
  readonly journal: boolean;
  readonly controls: boolean;
  readonly descriptors: readonly ActorDescriptor[];
  readonly pulsers: readonly Pulser[];
  readonly publishers: readonly Publisher[];
  readonly specs: readonly QueueSpec[];
  /** The subscriptions that are archived. */
  readonly kept: readonly QueueName[];
  readonly arn: (service: "sqs" | "sns" | "dynamodb", name: string) => string;
  readonly bucketArn: (name: string) => string;
  readonly setup: boolean;
  readonly deadLetters: boolean;
}

function forSqs({ config: { prefix }, descriptors, specs, kept, arn, setup, deadLetters }: Parts): PolicyStatement[] {
  const arns = (names: readonly string[]): string[] => names.map((name) => arn("sqs", name));
  const read = new Set([...descriptors.map(({ queueName }) => queueName), ...kept].map(String));
  const isRead = ({ name }: QueueSpec): boolean => read.has(String(name));
  const queues = specs.filter(({ name }) => name.kind !== "topic");
  const readQueues = queues.filter(isRead).map(({ name, ordered }) => queueNameOf(prefix, name, ordered));
  const dead = readQueues.map(deadNameOf);
  // Queues read by another application may have either kind.
  const written = queues
    .filter((spec) => !isRead(spec))
    .flatMap(({ name }) => [false, true].map((ordered) => queueNameOf(prefix, name, ordered)));
  // A wildcard for both kinds and their dead letters: four names for each queue would make the policy too long.
  const looked = queues.map(({ name }) => `${queueNameOf(prefix, name, false)}*`);
  const consume = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"];
  const send = ["sqs:SendMessage", "sqs:GetQueueAttributes"];
  return [
    allow("FindQueues", ["sqs:GetQueueUrl"], arns(looked)),
    allow("Consume", [...consume, ...send], arns(readQueues)),
    // Subscriptions of others, too, are sent the past.
    allow(
      "Replay",
      ["sqs:GetQueueUrl", "sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"],
      arns(kept.map(({ topic }) => `${prefix}-${topic}-*`)),
    ),
    allow("DeadLetter", [...send, ...(deadLetters ? consume : [])], arns(dead)),
    allow("Send", ["sqs:SendMessage"], arns(written)),
    allow(
      "SetUpQueues",
      ["sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:GetQueueAttributes"],
      setup ? arns([...readQueues, ...dead, ...written, ...written.map(deadNameOf)]) : [],
    ),
  ];
}

function forSns({ config: { prefix }, descriptors, publishers, specs, arn, setup }: Parts): PolicyStatement[] {
  // A topic may have either kind, or both.
  const arns = (names: readonly QueueName[]): string[] => {
    const topics = [...new Set(names.map(({ topic }) => topic))].map((topic) => QueueName.topic(topic));
    return topics.flatMap((topic) => [false, true].map((ordered) => arn("sns", topicNameOf(prefix, topic, ordered))));
  };
  const names = specs.map(({ name }) => name).filter(({ kind }) => kind !== "queue");
  const byOthers = publishers.flatMap(({ publishes = [] }) => publishes.map(destination));
  const published = [...descriptors.flatMap(({ publishes }) => publishes), ...byOthers].filter(
    ({ kind }) => kind === "topic",
  );
  return [
    allow("FindTopics", ["sns:ListTopics"], names.length > 0 ? "*" : []),
    allow("Check", ["sns:ListSubscriptionsByTopic"], arns(names.filter(({ kind }) => kind === "subscription"))),
    allow("Publish", ["sns:Publish"], arns(published)),
    allow("SetUpTopics", ["sns:CreateTopic", "sns:Subscribe"], setup ? arns(names) : []),
  ];
}

function forDynamoDb({
  config,
  descriptors,
  pulsers,
  stores,
  journal,
  controls,
  kept,
  arn,
  setup,
}: Parts): PolicyStatement[] {
  const arns = [arn("dynamodb", `table/${config.table}`)];
  // Pulsers keep their last time in a collection, under a lock; the log its rules and the index of its segments.
  const rows = stores.size > 0 || pulsers.length > 0 || journal || kept.length > 0;
  // Ordered subscriptions keep redelivery states as rows, see redelivery-state.ts.
  const ordered = descriptors.some((descriptor) => descriptor.ordered);
  const actions = [
    ...(rows || ordered || controls ? ["dynamodb:GetItem", "dynamodb:PutItem"] : []),
    ...(rows ? ["dynamodb:UpdateItem"] : []),
    ...(rows || controls ? ["dynamodb:DeleteItem", "dynamodb:Query"] : []),
    ...(stores.has("entities") ? ["dynamodb:ConditionCheckItem"] : []),
    ...(rows || config.idempotent ? ["dynamodb:BatchWriteItem"] : []),
    ...(config.idempotent ? ["dynamodb:BatchGetItem"] : []),
  ];
  return [
    allow("Store", actions, actions.length > 0 ? arns : []),
    allow(
      "SetUpTable",
      ["dynamodb:CreateTable", "dynamodb:DescribeTable", "dynamodb:UpdateTimeToLive"],
      setup ? arns : [],
    ),
  ];
}

function forS3({ config: { bucket, claimCheck }, stores, kept, bucketArn, setup }: Parts): PolicyStatement[] {
  if (bucket === undefined) return [];
  const arn = bucketArn(bucket);
  const used = claimCheck || stores.has("key-value") || kept.length > 0;
  const keep = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"];
  return [
    allow("Keep", keep, used ? [`${arn}/*`] : []),
    // Without this right S3 reports a missing object, replaced just now, as denied access.
    allow("FindMissing", ["s3:ListBucket"], used || setup ? [arn] : []),
    allow("SetUpBucket", ["s3:CreateBucket", "s3:PutLifecycleConfiguration"], setup ? [arn] : []),
  ];
}

function allow(sid: string, actions: readonly string[], resources: readonly string[] | "*"): PolicyStatement {
  return { Sid: sid, Effect: "Allow", Action: actions, Resource: resources };
}

/** Returns the policy that `beehive policy` prints, and a note on what it leaves open. */
export function leastRights(url: string, { descriptors, ...options }: RightsRequest): LeastRights {
  const config = configFrom(url);
  const open = [
    ...(config.region === undefined ? ["in any region: name one in the URL, aws:?region=eu-west-1"] : []),
    ...(options.account === undefined ? ["of any account: name yours, --account 123456789012"] : []),
  ];
  return {
    document: leastPolicy(descriptors, config, options),
    note: open.length > 0 ? `The policy holds ${open.join("; ")}.` : undefined,
  };
}
