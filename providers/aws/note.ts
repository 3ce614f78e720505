import type { MessageAttributeValue } from "@aws-sdk/client-sqs";
import type { Clock } from "../../src/clock.ts";
import type { Rows } from "../../src/rows.ts";
import { nextEtag } from "../../src/row-stores/etag.ts";

/*
 * SQS counts every receive as a delivery and delays by 15 minutes at the most. Where that is not what is meant, a
 * note says more: on a standard queue the message is sent again with the note as its one attribute, and the
 * original deleted. A message of a FIFO queue must keep its place, so its note is a row in the table, read only for
 * messages that were received before.
 */

export interface Note {
  /** The id of the event: that of a message of others would change with each copy. */
  readonly id?: string | undefined;
  /** Attempts to add to what SQS counts: those of the messages before this copy; below 0 for receives that are none. */
  readonly attempts?: number | undefined;
  /** When it was first delivered, in ms since the epoch. */
  readonly firstSeen?: number | undefined;
  /** Not to be delivered before, in ms since the epoch. */
  readonly notBefore?: number | undefined;
}

const attribute = "beehive";
/** SQS takes ten attributes a message. */
const mostAttributes = 10;

/** What a note says; whatever is no note of ours says nothing, for anybody may give a message that attribute. */
export function noteIn(attributes: Readonly<Record<string, Pick<MessageAttributeValue, "StringValue">>>): Note {
  const text = attributes[attribute]?.StringValue;
  if (text === undefined) return {};
  try {
    const { id, attempts, firstSeen, notBefore } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return {
      ...(typeof id === "string" && id !== "" && { id }),
      ...(Number.isSafeInteger(attempts) && { attempts: attempts as number }),
      ...(isTime(firstSeen) && { firstSeen }),
      ...(isTime(notBefore) && { notBefore }),
    };
  } catch {
    return {};
  }
}

/** Whether it is a time that a Date can hold: with another the message could not even be given up. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= 8.64e15;
}

/** The attributes of a copy: the note, and those of others as far as there is room. */
export function attributesWith(
  note: Note,
  attributes: Readonly<Record<string, MessageAttributeValue>>,
): Record<string, MessageAttributeValue> {
  const others = Object.entries(attributes).filter(([name]) => name !== attribute);
  return {
    ...Object.fromEntries(others.slice(0, mostAttributes - 1)),
    [attribute]: { DataType: "String", StringValue: JSON.stringify(note) },
  };
}

/** The longest that a message, and so its note, is kept. */
const keptMs = 14 * 24 * 60 * 60 * 1000;

/** Notes on messages of FIFO queues. */
export class FifoNotes {
  readonly #rows: Rows;
  readonly #clock: Clock;

  constructor(rows: Rows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
  }

  async read(queue: string, messageId: string): Promise<Note> {
    const row = await this.#rows.get({ table: `note/${queue}`, partition: "", id: messageId });
    return row === undefined ? {} : (JSON.parse(row.value as string) as Note);
  }

  /** Only who leases the message writes its note. */
  async write(queue: string, messageId: string, note: Note): Promise<void> {
    const modified = this.#clock.now();
    const content = { value: JSON.stringify(note), etag: nextEtag(), modified, expires: modified + keptMs };
    await this.#rows.write([{ key: { table: `note/${queue}`, partition: "", id: messageId }, expect: "any", content }]);
  }
}
