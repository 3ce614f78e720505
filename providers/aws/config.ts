import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SNSClient } from "@aws-sdk/client-sns";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { BeeHiveError } from "../../src/errors.ts";

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

const options = new Set<string>([...Object.keys(defaultConfig), "table"]);

/** @throws BeeHiveError `InvalidConfiguration` with every problem of the URL. */
export function configFrom(url: string): AwsConfig {
  const given = [...new URLSearchParams(/^aws:[^?]*\??(.*)$/s.exec(url)?.[1] ?? "")];
  const unknown = given.filter(([name]) => !options.has(name));
  const values = Object.fromEntries(given.map(([name, value]) => [name, valueOf(name, value)]));
  const problems = unknown.map(([name]) => `"${name}" is not an option; there are ${[...options].join(", ")}`);
  return completed(values, `"${url}" cannot be opened`, problems);
}

/** @throws BeeHiveError `InvalidConfiguration` with every problem of what is given. */
export function completed(
  given: Partial<AwsConfig>,
  what = "The AWS provider cannot be made",
  before: readonly string[] = [],
): AwsConfig {
  const prefix = given.prefix ?? defaultConfig.prefix;
  const settleMs = given.endpoint === undefined ? defaultConfig.settleMs : 0;
  const config = { ...defaultConfig, settleMs, table: `${prefix}-beehive`, ...given };
  const problems = [...before, ...problemsOf(config)];
  if (problems.length > 0) throw new BeeHiveError("InvalidConfiguration", `${what}: ${problems.join("; ")}.`);
  return config;
}

function problemsOf(config: AwsConfig): string[] {
  const problems: string[] = [];
  const check = (holds: boolean, problem: string): void => void (holds || problems.push(problem));
  const whole = (value: number, least: number, most: number): boolean =>
    Number.isSafeInteger(value) && value >= least && value <= most;
  check(
    /^[A-Za-z0-9][\w-]{0,39}$/.test(config.prefix),
    "prefix must be up to 40 letters, digits, hyphens, underscores",
  );
  check(/^[\w.-]{3,255}$/.test(config.table), `table must be the name of a DynamoDB table, not "${config.table}"`);
  check(
    config.bucket === undefined || /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(config.bucket),
    `bucket must be the name of an S3 bucket, not "${config.bucket}"`,
  );
  check(
    config.endpoint === undefined || URL.canParse(config.endpoint),
    `endpoint must be a URL, not "${config.endpoint}"`,
  );
  check(whole(config.waitSeconds, 1, 20), "waitSeconds must be a whole number from 1 to 20");
  check(whole(config.requestTimeoutMs, 100, 60_000), "requestTimeoutMs must be a whole number from 100 to 60,000");
  check(whole(config.settleMs, 0, 60_000), "settleMs must be a whole number from 0 to 60,000");
  check(whole(config.lingerMs, 0, 1000), "lingerMs must be a whole number from 0 to 1,000");
  check(
    whole(config.maxEventBytes, 1024, 1_048_576),
    "maxEventBytes must be a whole number from 1,024 to 1,048,576, the limit of SQS",
  );
  check(whole(config.inboxDays, 1, 3650), "inboxDays must be a whole number from 1");
  for (const flag of ["claimCheck", "idempotent"] as const)
    check(typeof config[flag] === "boolean", `${flag} must be true or false`);
  check(!config.claimCheck || config.bucket !== undefined, "claimCheck needs a bucket");
  return problems;
}

const numbers = new Set(["waitSeconds", "requestTimeoutMs", "settleMs", "lingerMs", "maxEventBytes", "inboxDays"]);

function valueOf(name: string, text: string): string | number | boolean {
  if (numbers.has(name)) return Number(text);
  if (name !== "claimCheck" && name !== "idempotent") return text;
  return text === "" || text === "true" ? true : text === "false" ? false : text;
}
