import { createHash } from "node:crypto";
import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type AttributeValue,
  type DynamoDBClient,
  type QueryCommandInput,
  type WriteRequest,
} from "@aws-sdk/client-dynamodb";
import { sleep, type Clock } from "../../../src/base/clock.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import {
  sizeOf,
  type Row,
  type RowChange,
  type RowConflict,
  type RowContent,
  type RowExpectation,
  type RowHead,
  type RowKey,
  type RowRange,
  type Rows,
} from "../../../src/provider-kit/rows.ts";
import { ask } from "../client.ts";
import { isNamed, translate } from "../errors.ts";

type Item = Record<string, AttributeValue>;

/** Limit of DynamoDB: bytes of an item, with names and keys. */
const maxItem = 400 * 1024;
const roomForNames = 256;
/** Limit of DynamoDB: writes in a batch. */
const batchSize = 25;
const batchRetryMs = 50;
const maxBatchRetries = 8;

/**
 * Rows in a DynamoDB table; storage.ts lists its keys.
 *
 * Every read is strongly consistent. Several rows are written in batches, which are not atomic; see
 * `transactions.ts` for those that are.
 */
export class DynamoRows implements Rows {
  readonly #dynamodb: DynamoDBClient;
  readonly #table: string;
  readonly #clock: Clock;

  constructor(dynamodb: DynamoDBClient, table: string, clock: Clock) {
    this.#dynamodb = dynamodb;
    this.#table = table;
    this.#clock = clock;
  }

  async get(key: RowKey): Promise<Row | undefined> {
    const item = await this.#getItem(key);
    return item && rowOf(key, item);
  }

  async head(key: RowKey): Promise<RowHead | undefined> {
    const item = await this.#getItem(key, headNames);
    return item && headOfItem(key, item);
  }

