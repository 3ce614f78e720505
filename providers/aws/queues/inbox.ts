import { createHash } from "node:crypto";
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import { sleep, type Clock } from "../../../src/base/clock.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { maxKey } from "../../../src/contract/keys.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { ask } from "../client.ts";
import type { AwsSettings } from "../config.ts";
import { expiry, itemKey } from "../stores/rows.ts";
import { Batcher } from "./batcher.ts";
import type { Load } from "./load.ts";

/** Limits of DynamoDB: 25 writes or 100 reads in a batch, 16 MB in all. */
const maxEntries = 25;
const maxKeys = 100;
const maxTries = 5;
/** Pause before unprocessed keys are read again, in ms; doubled each time. */
const retryMs = 25;

interface Handled {
  readonly queue: string;
  readonly eventId: string;
}

/**
 * The events that each subscription has committed, for `idempotent: true`.
 *
 * An event is recorded after its outputs are published and before its message is deleted. A crash before the record
 * repeats the step; its outputs have the same ids, so the next inbox drops them. Two copies that are handled at the
 * same moment are both handled: the idempotency keys of counters and the etags of items cover that case.
 */
export class Inbox {
  readonly #dynamodb: DynamoDBClient;
  readonly #table: string;
  readonly #clock: Clock;
  readonly #keptMs: number;
  readonly #records: Batcher<Handled>;

  constructor(dynamodb: DynamoDBClient, { table, inboxAge }: AwsSettings, clock: Clock, load: Load) {
    this.#dynamodb = dynamodb;
    this.#table = table;
    this.#clock = clock;
    this.#keptMs = inboxAge;
    this.#records = new Batcher<Handled>({
      send: (handled) => this.#write(handled),
      operation: { action: "dynamodb:BatchWriteItem", resource: table },
      clock,
      load,
      maxEntries,
      maxBytes: Infinity,
    });
  }

  /** Returns which of these events the queue has handled. Lambda may hand over thousands. */
  async handled(queue: QueueName, eventIds: readonly string[]): Promise<ReadonlySet<string>> {
    const keys = [...new Set(eventIds)].map((eventId) => keyOf({ queue: String(queue), eventId }));
    const found = new Set<string>();
    for (let n = 0; n < keys.length; n += maxKeys) await this.#read(keys.slice(n, n + maxKeys), found);
    return new Set(eventIds.filter((eventId) => found.has(recordId(eventId))));
  }

  /** Adds the row ids that exist to `found`, for up to {@link maxKeys} keys. */
  async #read(wanted: Record<string, AttributeValue>[], found: Set<string>): Promise<void> {
    const now = this.#clock.now();
    let keys = wanted;
    for (let tries = 1; keys.length > 0; tries++) {
      if (tries > maxTries)
        throw new BeeHiveError(
          "Throttled",
          `dynamodb:BatchGetItem on ${this.#table} left ${keys.length} items unread after ${maxTries} tries. ` +
            "Events are retried.",
        );
      const request = new BatchGetItemCommand({
        RequestItems: { [this.#table]: { Keys: keys, ConsistentRead: true } },
      });
      const response = await ask("dynamodb:BatchGetItem", this.#table, this.#dynamodb.send(request));
      for (const { sk, expires } of response.Responses?.[this.#table] ?? [])
        if (Number(expires?.N ?? Infinity) > now) found.add(sk?.S ?? "");
      keys = response.UnprocessedKeys?.[this.#table]?.Keys ?? [];
      if (keys.length > 0) await sleep(this.#clock, retryMs * 2 ** tries);
    }
  }

  /** Records an event as handled. */
  record(queue: QueueName, eventId: string): Promise<void> {
    return this.#records.add({ queue: String(queue), eventId }, 0);
  }

  async #write(handled: readonly Handled[]): ReturnType<ConstructorParameters<typeof Batcher<Handled>>[0]["send"]> {
    const expires = expiry(this.#clock.now() + this.#keptMs);
    // DynamoDB refuses two writes of one key in a batch.
    const items = new Map(handled.map((one) => [`${one.queue} ${one.eventId}`, { ...keyOf(one), ...expires }]));
    const requests = [...items.values()].map((Item) => ({ PutRequest: { Item } }));
    const { UnprocessedItems = {} } = await this.#dynamodb.send(
      new BatchWriteItemCommand({ RequestItems: { [this.#table]: requests } }),
    );
    const left = new Set((UnprocessedItems[this.#table] ?? []).map(({ PutRequest }) => nameOf(PutRequest?.Item)));
    return handled.flatMap((one, index) =>
      left.has(nameOf(keyOf(one)))
        ? [{ index, code: "ProvisionedThroughputExceededException", message: "left unprocessed", senderFault: false }]
        : [],
    );
  }
}

function keyOf({ queue, eventId }: Handled): { pk: AttributeValue; sk: AttributeValue } {
  return itemKey({ table: `inbox/${queue}`, partition: "", id: recordId(eventId) });
}

/** Returns the row id of an event. Foreign ids may be longer than a key, and one would fail the whole batch. */
function recordId(eventId: string): string {
  return eventId.length <= maxKey ? eventId : createHash("sha256").update(eventId).digest("hex");
}

function nameOf(item: Record<string, AttributeValue> | undefined): string {
  return `${item?.["pk"]?.S} ${item?.["sk"]?.S}`;
}
