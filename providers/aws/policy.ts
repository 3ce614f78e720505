import type { ActorDescriptor } from "../../src/actor.ts";
import { queueSpecs } from "../../src/orchestrator.ts";
import { QueueName } from "../../src/queue-name.ts";
import type { QueueSpec } from "../../src/queue-operator.ts";
import { completed, type AwsConfig } from "./config.ts";
import { deadNameOf, queueNameOf, topicNameOf } from "./names.ts";

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

/** What the policy is for. */
export interface PolicyOptions {
  /** `aws` unless said; `aws-cn`, `aws-us-gov`. */
  readonly partition?: string | undefined;
  /** `*` unless said, for both. */
  readonly region?: string | undefined;
  readonly account?: string | undefined;
  /** Whether the hive makes its queues itself (`topology: "create"`); `false` unless said. */
  readonly setup?: boolean | undefined;
  /** Whether the people behind it list, requeue and drop dead letters with it; `false` unless said. */
  readonly deadLetters?: boolean | undefined;
}

/** The least IAM policy with which these actors run. */
export function leastPolicy(
  descriptors: readonly ActorDescriptor[],
  given: Partial<AwsConfig> = {},
  options: PolicyOptions = {},
): PolicyDocument {
  const { partition = "aws", region = "*", account = "*", setup = false, deadLetters = false } = options;
  const config = completed(given);
  const { prefix, table, bucket, idempotent } = config;
  const specs = queueSpecs(descriptors);
  const read = new Set(descriptors.map(({ queueName }) => String(queueName)));
  const arn = (service: string, name: string): string => `arn:${partition}:${service}:${region}:${account}:${name}`;
  const queue = ({ name, ordered }: QueueSpec): string => queueNameOf(prefix, name, ordered);

  const readQueues = specs.filter(({ name }) => read.has(String(name))).map(queue);
  // An event that is published elsewhere may be for a queue of either kind.
  const writtenQueues = specs
    .filter(({ name }) => name.kind === "queue" && !read.has(String(name)))
    .flatMap(({ name }) => [false, true].map((ordered) => queueNameOf(prefix, name, ordered)));
  const published = new Set(
    descriptors
      .flatMap(({ publishes }) => publishes)
      .filter(({ kind }) => kind === "topic")
      .map(({ topic }) => topic),
  );
  const topics = (names: Iterable<string>): string[] =>
    [...names].flatMap((name) =>
      [false, true].map((ordered) => arn("sns", topicNameOf(prefix, QueueName.topic(name), ordered))),
    );
  const allTopics = new Set(specs.filter(({ name }) => name.kind !== "queue").map(({ name }) => name.topic));
  const dead = readQueues.map(deadNameOf);
  const sqs = (names: readonly string[]): string[] => names.map((name) => arn("sqs", name));

  const statements: PolicyStatement[] = [
    allow(
      "Consume",
      [
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:ChangeMessageVisibility",
        "sqs:SendMessage",
        "sqs:GetQueueAttributes",
      ],
      sqs(readQueues),
    ),
    allow(
      "Bury",
      [
        "sqs:GetQueueUrl",
        "sqs:SendMessage",
        "sqs:GetQueueAttributes",
        ...(deadLetters ? ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"] : []),
      ],
      sqs(dead),
    ),
    allow("Send", ["sqs:GetQueueUrl", "sqs:SendMessage"], sqs(writtenQueues)),
    allow("Publish", ["sns:Publish"], topics(published)),
    allow("Find", ["sns:ListTopics"], allTopics.size > 0 ? "*" : []),
    allow(
      "Store",
      [
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:Query",
        "dynamodb:BatchWriteItem",
        ...(idempotent ? ["dynamodb:BatchGetItem"] : []),
      ],
      [arn("dynamodb", `table/${table}`)],
    ),
    allow(
      "Keep",
      ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
      bucket === undefined ? [] : [`arn:${partition}:s3:::${bucket}/*`],
    ),
    ...(setup
      ? [
          allow(
            "SetUpQueues",
            ["sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"],
            sqs([...readQueues, ...dead, ...writtenQueues, ...writtenQueues.map(deadNameOf)]),
          ),
          allow("SetUpTopics", ["sns:CreateTopic", "sns:Subscribe"], topics(allTopics)),
          allow(
            "SetUpTable",
            ["dynamodb:CreateTable", "dynamodb:DescribeTable", "dynamodb:UpdateTimeToLive"],
            [arn("dynamodb", `table/${table}`)],
          ),
          allow(
            "SetUpBucket",
            ["s3:CreateBucket", "s3:ListBucket", "s3:PutLifecycleConfiguration"],
            bucket === undefined ? [] : [`arn:${partition}:s3:::${bucket}`],
          ),
        ]
      : [allow("Check", ["sns:ListSubscriptionsByTopic"], topics(allTopics))]),
  ];
  return { Version: "2012-10-17", Statement: statements.filter(({ Resource }) => Resource.length > 0) };
}

function allow(sid: string, actions: readonly string[], resources: readonly string[] | "*"): PolicyStatement {
  return { Sid: sid, Effect: "Allow", Action: actions, Resource: resources };
}