  async #getItem(
    key: RowKey,
    names?: Pick<QueryCommandInput, "ProjectionExpression" | "ExpressionAttributeNames">,
  ): Promise<Item | undefined> {
    const request = new GetItemCommand({ TableName: this.#table, Key: itemKey(key), ConsistentRead: true, ...names });
    return (await ask("dynamodb:GetItem", this.#table, this.#dynamodb.send(request))).Item;
  }

  async page(range: RowRange): Promise<readonly Row[]> {
    return (await this.#query(range)).map((item) => rowOf(keyOf(range.table, item), item));
  }

  async pageHeads(range: RowRange): Promise<readonly RowHead[]> {
    return (await this.#query(range, headNames)).map((item) => headOfItem(keyOf(range.table, item), item));
  }

  /** Repeats the query until `limit` items are found or no more exist. One response holds up to 1 MB. */
  async #query(
    range: RowRange,
    names: Pick<QueryCommandInput, "ProjectionExpression" | "ExpressionAttributeNames"> = {},
  ): Promise<Item[]> {
    const bounds = boundsOf(range);
    if (bounds === undefined) return [];
    const items: Item[] = [];
    let start: Item | undefined = range.after && itemKey({ table: range.table, ...range.after });
    do {
      const request = new QueryCommand({
        TableName: this.#table,
        ConsistentRead: true,
        Limit: range.limit - items.length,
        ...names,
        ...bounds,
        ExpressionAttributeNames: { ...names.ExpressionAttributeNames, ...bounds.ExpressionAttributeNames },
        ...(start && { ExclusiveStartKey: start }),
      });
      const { Items = [], LastEvaluatedKey } = await ask("dynamodb:Query", this.#table, this.#dynamodb.send(request));
      // BETWEEN includes its upper bound; a range does not.
      items.push(...Items.filter(({ sk }) => sk?.S !== bounds.ExpressionAttributeValues?.[":high"]?.S));
      start = LastEvaluatedKey;
    } while (start && items.length < range.limit);
    return items;
  }

  async write({ key, expect, content }: RowChange): Promise<RowConflict | undefined> {
    const condition = conditionOf(expect);
    try {
      if (content === undefined) {
        const request = new DeleteItemCommand({ TableName: this.#table, Key: itemKey(key), ...condition });
        await this.#dynamodb.send(request);
      } else {
        const request = new PutItemCommand({ TableName: this.#table, Item: itemOf(key, content), ...condition });
        await this.#dynamodb.send(request);
      }
      return undefined;
    } catch (error) {
      if (isNamed(error, "ConditionalCheckFailedException")) return await this.#conflict(key, content);
      const action = content === undefined ? "dynamodb:DeleteItem" : "dynamodb:PutItem";
      throw translate(error, { action, resource: this.#table });
    }
  }

  /**
   * Returns the conflict, or undefined when our own write caused it. Its response was lost, and the SDK repeated it.
   */
  async #conflict(key: RowKey, content: RowContent | undefined): Promise<RowConflict | undefined> {
    const found = (await this.head(key))?.etag;
    return content !== undefined && content.etag === found ? undefined : { key, found };
  }

  /** Writes rows whatever their versions. Not atomic. */
  async put(rows: readonly Row[]): Promise<void> {
    await this.#writeAll(rows.map((row) => ({ PutRequest: { Item: itemOf(row, row) } })));
  }

  async delete(keys: readonly RowKey[]): Promise<void> {
    await this.#writeAll(keys.map((key) => ({ DeleteRequest: { Key: itemKey(key) } })));
  }

  async #writeAll(requests: readonly WriteRequest[]): Promise<void> {
    for (let n = 0; n < requests.length; n += batchSize) await this.#writeBatch(requests.slice(n, n + batchSize));
  }

  async #writeBatch(batch: readonly WriteRequest[]): Promise<void> {
    let requests = [...batch];
    for (let retries = 0; requests.length > 0; retries++) {
      if (retries > maxBatchRetries)
        throw new BeeHiveError(
          "Throttled",
          `dynamodb:BatchWriteItem on ${this.#table} left ${requests.length} items unwritten after ` +
            `${maxBatchRetries} retries. Try again later.`,
        );
      if (retries > 0) await sleep(this.#clock, batchRetryMs * 2 ** retries);
      const request = new BatchWriteItemCommand({ RequestItems: { [this.#table]: requests } });
      const response = await ask("dynamodb:BatchWriteItem", this.#table, this.#dynamodb.send(request));
      requests = response.UnprocessedItems?.[this.#table] ?? [];
    }
  }
}

/** All fields but the value. Some names are reserved words, so each has a placeholder. */
const headNames = {
  ProjectionExpression: "#pk, #sk, #part, #id, #etag, #modified, #metadata, #expires, #size",
  ExpressionAttributeNames: {
    "#pk": "pk",
    "#sk": "sk",
    "#part": "part",
    "#id": "id",
    "#etag": "etag",
    "#modified": "modified",
    "#metadata": "metadata",
    "#expires": "expires",
    "#size": "size",
  },
};

/** Returns the primary key of a row. */
export function itemKey({ table, partition, id }: RowKey): { pk: AttributeValue; sk: AttributeValue } {
  return { pk: { S: table }, sk: { S: `${sortPrefix(partition)}${id}` } };
}

/**
 * Returns the prefix of the keys of a partition.
 *
 * A sort key has at most 1,024 bytes, and a list's key and an item's id may each have 765. So the partition is hashed,
 * which also spreads the lists of one name.
 */
function sortPrefix(partition: string): string {
  return partition === "" ? "" : `${createHash("sha256").update(partition).digest("base64url")}/`;
}

/** Returns the first key after all keys with a prefix: `0` follows `/`. */
function after(prefix: string): string {
  return `${prefix.slice(0, -1)}0`;
}

/** Returns the key condition of a range, undefined for an empty range. */
function boundsOf({
  table,
  partition = "",
  from,
  to,
}: RowRange):
  | Pick<QueryCommandInput, "KeyConditionExpression" | "ExpressionAttributeNames" | "ExpressionAttributeValues">
  | undefined {
  const prefix = sortPrefix(partition);
  const low = prefix === "" && from === undefined ? undefined : `${prefix}${from ?? ""}`;
  const high = to !== undefined ? `${prefix}${to}` : prefix === "" ? undefined : after(prefix);
  // BETWEEN refuses crossed bounds.
  if (low !== undefined && high !== undefined && Buffer.compare(Buffer.from(low), Buffer.from(high)) >= 0)
    return undefined;
  const conditions = ["#pk = :pk"];
  if (low !== undefined && high !== undefined) conditions.push("#sk BETWEEN :low AND :high");
  else if (low !== undefined) conditions.push("#sk >= :low");
  else if (high !== undefined) conditions.push("#sk < :high");
  return {
    KeyConditionExpression: conditions.join(" AND "),
    ExpressionAttributeNames: { "#pk": "pk", ...(conditions.length > 1 && { "#sk": "sk" }) },
    ExpressionAttributeValues: {
      ":pk": { S: table },
      ...(low !== undefined && { ":low": { S: low } }),
      ...(high !== undefined && { ":high": { S: high } }),
    },
  };
}

/** Returns the condition of a write. */
export function conditionOf(expect: RowExpectation): object {
  if (expect === "any") return {};
  if (expect === "absent") return { ConditionExpression: "attribute_not_exists(pk)" };
  if (expect === "present") return { ConditionExpression: "attribute_exists(pk)" };
  return { ConditionExpression: "etag = :etag", ExpressionAttributeValues: { ":etag": { S: expect.etag } } };
}

/** Returns the item of a row. @throws BeeHiveError `TooLarge`. */
export function itemOf(key: RowKey, content: RowContent): Item {
  const { value, etag, modified, metadata, expires } = content;
  const size = sizeOf(value);
  const bytes =
    size + sizeOf(metadata ?? "") + 2 * sizeOf(key.id) + sizeOf(key.partition) + sizeOf(key.table) + roomForNames;
  if (bytes > maxItem) {
    throw new BeeHiveError(
      "TooLarge",
      `"${key.id}" in ${key.table} has ${bytes} bytes; DynamoDB takes items of ${maxItem} bytes. Keep ` +
        "large data in the key-value store and its key in the item.",
    );
  }
  return {
    ...itemKey(key),
    v: typeof value === "string" ? { S: value } : { B: value },
    etag: { S: etag },
    modified: { N: String(modified) },
    size: { N: String(size) },
    ...(key.partition !== "" && { part: { S: key.partition }, id: { S: key.id } }),
    ...(metadata !== undefined && { metadata: { S: metadata } }),
    ...(expires !== undefined && expiry(expires)),
  };
}

/** Returns the expiry of an item: in ms for readers, in seconds for DynamoDB. */
export function expiry(expires: number): Item {
  return { expires: { N: String(expires) }, ttl: { N: String(Math.ceil(expires / 1_000)) } };
}

function keyOf(table: string, { sk, part, id }: Item): RowKey {
  return part?.S === undefined
    ? { table, partition: "", id: sk?.S ?? "" }
    : { table, partition: part.S, id: id?.S ?? "" };
}

function rowOf(key: RowKey, item: Item): Row {
  const { size: _, ...head } = headOfItem(key, item);
  return { ...head, value: item["v"]?.S ?? item["v"]?.B ?? "" };
}

function headOfItem(key: RowKey, { etag, modified, metadata, expires, size }: Item): RowHead {
  return {
    ...key,
    etag: etag?.S ?? "",
    modified: Number(modified?.N),
    metadata: metadata?.S,
    expires: expires?.N === undefined ? undefined : Number(expires.N),
    size: Number(size?.N),
  };
}
