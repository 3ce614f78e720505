import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SNSClient } from "@aws-sdk/client-sns";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { inMs, type Duration } from "../../src/base/duration.ts";
import { BeeHiveError } from "../../src/base/errors.ts";
import { parsePlacelessUrl } from "../../src/contract/provider-url.ts";
import {
  address,
  checkedOptions,
  duration,
  flag,
  matching,
  optional,
  optionsIn,
  whole,
  type OptionRules,
} from "../../src/provider-kit/options.ts";

/**
 * Options of the AWS provider, in a URL or in an object.
 *
 * @example
 * createHive({ actors, provider: "aws:?region=eu-west-1&prefix=shop&wait=20s" });
 *
 * @example
 * new AwsProvider({ region: "eu-west-1", prefix: "shop", wait: "20s" });
 */
export interface AwsConfig {
  /** The region. @default `AWS_REGION`, else the region of the shared configuration */
  readonly region: string | undefined;
  /** Prefix of the names of queues, topics and the table. Lets several hives share an account. @default `beehive` */
  readonly prefix: string;
  /** Address of a test server, for all four services. Credentials and a region are still needed. @default none */
  readonly endpoint: string | undefined;
  /** The DynamoDB table of the stores. @default `<prefix>-beehive` */
  readonly table: string;
  /** The S3 bucket of key-value stores and claim checks. Bucket names are global, so there is no default. */
  readonly bucket: string | undefined;
  /**
   * Maximum wait of a poll of an idle queue, 1 to 20 seconds, rounded up.
   *
   * Longer polls cost fewer requests. A hive that stops waits for its last poll: SQS would lease messages to a poll
   * that was cut off, and nobody would handle them until their leases end.
   *
   * @default "10s"
   */
  readonly wait: Duration;
  /**
   * Time limit of each request, 100 ms to 1 minute. The SDK tries a request three times.
   *
   * A receive has this much time in addition to its wait, all tries included. For S3 it limits the time without
   * traffic. Clients that the application passes in keep their own limits, except for receives.
   *
   * @default "10s"
   */
  readonly requestTimeout: Duration;
  /**
   * Pause of a set-up after it made a queue, up to 1 minute. AWS asks for one second before a new queue is used.
   *
   * @default "1s"; 0 with an `endpoint`, because a test server needs no pause
   */
  readonly settle: Duration;
  /**
   * Maximum wait of a request for others to join it, up to 1 second.
   *
   * Five times as long while a queue has a backlog. A longer time saves requests where actors are slow and few.
   * A single event never waits.
   *
   * @default "5ms"
   */
  readonly linger: Duration;
  /**
   * How long the log of a kept topic gathers events before it writes them, up to 1 minute. See docs/log.md.
   *
   * A longer time costs fewer requests, and lets the log lag more.
   *
   * @default "5s"
   */
  readonly logDelay: Duration;
  /** Maximum size of an event as a message, in bytes. SNS takes no more than the default. @default 262_144 */
  readonly maxEventBytes: number;
  /** Puts larger events into the bucket and sends their key instead. @default false */
  readonly claimCheck: boolean;
  /** Remembers in DynamoDB what each subscription has committed, and drops repeated events. @default false */
  readonly idempotent: boolean;
  /**
   * How long `idempotent` remembers a committed event, 1 day to 10 years.
   *
   * @default "14d", the longest time that a queue keeps an event
   */
  readonly inboxAge: Duration;
}

/** Options whose values are lengths of time. */
const times = ["wait", "requestTimeout", "settle", "linger", "logDelay", "inboxAge"] as const;
type Time = (typeof times)[number];

/** The complete configuration, with all lengths of time in ms. */
export type AwsSettings = Omit<AwsConfig, Time> & { readonly [name in Time]: number };

/** Clients that the application makes, with its own credentials or middleware. The provider does not close them. */
export interface AwsClients {
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
}

const dayMs = 24 * 60 * 60 * 1_000;

const defaultConfig: Omit<AwsSettings, "table"> = {
  region: undefined,
  prefix: "beehive",
  endpoint: undefined,
  bucket: undefined,
  wait: 10_000,
  requestTimeout: 10_000,
  settle: 1_000,
  linger: 5,
  logDelay: 5_000,
  maxEventBytes: 262_144,
  claimCheck: false,
  idempotent: false,
  inboxAge: 14 * dayMs,
};

const optionRules: OptionRules<AwsConfig> = {
  region: optional(matching(/^[a-z0-9-]+$/, "a region, such as eu-west-1")),
  prefix: matching(/^[A-Za-z0-9][\w-]{0,39}$/, "up to 40 letters, digits, hyphens, underscores"),
  endpoint: optional(address()),
  table: matching(/^[\w.-]{3,255}$/, "the name of a DynamoDB table"),
  bucket: optional(matching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "the name of an S3 bucket")),
  wait: duration(1_000, 20_000),
  requestTimeout: duration(100, 60_000),
  settle: duration(0, 60_000),
  linger: duration(0, 1_000),
  logDelay: duration(0, 60_000),
  // The limit of SQS.
  maxEventBytes: whole(1_024, 1_048_576),
  claimCheck: flag(),
  idempotent: flag(),
  inboxAge: duration(dayMs, 3_650 * dayMs),
};

/** Reads the options of a URL. @throws BeeHiveError `InvalidConfiguration` with every problem. */
export function configFrom(url: string): AwsSettings {
  return completed(optionsIn(parsePlacelessUrl(url), optionRules));
}

/** Adds the defaults. @throws BeeHiveError `InvalidConfiguration` with every problem. */
export function completed(given: Partial<AwsConfig>): AwsSettings {
  const prefix = given.prefix ?? defaultConfig.prefix;
  const settle = given.endpoint === undefined ? defaultConfig.settle : 0;
  const config = { ...defaultConfig, settle, table: `${prefix}-beehive`, ...given };
  checkedOptions<AwsConfig, AwsConfig>("aws", config, optionRules);
  if (config.claimCheck && config.bucket === undefined)
    throw new BeeHiveError("InvalidConfiguration", "The provider aws cannot be made: claimCheck needs a bucket.");
  return {
    ...config,
    ...(Object.fromEntries(times.map((name) => [name, inMs(config[name])])) as Record<Time, number>),
  };
}
