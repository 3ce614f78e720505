import { createHash } from "node:crypto";
import {
  GetItemCommand,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
  type UpdateItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import type { Clock } from "../../../src/base/clock.ts";
import {
  assertCount,
  belowMinimum,
  checkedFloor,
  counterKey,
  onceKeptMs,
  type CounterAnswer,
} from "../../../src/provider-kit/counter.ts";
import { checkedKey } from "../../../src/contract/keys.ts";
import type { RowChange, RowKey, Rows } from "../../../src/provider-kit/rows.ts";
import { nextEtag } from "../../../src/provider-kit/row-stores/etag.ts";
import type { CounterStore, IncrementOptions } from "../../../src/contract/stores.ts";
import { ask } from "../client.ts";
import { isNamed, translate } from "../errors.ts";
import { itemKey } from "./rows.ts";

/** So many idempotency keys are kept in the item of a counter before they are moved beside it. */
const maxKeys = 24;
/** The names of the idempotency keys in the item start so. */
const keyMark = "once.";

/** A counter as it was read. */
interface Counter {
  readonly value: number;
  /** Grows whenever idempotency keys are moved out of the item. */
  readonly epoch: number;
  readonly keys: ReadonlyMap<string, CounterAnswer>;
}

/**
 * Counters in DynamoDB: an item a counter, changed by one update under a condition.
 *
 * An increment with an idempotency key writes its answer into the same item, so value and answer change together
 * or not at all, without transactions. When there are many, they are copied to items of their own and then removed
 * here, and the epoch of the counter grows. Who repeats an increment reads the counter with its epoch, then the item
 * of its key, then updates on condition that neither the key nor another epoch is there: had the key been moved
 * before, its item would have been found; is it moved meanwhile, the epoch is another and all begins again.
 */
export class DynamoCounterStore implements CounterStore {
  readonly #dynamodb: DynamoDBClient;
  readonly #table: string;
  readonly #rows: Rows;
  readonly #clock: Clock;

  constructor(dynamodb: DynamoDBClient, table: string, rows: Rows, clock: Clock) {
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

  /** Adds, and sets each of `names` to the new value; `undefined` when a condition did not hold. */
  async #update(
    key: RowKey,
    delta: number,
    min: number,
    names: readonly string[],
    once?: { readonly mark: string; readonly epoch: number },
  ): Promise<number | undefined> {
    const least = Math.min(2 ** 53, Math.max(Math.ceil(min), Number.MIN_SAFE_INTEGER));
    // Bounds may be twice the largest safe integer.
    const low = BigInt(least) - BigInt(delta);
    const high = BigInt(Number.MAX_SAFE_INTEGER) - BigInt(delta);
    // BETWEEN refuses bounds that are crossed: then nothing can be added.
    if (low > high) return undefined;
    // A counter that is not there is 0, and there is nothing to compare.
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

  /** Notes a refusal, as long as the counter is as it was read; answers whether it was. */
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

  /** The answer under a key that was moved out of the item of its counter. */
  async #moved(key: RowKey, mark: string): Promise<CounterAnswer | undefined> {
    const row = await this.#rows.get(movedKey(key, mark));
    return row && (row.expires ?? Infinity) > this.#clock.now()
      ? (JSON.parse(row.value as string) as CounterAnswer)
      : undefined;
  }

  /** Copies the keys to items of their own, and only then removes them here. Several may do it at once. */
  async #move(key: RowKey, { keys, epoch }: Counter): Promise<void> {
    const modified = this.#clock.now();
    const copies = [...keys].map(([mark, answer]): RowChange => ({
      key: movedKey(key, mark),
      expect: "any",
      content: { value: JSON.stringify(answer), etag: nextEtag(), modified, expires: modified + onceKeptMs },
    }));
    await this.#rows.write(copies);
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

/** Neither the key nor another epoch: what makes an increment happen once. */
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

/** Short, because it is in the item of the counter: 128 bits. */
function hash(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
