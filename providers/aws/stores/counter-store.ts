import { createHash } from "node:crypto";
import {
  GetItemCommand,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
  type UpdateItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import type { Clock } from "../../../src/base/clock.ts";
import { checkedKey } from "../../../src/contract/keys.ts";
import type { CounterStore, IncrementOptions } from "../../../src/contract/stores.ts";
import {
  assertCount,
  belowMinimum,
  checkedFloor,
  counterKey,
  onceKeptMs,
  type CounterAnswer,
} from "../../../src/provider-kit/counter.ts";
import { nextEtag } from "../../../src/provider-kit/row-stores/etag.ts";
import { jsonIn } from "../../../src/provider-kit/row-stores/items.ts";
import type { Row, RowKey } from "../../../src/provider-kit/rows.ts";
import { ask } from "../client.ts";
import { isNamed, translate } from "../errors.ts";
import { itemKey, type DynamoRows } from "./rows.ts";

/** Maximum idempotency keys in the item of a counter. More are moved to items of their own. */
const maxKeys = 24;
/** Prefix of idempotency keys in the item. */
const keyMark = "once.";

/** A counter as read from its item. */
interface Counter {
  readonly value: number;
  /** Grows whenever idempotency keys are moved out of the item. */
  readonly epoch: number;
  readonly keys: ReadonlyMap<string, CounterAnswer>;
}

/**
 * Counters in DynamoDB: one item for each counter, changed by one conditional update.
 *
 * An increment with an idempotency key writes its result into the same item, so value and result change together
 * without transactions. When there are many keys, they are copied to items of their own and then removed, and the epoch
 * of the counter grows. A repeated increment reads the counter with its epoch, then the item of its key, then updates
 * on condition that the key is absent and the epoch unchanged. A key that was moved before is found in its item; a key
 * that is moved meanwhile changes the epoch, and the increment starts again.
 */
export class DynamoCounterStore implements CounterStore {
  readonly #dynamodb: DynamoDBClient;
  readonly #table: string;
  readonly #rows: DynamoRows;
  readonly #clock: Clock;

  constructor(dynamodb: DynamoDBClient, table: string, rows: DynamoRows, clock: Clock) {
    this.#dynamodb = dynamodb;
    this.#table = table;
    this.#rows = rows;
    this.#clock = clock;
  }

  async get(name: string, id: string): Promise<number> {
    return (await this.#read(counterKey(name, id))).value;
  }

  async increment(name: string, id: string, delta: number, options: IncrementOptions = {}): Promise<number> {
    const key = counterKey(name, id);
    assertCount(delta);
    const { once } = options;
    const min = checkedFloor(key, options);
    if (once !== undefined) return await this.#incrementOnce(key, delta, min, checkedKey("an idempotency key", once));
    const value = await this.#update(key, delta, min, ["n"]);
    if (value !== undefined) return value;
    const { value: was } = await this.#read(key);
    assertCount(was + delta);
    throw belowMinimum(key, was, delta, min);
  }

  async #incrementOnce(key: RowKey, delta: number, min: number, once: string): Promise<number> {
    const mark = `${keyMark}${hash(once)}`;
    for (;;) {
      const counter = await this.#read(key);
      const answer = counter.keys.get(mark) ?? (await this.#moved(key, mark));
      if (answer) {
        if (answer.refused) throw belowMinimum(key, answer.value, delta, min);
        return answer.value;
      }
      if (counter.keys.size >= maxKeys) {
        await this.#move(key, counter);
        continue;
      }
      assertCount(counter.value + delta);
      if (counter.value + delta < min) {
        if (await this.#refuse(key, mark, counter)) throw belowMinimum(key, counter.value, delta, min);
        continue;
      }
      const value = await this.#update(key, delta, min, ["n", mark], { mark, epoch: counter.epoch });
      if (value !== undefined) return value;
    }
  }

  async #read(key: RowKey): Promise<Counter> {
    const request = new GetItemCommand({ TableName: this.#table, Key: itemKey(key), ConsistentRead: true });
    const { Item = {} } = await ask("dynamodb:GetItem", this.#table, this.#dynamodb.send(request));
    const marks = Object.entries(Item).filter(([name]) => name.startsWith(keyMark));
    return {
      value: Number(Item["n"]?.N ?? 0),
      epoch: Number(Item["epoch"]?.N ?? 0),
      keys: new Map(marks.map(([name, { N, S }]) => [name, { value: Number(N ?? S), refused: S !== undefined }])),
    };
  }

  /** Adds, and sets each of `names` to the new value. Returns undefined when a condition failed. */
  async #update(
    key: RowKey,
    delta: number,
    min: number,
    names: readonly string[],
    once?: { readonly mark: string; readonly epoch: number },
  ): Promise<number | undefined> {
    const least = Math.min(2 ** 53, Math.max(Math.ceil(min), Number.MIN_SAFE_INTEGER));
    // BigInt, because bounds may reach twice the largest safe integer.
    const low = BigInt(least) - BigInt(delta);
    const high = BigInt(Number.MAX_SAFE_INTEGER) - BigInt(delta);
    // BETWEEN refuses crossed bounds; then nothing can be added.
    if (low > high) return undefined;
    // A missing counter is 0.
    const inBounds = `(#0 BETWEEN :low AND :high${low <= 0n && high >= 0n ? " OR attribute_not_exists(#0)" : ""})`;
    const guard = once && guardOf(once);
    const item = await this.#attempt({
      Key: itemKey(key),
      UpdateExpression: `SET ${names.map((_, index) => `#${index} = if_not_exists(#0, :zero) + :delta`).join(", ")}`,
      ConditionExpression: [inBounds, ...(guard?.conditions ?? [])].join(" AND "),
      ExpressionAttributeNames: {
        ...Object.fromEntries(names.map((name, index) => [`#${index}`, name])),
        ...guard?.names,
      },
      ExpressionAttributeValues: {
        ":zero": { N: "0" },
        ":delta": { N: String(delta) },
        ":low": { N: String(low) },
        ":high": { N: String(high) },
        ...guard?.values,
      },
      ReturnValues: "UPDATED_NEW",
    });
    return item && Number(item["n"]?.N);
  }

  /** Records a refusal; returns false when the counter has changed since it was read. */
  async #refuse(key: RowKey, mark: string, { value, epoch }: Counter): Promise<boolean> {
    const guard = guardOf({ mark, epoch });
    const item = await this.#attempt({
      Key: itemKey(key),
      UpdateExpression: "SET #mark = :refused",
      ConditionExpression: [
        `(#n = :was${value === 0 ? " OR attribute_not_exists(#n)" : ""})`,
        ...guard.conditions,
      ].join(" AND "),
      ExpressionAttributeNames: { "#n": "n", ...guard.names },
      ExpressionAttributeValues: { ":refused": { S: String(value) }, ":was": { N: String(value) }, ...guard.values },
    });
    return item !== undefined;
  }

  async #attempt(
    update: Omit<UpdateItemCommandInput, "TableName">,
  ): Promise<Record<string, AttributeValue> | undefined> {
    try {
      const { Attributes = {} } = await this.#dynamodb.send(
        new UpdateItemCommand({ TableName: this.#table, ...update }),
      );
      return Attributes;
    } catch (error) {
      if (isNamed(error, "ConditionalCheckFailedException")) return undefined;
      throw translate(error, { action: "dynamodb:UpdateItem", resource: this.#table });
    }
  }

  /** Returns the result under a key that was moved out of the counter's item. */
  async #moved(key: RowKey, mark: string): Promise<CounterAnswer | undefined> {
    const row = await this.#rows.get(movedKey(key, mark));
    return row && (row.expires ?? Infinity) > this.#clock.now() ? jsonIn<CounterAnswer>(row) : undefined;
  }

  /** Copies the keys to items of their own, then removes them here. Safe in several processes at once. */
  async #move(key: RowKey, { keys, epoch }: Counter): Promise<void> {
    const modified = this.#clock.now();
    const copies = [...keys].map(([mark, answer]): Row => ({
      ...movedKey(key, mark),
      value: JSON.stringify(answer),
      etag: nextEtag(),
      modified,
      expires: modified + onceKeptMs,
    }));
    await this.#rows.put(copies);
    const names = [...keys.keys()].map((mark, index) => [`#${index}`, mark]);
    await this.#attempt({
      Key: itemKey(key),
      UpdateExpression: `REMOVE ${names.map(([name]) => name).join(", ")} SET #epoch = :next`,
      ConditionExpression: epoch === 0 ? "attribute_not_exists(#epoch)" : "#epoch = :epoch",
      ExpressionAttributeNames: { ...(Object.fromEntries(names) as Record<string, string>), "#epoch": "epoch" },
      ExpressionAttributeValues: {
        ":next": { N: String(epoch + 1) },
        ...(epoch > 0 && { ":epoch": { N: String(epoch) } }),
      },
    });
  }
}

/** Returns the condition that makes an increment happen once: key absent, epoch unchanged. */
function guardOf({ mark, epoch }: { readonly mark: string; readonly epoch: number }): {
  readonly conditions: readonly string[];
  readonly names: Record<string, string>;
  readonly values: Record<string, AttributeValue>;
} {
  return {
    conditions: ["attribute_not_exists(#mark)", epoch === 0 ? "attribute_not_exists(#epoch)" : "#epoch = :epoch"],
    names: { "#mark": mark, "#epoch": "epoch" },
    values: epoch === 0 ? {} : { ":epoch": { N: String(epoch) } },
  };
}

function movedKey({ table, id }: RowKey, mark: string): RowKey {
  return { table: `${table}.once`, partition: "", id: `${hash(id)}/${mark.slice(keyMark.length)}` };
}

/** Returns 128 bits: short, because it is stored in the item of the counter. */
function hash(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
