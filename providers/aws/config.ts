import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SNSClient } from "@aws-sdk/client-sns";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { BeeHiveError } from "../../src/base/errors.ts";
import {
  address,
  checkedOptions,
  flag,
  matching,
  optional,
  optionsIn,
  whole,
  type OptionRules,
} from "../../src/provider-kit/options.ts";
import { parsePlacelessUrl } from "../../src/contract/provider-url.ts";

/** How the AWS provider is tuned, as `aws:?region=eu-west-1&prefix=shop` or as an object. */
export interface AwsConfig {
  /** Where to run; `AWS_REGION` and the shared configuration decide unless said. */
  readonly region: string | undefined;
  /** Stands before the names of queues, topics and the table, so that several hives share an account; `beehive` unless said. */
  readonly prefix: string;
  /** One address for all four services, for a test server; credentials and region are still needed. */
  readonly endpoint: string | undefined;
  /** The DynamoDB table of the stores; `<prefix>-beehive` unless said. */
  readonly table: string;
  /** The S3 bucket of key-value stores and claim checks. Bucket names are global, so there is no default. */
  readonly bucket: string | undefined;
  /**
   * How long one poll of an idle queue waits at the most, in seconds, 1 to 20; 10 unless said. A hive that stops waits
   * for its last poll, because SQS strands what it hands to a poll that was cut off. Longer polls cost fewer requests.
   */
  readonly waitSeconds: number;
  /**
   * How long an answer of AWS is waited for, in ms, 100 to 60,000; 10,000 unless said. The SDK asks three times. A
   * receive has so much more than it waits, in all; S3, as long as nothing is heard. Ready-made clients have limits
   * of their own but for receives.
   */
  readonly requestTimeoutMs: number;
  /**
   * How long a set-up waits after it made a queue, in ms, 0 to 60,000; 1,000 unless said, as AWS asks before a queue is
   * used, and 0 at an `endpoint`, whose server has no need of it.
   */
  readonly settleMs: number;
  /**
   * How long, in ms, what could be asked of AWS by itself waits for company while the process is at work on more, and
   * five times as long while a queue has a backlog; 5 unless said. Longer saves requests where actors are slow and
   * few. An event alone never waits.
   */
  readonly lingerMs: number;
  /** The largest event that is taken, in bytes as it travels; 262,144 unless said: SNS takes no more. */
  readonly maxEventBytes: number;
  /** Puts larger events into the bucket and sends their key instead. */
  readonly claimCheck: boolean;
  /** Remembers in DynamoDB what each subscription has committed, and drops what is delivered again. */
  readonly idempotent: boolean;
  /** How long `idempotent` remembers, in days; 14 unless said, the longest that a queue keeps an event. */
  readonly inboxDays: number;
}

/** Ready-made clients, for credentials or middleware of your own. They are yours: the provider does not close them. */
export interface AwsClients {
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
}

const defaultConfig: Omit<AwsConfig, "table"> = {
  region: undefined,
  prefix: "beehive",
  endpoint: undefined,
  bucket: undefined,
  waitSeconds: 10,
  requestTimeoutMs: 10_000,
  settleMs: 1_000,
  lingerMs: 5,
  maxEventBytes: 262_144,
  claimCheck: false,
  idempotent: false,
  inboxDays: 14,
};

const optionRules: OptionRules<AwsConfig> = {
  region: optional(matching(/^[a-z0-9-]+$/, "a region, such as eu-west-1")),
  prefix: matching(/^[A-Za-z0-9][\w-]{0,39}$/, "up to 40 letters, digits, hyphens, underscores"),
  endpoint: optional(address()),
  table: matching(/^[\w.-]{3,255}$/, "the name of a DynamoDB table"),
  bucket: optional(matching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "the name of an S3 bucket")),
  waitSeconds: whole(1, 20),
  requestTimeoutMs: whole(100, 60_000),
  settleMs: whole(0, 60_000),
  lingerMs: whole(0, 1_000),
  // The limit of SQS.
  maxEventBytes: whole(1_024, 1_048_576),
  claimCheck: flag(),
  idempotent: flag(),
  inboxDays: whole(1, 3_650),
};

/** @throws BeeHiveError `InvalidConfiguration` with every problem of the URL. */
export function configFrom(url: string): AwsConfig {
  return completed(optionsIn(parsePlacelessUrl(url), optionRules));
}

/** @throws BeeHiveError `InvalidConfiguration` with every problem of what is given. */
export function completed(given: Partial<AwsConfig>): AwsConfig {
  const prefix = given.prefix ?? defaultConfig.prefix;
  const settleMs = given.endpoint === undefined ? defaultConfig.settleMs : 0;
  const config = { ...defaultConfig, settleMs, table: `${prefix}-beehive`, ...given };
  checkedOptions("aws", config, optionRules);
  if (config.claimCheck && config.bucket === undefined)
    throw new BeeHiveError("InvalidConfiguration", "The provider aws cannot be made: claimCheck needs a bucket.");
  return config;
}
