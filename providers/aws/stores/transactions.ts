import {
  TransactWriteItemsCommand,
  type CancellationReason,
  type DynamoDBClient,
  type TransactWriteItem,
} from "@aws-sdk/client-dynamodb";
import { sleep, type Clock } from "../../../src/base/clock.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import type { OutboxRows, RowCheck } from "../../../src/provider-kit/outbox.ts";
import type { RowChange, RowConflict } from "../../../src/provider-kit/rows.ts";
import { isNamed, translate } from "../errors.ts";
import { conditionOf, DynamoRows, itemKey, itemOf } from "./rows.ts";

/** Limit of DynamoDB: actions in a transaction. */
const maxInTransaction = 100;
const maxTries = 8;
const retryMs = 25;

/** Rows that change together by `TransactWriteItems`, which costs twice as much as single writes. */
export class DynamoTransactions extends DynamoRows implements OutboxRows {
  readonly maxInTransaction: number = maxInTransaction;
  readonly #dynamodb: DynamoDBClient;
  readonly #table: string;
  readonly #clock: Clock;

  constructor(dynamodb: DynamoDBClient, table: string, clock: Clock) {
    super(dynamodb, table, clock);
    this.#dynamodb = dynamodb;
    this.#table = table;
    this.#clock = clock;
  }

  async commit(changes: readonly RowChange[], checks: readonly RowCheck[]): Promise<RowConflict | undefined> {
    // The SDK adds a token, so that a repeated request whose answer was lost is done once.
    const request = new TransactWriteItemsCommand({
      TransactItems: [...changes.map((one) => this.#actionOf(one)), ...checks.map((one) => this.#checkOf(one))],
    });
    const uses = [...changes, ...checks];
    for (let tries = 1; ; tries++) {
      try {
        await this.#dynamodb.send(request);
        return undefined;
      } catch (error) {
        if (!isNamed(error, "TransactionCanceledException"))
          throw translate(error, { action: "dynamodb:TransactWriteItems", resource: this.#table });
        const { CancellationReasons: reasons = [] } = error as { readonly CancellationReasons?: CancellationReason[] };
        const failed = reasons.findIndex(({ Code }) => Code === "ConditionalCheckFailed");
        const use = uses[failed];
        if (use) return { key: use.key, found: reasons[failed]?.Item?.["etag"]?.S };
        if (tries === maxTries || !reasons.some(isPassing)) throw this.#cancelled(error, reasons);
        await sleep(this.#clock, Math.random() * retryMs * 2 ** tries);
      }
    }
  }

  #actionOf({ key, expect, content }: RowChange): TransactWriteItem {
    const at = { TableName: this.#table, ...(expect === "any" ? {} : { ...conditionOf(expect), ...returnsOld }) };
    return content === undefined
      ? { Delete: { ...at, Key: itemKey(key) } }
      : { Put: { ...at, Item: itemOf(key, content) } };
  }

  #checkOf({ key, expect }: RowCheck): TransactWriteItem {
    const condition = conditionOf(expect) as { readonly ConditionExpression: string };
    return { ConditionCheck: { TableName: this.#table, Key: itemKey(key), ...condition, ...returnsOld } };
  }

  #cancelled(cause: unknown, reasons: readonly CancellationReason[]): BeeHiveError {
    const codes = [...new Set(reasons.flatMap(({ Code }) => (Code === undefined || Code === "None" ? [] : [Code])))];
    return new BeeHiveError(
      reasons.some(isPassing) ? "Throttled" : "TooLarge",
      `dynamodb:TransactWriteItems on ${this.#table} was cancelled: ${codes.join(", ")}. Nothing was changed.`,
      { cause },
    );
  }
}

/** Lets the answer name the version that was found. */
const returnsOld = { ReturnValuesOnConditionCheckFailure: "ALL_OLD" } as const;

/** Returns whether a transaction may succeed if it is tried again. */
function isPassing({ Code }: CancellationReason): boolean {
  return Code === "TransactionConflict" || Code === "ThrottlingError" || Code === "ProvisionedThroughputExceeded";
}
