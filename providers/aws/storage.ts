import {
  CreateTableCommand,
  DescribeTableCommand,
  UpdateTimeToLiveCommand,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, HeadBucketCommand } from "@aws-sdk/client-s3";
import { sleep, type Clock } from "../../src/base/clock.ts";
import { BeeHiveError } from "../../src/base/errors.ts";
import { ClaimCheck } from "./queues/claim-check.ts";
import type { AwsClients, AwsSettings } from "./config.ts";
import { isNamed, translate } from "./errors.ts";

/*
 * One table for all stores of a hive: one thing to make, to grant and to watch, billed by request, and idle it
 * costs nothing. A table a kind would cost the same and bring nothing but more to make.
 *
 *     pk                      sk                               holds
 *     collection/Orders       the id                           v, the item as JSON
 *     list/Waiting/ByProduct  the hash of the key, "/", the id v, the item as JSON
 *     blob/Invoices           the key                          where the bytes are in S3, and the metadata
 *     lock                    the resource                     holder, fencing token, end
 *     counter/Stock           the id                           n, the value, and the latest idempotency keys
 *     counter/Stock.once      a hash of the id and of the key  how an increment was answered
 *     inbox/Orders-Payment    the id of an event               nothing: it was handled
 *     note/shop-Orders.fifo   the id of a message              what SQS cannot count, see note.ts
 *
 * Ids sort by code point, because DynamoDB sorts by UTF-8 bytes. `ttl`, in seconds, lets DynamoDB clean up where
 * its time to live is switched on; every reader checks `expires`, in ms, itself. Nothing needs transactions.
 */

const readyMs = 60_000;
const lookMs = 500;

/** Makes the table, and the bucket when one is named, unless they are there. */
export async function ensureStorage(
  { dynamodb, s3 }: AwsClients,
  { table, bucket }: AwsSettings,
  clock: Clock,
): Promise<void> {
  const made = bucket === undefined ? Promise.resolve() : ensureBucket(s3, bucket, clock);
  await Promise.all([ensureTable(dynamodb, table, clock), made]);
}

/** Several processes may do it at once. */
async function ensureTable(dynamodb: DynamoDBClient, table: string, clock: Clock): Promise<void> {
  if ((await stateOf(dynamodb, table)) === "ACTIVE") return;
  await createTable(dynamodb, table);
  const giveUpAt = clock.now() + readyMs;
  while ((await stateOf(dynamodb, table)) !== "ACTIVE") {
    if (clock.now() > giveUpAt)
      throw new BeeHiveError("Unavailable", `The table ${table} was not ready after ${readyMs} ms.`);
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

/** Lets DynamoDB remove what has expired. Nothing depends on it, so a refusal is nothing. */
async function cleanUp(dynamodb: DynamoDBClient, table: string): Promise<void> {
  const request = new UpdateTimeToLiveCommand({
    TableName: table,
    TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
  });
  await dynamodb.send(request).catch(() => {});
}

/** A bucket of ours gets rules of ours; one that was there keeps its own. */
async function ensureBucket(s3: AwsClients["s3"], bucket: string, clock: Clock): Promise<void> {
  const giveUpAt = clock.now() + readyMs;
  while (!(await bucketExists(s3, bucket))) {
    const made = await createBucket(s3, bucket, clock.now() < giveUpAt);
    if (made) return await new ClaimCheck(s3, bucket).ensureExpiry();
    await sleep(clock, lookMs);
  }
}

/** Answers whether it was made here: another process may be making it. @param again whether that may go on. */
async function createBucket(s3: AwsClients["s3"], bucket: string, again: boolean): Promise<boolean> {
  const region = await s3.config.region();
  // The first region of all is the one that may not be named.
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
