import type { MessageAttributeValue } from "@aws-sdk/client-sqs";
import type { Clock } from "../../../src/base/clock.ts";
import { nextEtag } from "../../../src/provider-kit/row-stores/etag.ts";
import { jsonIn } from "../../../src/provider-kit/row-stores/items.ts";
import type { Rows } from "../../../src/provider-kit/rows.ts";
import type { Attributes } from "./attributes.ts";

/*
 * Facts about the next delivery of a message that SQS cannot express.
 *
 * SQS counts every receive as a delivery and delays by at most 15 minutes. Where more is needed, a standard queue gets
 * a copy of the message with this state as an attribute, and the original is deleted. A message of a FIFO queue must
 * keep its place, so its state is a row in the table, read only for messages that were received before.
 */

export interface RedeliveryState {
  /** The id of the event. A foreign message would get a new id with each copy. */
  readonly id?: string | undefined;
  /** Attempts to add to the count of SQS, from earlier copies. Negative for receives that do not count. */
  readonly attempts?: number | undefined;
  /** Time of the first delivery, in ms since the epoch. */
  readonly firstSeen?: number | undefined;
  /** Earliest time of the next delivery, in ms since the epoch. */
  readonly notBefore?: number | undefined;
  /** How often in a row the message could not be read. */
  readonly unread?: number | undefined;
  /** The place in the log of a copy that the log sent, as text. Every copy of the message keeps it. */
  readonly origin?: string | undefined;
}

const attribute = "beehive";
/** Limit of SQS: attributes of a message. */
const maxAttributes = 10;
/** Key of the sender's attributes that have no room beside the state. */
const othersKey = "others";

/** Returns the state of a message. Ignores invalid values: any sender may set that attribute. */
export function redeliveryStateIn(
  attributes: Readonly<Record<string, Pick<MessageAttributeValue, "StringValue">>>,
): RedeliveryState {
  const { id, attempts, firstSeen, notBefore, unread, origin } = fieldsOf(attributes);
  return {
    ...(typeof id === "string" && id !== "" && { id }),
    ...(Number.isSafeInteger(attempts) && { attempts: attempts as number }),
    ...(isTime(firstSeen) && { firstSeen }),
    ...(isTime(notBefore) && { notBefore }),
    ...(Number.isSafeInteger(unread) && { unread: unread as number }),
    ...(typeof origin === "string" && { origin }),
  };
}

/** Returns the sender's attributes, also those that travel inside the state. */
export function attributesOfOthers(attributes: Attributes): Attributes {
  if (!(attribute in attributes)) return attributes;
  const { [attribute]: _, ...others } = attributes;
  return { ...others, ...unpacked(fieldsOf(attributes)[othersKey]) };
}

/** Returns the attributes of a copy: its state, and the sender's. An attribute without room travels in the state. */
export function attributesWith(state: RedeliveryState, others: Attributes): Record<string, MessageAttributeValue> {
  const all = Object.entries(others);
  const inState = all.slice(maxAttributes - 1);
  const text = JSON.stringify({ ...state, ...(inState.length > 0 && { [othersKey]: packed(inState) }) });
  return {
    ...Object.fromEntries(all.slice(0, maxAttributes - 1)),
    [attribute]: { DataType: "String", StringValue: text },
  };
}

function fieldsOf(
  attributes: Readonly<Record<string, Pick<MessageAttributeValue, "StringValue">>>,
): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(attributes[attribute]?.StringValue ?? "null") ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

/** An attribute as JSON: name, type, and text or base64. */
type Packed = readonly [name: string, type: string, text: string | null, base64: string];

function packed(attributes: readonly (readonly [string, MessageAttributeValue])[]): readonly Packed[] {
  return attributes.map(([name, { DataType = "", StringValue = null, BinaryValue = [] }]) => [
    name,
    DataType,
    StringValue,
    Buffer.from(BinaryValue).toString("base64"),
  ]);
}

function unpacked(value: unknown): Attributes {
  const all = (Array.isArray(value) ? value : []).filter(isPacked);
  return Object.fromEntries(
    all.map(([name, DataType, text, base64]) => [
      name,
      { DataType, ...(text === null ? { BinaryValue: Buffer.from(base64, "base64") } : { StringValue: text }) },
    ]),
  );
}

/** Returns whether `value` is a time that a Date can hold. With another, not even dead-lettering would work. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= 8.64e15;
}

function isPacked(value: unknown): value is Packed {
  if (!Array.isArray(value)) return false;
  const [name, type, text, base64] = value as readonly unknown[];
  return [name, type, text ?? "", base64].every((one) => typeof one === "string");
}

/** Maximum retention of a message, and so of its state. */
const keptMs = 14 * 24 * 60 * 60 * 1000;

/** Redelivery states of messages in FIFO queues, as rows in the table. */
export class FifoRedeliveryStates {
  readonly #rows: Rows;
  readonly #clock: Clock;

  constructor(rows: Rows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
  }

  async read(queue: string, messageId: string): Promise<RedeliveryState> {
    const row = await this.#rows.get({ table: `note/${queue}`, partition: "", id: messageId });
    return row === undefined ? {} : jsonIn<RedeliveryState>(row);
  }

  /** Writes a state. Only the holder of the lease calls it. */
  async write(queue: string, messageId: string, state: RedeliveryState): Promise<void> {
    const modified = this.#clock.now();
    const content = { value: JSON.stringify(state), etag: nextEtag(), modified, expires: modified + keptMs };
    await this.#rows.write({ key: { table: `note/${queue}`, partition: "", id: messageId }, expect: "any", content });
  }
}
