import {
  CreateTableCommand,
  DescribeTableCommand,
  UpdateTimeToLiveCommand,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, HeadBucketCommand } from "@aws-sdk/client-s3";
import { sleep, type Clock } from "../../src/base/clock.ts";
import { BeeHiveError } from "../../src/base/errors.ts";
import type { AwsClients, AwsSettings } from "./config.ts";
import { isNamed, translate } from "./errors.ts";
import { ClaimCheck } from "./queues/claim-check.ts";

/*
 * A single table holds all stores of a hive, to be created, granted and watched. It is billed by request and
 * costs nothing while idle. A table for each kind of store would cost the same.
 *
 *     pk                      sk                               holds
 *     collection/Orders       the id                           v, the item as JSON
 *     list/Waiting/ByProduct  the hash of the key, "/", the id v, the item as JSON
 *     blob/Invoices           the key                          the object in S3, and the metadata
 *     lock                    the resource                     holder, fencing token, end
 *     counter/Stock           the id                           n, the value, and the latest idempotency keys
 *     counter/Stock.once      a hash of the id and of the key  the result of an increment
 *     inbox/Orders-Payment    the id of an event               nothing: the event was handled
 *     note/shop-Orders.fifo   the id of a message              its redelivery state, see redelivery-state.ts
 *
 * Ids sort by code point, because DynamoDB sorts by UTF-8 bytes. `ttl`, in seconds, lets DynamoDB delete expired items
 * where its time to live is switched on. Every reader also checks `expires`, in ms.
 * Only `stores.transact` needs transactions.
 */

const readyMs = 60_000;
const lookMs = 500;

/** Creates the table, and the bucket when one is configured, unless they exist. */
export async function ensureStorage(
  { dynamodb, s3 }: AwsClients,
  { table, bucket }: AwsSettings,
  clock: Clock,
): Promise<void> {
  const made = bucket === undefined ? Promise.resolve() : ensureBucket(s3, bucket, clock);
  await Promise.all([ensureTable(dynamodb, table, clock), made]);
}

/** Creates the table and waits until it is active; safe in several processes at once. */
async function ensureTable(dynamodb: DynamoDBClient, table: string, clock: Clock): Promise<void> {
  if ((await stateOf(dynamodb, table)) === "ACTIVE") return;
  await createTable(dynamodb, table);
  const giveUpAt = clock.now() + readyMs;
  while ((await stateOf(dynamodb, table)) !== "ACTIVE") {
    if (clock.now() > giveUpAt)
      throw new BeeHiveError(
        "Unavailable",
        `The table ${table} was not active after ${readyMs} ms. Call hive.setup() again.`,
      );
    await sleep(clock, lookMs);
  }
  await cleanUp(dynamodb, table);
}

async function stateOf(dynamodb: DynamoDBClient, table: string): Promise<string | undefined> {
  try {
    return (await dynamodb.send(new DescribeTableCommand({ TableName: table }))).Table?.TableStatus;
  } catch (error) {
    if (isNamed(error, "ResourceNotFoundException")) return undefined;
    throw translate(error, { action: "dynamodb:DescribeTable", resource: table });
  }
}

async function createTable(dynamodb: DynamoDBClient, table: string): Promise<void> {
  try {
    await dynamodb.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [
          { AttributeName: "pk", AttributeType: "S" },
          { AttributeName: "sk", AttributeType: "S" },
        ],
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: "sk", KeyType: "RANGE" },
        ],
      }),
    );
  } catch (error) {
    if (!isNamed(error, "ResourceInUseException"))
      throw translate(error, { action: "dynamodb:CreateTable", resource: table });
  }
}

/** Lets DynamoDB delete expired items. Optional, so a refusal is ignored. */
async function cleanUp(dynamodb: DynamoDBClient, table: string): Promise<void> {
  const request = new UpdateTimeToLiveCommand({
    TableName: table,
    TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
  });
  await dynamodb.send(request).catch(() => {});
}

/** Creates the bucket with an expiry rule for claims. A bucket that exists keeps its own rules. */
async function ensureBucket(s3: AwsClients["s3"], bucket: string, clock: Clock): Promise<void> {
  const giveUpAt = clock.now() + readyMs;
  while (!(await bucketExists(s3, bucket))) {
    const made = await createBucket(s3, bucket, clock.now() < giveUpAt);
    if (made) return await new ClaimCheck(s3, bucket).ensureExpiry();
    await sleep(clock, lookMs);
  }
}

/**
 * Creates the bucket; returns false while another process is creating it.
 *
 * @param again whether the caller tries again.
 */
async function createBucket(s3: AwsClients["s3"], bucket: string, again: boolean): Promise<boolean> {
  const region = await s3.config.region();
  // The API refuses the name of its default region, us-east-1.
  const place =
    region === "us-east-1" ? {} : { CreateBucketConfiguration: { LocationConstraint: region as "eu-west-1" } };
  try {
    await s3.send(new CreateBucketCommand({ Bucket: bucket, ...place }));
    return true;
  } catch (error) {
    if (again && isNamed(error, "BucketAlreadyOwnedByYou", "OperationAborted")) return false;
    throw translate(error, { action: "s3:CreateBucket", resource: bucket });
  }
}

async function bucketExists(s3: AwsClients["s3"], bucket: string): Promise<boolean> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: bucket }));
    return true;
  } catch (error) {
    if (isNamed(error, "NotFound", "NoSuchBucket")) return false;
    throw translate(error, { action: "s3:ListBucket", resource: bucket });
  }
}
