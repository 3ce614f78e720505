import type { MessageAttributeValue } from "@aws-sdk/client-sqs";
import type { Attributes } from "./attributes.ts";
import type { Clock } from "../../../src/base/clock.ts";
import type { Rows } from "../../../src/provider-kit/rows.ts";
import { nextEtag } from "../../../src/provider-kit/row-stores/etag.ts";

/*
 * SQS counts every receive as a delivery and delays by 15 minutes at the most. Where that is not what is meant, a
 * note says more: on a standard queue the message is sent again with the note as its one attribute, and the
 * original deleted. A message of a FIFO queue must keep its place, so its note is a row in the table, read only for
 * messages that were received before.
 */

export interface RedeliveryState {
  /** The id of the event: that of a message of others would change with each copy. */
  readonly id?: string | undefined;
  /** Attempts to add to what SQS counts: those of the messages before this copy; below 0 for receives that are none. */
  readonly attempts?: number | undefined;
  /** When it was first delivered, in ms since the epoch. */
  readonly firstSeen?: number | undefined;
  /** Not to be delivered before, in ms since the epoch. */
  readonly notBefore?: number | undefined;
  /** How often in a row it could not be read. */
  readonly unread?: number | undefined;
}

const attribute = "beehive";
/** SQS takes ten attributes a message. */
const maxAttributes = 10;
/** The field of a note for an attribute of others that found no room beside it. */
const othersKey = "others";

/** What a note says; whatever is no note of ours says nothing, for anybody may give a message that attribute. */
export function redeliveryStateIn(
  attributes: Readonly<Record<string, Pick<MessageAttributeValue, "StringValue">>>,
): RedeliveryState {
  const { id, attempts, firstSeen, notBefore, unread } = fieldsOf(attributes);
  return {
    ...(typeof id === "string" && id !== "" && { id }),
    ...(Number.isSafeInteger(attempts) && { attempts: attempts as number }),
    ...(isTime(firstSeen) && { firstSeen }),
    ...(isTime(notBefore) && { notBefore }),
    ...(Number.isSafeInteger(unread) && { unread: unread as number }),
  };
}

/** The attributes that others gave a message, wherever they travel. */
export function attributesOfOthers(attributes: Attributes): Attributes {
  if (!(attribute in attributes)) return attributes;
  const { [attribute]: _, ...others } = attributes;
  return { ...others, ...unpacked(fieldsOf(attributes)[othersKey]) };
}

/** The attributes of a copy: the note, and those of others; one that finds no room travels in the note. */
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

/** Name, type, and the text or the bytes as base64. */
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

/** Whether it is a time that a Date can hold: with another the message could not even be given up. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= 8.64e15;
}

function isPacked(value: unknown): value is Packed {
  if (!Array.isArray(value)) return false;
  const [name, type, text, base64] = value as readonly unknown[];
  return [name, type, text ?? "", base64].every((one) => typeof one === "string");
}

/** The longest that a message, and so its note, is kept. */
const keptMs = 14 * 24 * 60 * 60 * 1000;

/** Notes on messages of FIFO queues. */
export class FifoRedeliveryStates {
  readonly #rows: Rows;
  readonly #clock: Clock;

  constructor(rows: Rows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
  }

  async read(queue: string, messageId: string): Promise<RedeliveryState> {
    const row = await this.#rows.get({ table: `note/${queue}`, partition: "", id: messageId });
    return row === undefined ? {} : (JSON.parse(row.value as string) as RedeliveryState);
  }

  /** Only who leases the message writes its note. */
  async write(queue: string, messageId: string, state: RedeliveryState): Promise<void> {
    const modified = this.#clock.now();
    const content = { value: JSON.stringify(state), etag: nextEtag(), modified, expires: modified + keptMs };
    await this.#rows.write([{ key: { table: `note/${queue}`, partition: "", id: messageId }, expect: "any", content }]);
  }
}
