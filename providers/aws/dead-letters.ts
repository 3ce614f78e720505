import { noDeadLetter } from "../../src/queue-errors.ts";
import { ReceiveMessageCommand, type Message, type SQSClient } from "@aws-sdk/client-sqs";
import type { Clock } from "../../src/clock.ts";
import type { DeadLetter } from "../../src/dead-letter.ts";
import type { Event } from "../../src/event.ts";
import type { QueueName } from "../../src/queue-name.ts";
import type { QueueAddress } from "./addresses.ts";
import { ask, receiveLimit } from "./client.ts";
import { bodyOf, eventFrom } from "./message.ts";
import type { Outbox } from "./outbox.ts";
import { receivedFrom } from "./received.ts";

/** How long letters are held while they are looked at, in seconds; SQS has no other way to look than to receive. */
const heldSeconds = 30;
/** A short poll asks only some servers of SQS, and may find none of a few messages. */
const waitSeconds = 1;
/** A letter is settled only if so much of that is left, in ms. */
const settleMs = 5_000;

/** The text under which our record is kept in the body, beside the event. */
const recordKey = "beehiveDeadLetter";
type DeadRecord = Omit<DeadLetter, "event" | "firstSeen" | "lastSeen"> & {
  readonly firstSeen: string;
  readonly lastSeen: string;
};

/** A letter that this process holds. */
interface Held {
  readonly letter: DeadLetter;
  readonly sentAt: number;
  /** One for each copy: a letter whose original could not be deleted is sent twice. */
  readonly receipts: string[];
  readonly until: number;
}

/** The body of a dead letter: the event as it travels, and the record. */
export function letterBody({ event, firstSeen, lastSeen, ...rest }: DeadLetter): string {
  const record: DeadRecord = { ...rest, firstSeen: firstSeen.toISOString(), lastSeen: lastSeen.toISOString() };
  // What is beyond U+FFFD is escaped in the event already; the record is small, and escaped as a whole.
  const text = JSON.stringify(record).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `{"${recordKey}":${text},"event":${bodyOf(event)}}`;
}

/**
 * The dead letters of one queue. Letters that were received are held for a while, so that who goes through them one
 * by one receives each once; those that are not touched come back by themselves.
 */
export class DeadLetters {
  readonly #sqs: SQSClient;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #requestTimeoutMs: number;
  readonly #queue: QueueAddress;
  readonly #name: QueueName;
  readonly #unpack: (body: string) => Promise<string>;
  readonly #held = new Map<string, Held>();

  /** @param unpack fetches the body that a claim check stands for. */
  constructor(
    {
      sqs,
      outbox,
      clock,
      requestTimeoutMs,
    }: {
      readonly sqs: SQSClient;
      readonly outbox: Outbox;
      readonly clock: Clock;
      readonly requestTimeoutMs: number;
    },
    queue: QueueAddress,
    name: QueueName,
    unpack: (body: string) => Promise<string>,
  ) {
    this.#unpack = unpack;
    this.#requestTimeoutMs = requestTimeoutMs;
    this.#sqs = sqs;
    this.#outbox = outbox;
    this.#clock = clock;
    this.#queue = queue;
    this.#name = name;
  }

  /** All of them, the oldest first. They are gathered before the first is given: SQS knows no order. */
  async *list(): AsyncGenerator<DeadLetter, void, undefined> {
    while (await this.#receive());
    const held = [...this.#held.values()].sort((a, b) => a.sentAt - b.sentAt);
    await this.#release();
    for (const { letter } of held) yield letter;
  }

  /** The letter of that event, held. @throws BeeHiveError `NotFound`. */
  async find(eventId: string): Promise<DeadLetter> {
    do {
      this.#forget();
      const held = this.#held.get(eventId);
      if (held) return held.letter;
    } while (await this.#receive());
    throw noDeadLetter(this.#name, eventId);
  }

  /** Removes a letter that was found. */
  async remove(eventId: string): Promise<void> {
    const held = this.#held.get(eventId);
    this.#held.delete(eventId);
    await Promise.all((held?.receipts ?? []).map((receipt) => this.#outbox.remove(this.#queue, receipt)));
  }

  #forget(): void {
    const now = this.#clock.now();
    for (const [id, { until }] of this.#held) if (until < now + settleMs) this.#held.delete(id);
  }

  /** Holds up to ten letters more; answers whether there were any. */
  async #receive(): Promise<boolean> {
    const until = this.#clock.now() + heldSeconds * 1_000;
    const request = new ReceiveMessageCommand({
      QueueUrl: this.#queue.url,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: heldSeconds,
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
    });
    const limit = receiveLimit(waitSeconds, this.#requestTimeoutMs);
    const { Messages = [] } = await ask("sqs:ReceiveMessage", this.#queue.name, this.#sqs.send(request, limit));
    for (const message of Messages) await this.#hold(message, until);
    return Messages.length > 0;
  }

  async #hold(message: Message, until: number): Promise<void> {
    const { letter, sentAt, receipt } = this.#read({ ...message, Body: await this.#unpack(message.Body ?? "") });
    const held = this.#held.get(letter.event.id);
    if (held) held.receipts.push(receipt);
    else this.#held.set(letter.event.id, { letter, sentAt, receipts: [receipt], until });
  }

  async #release(): Promise<void> {
    const receipts = [...this.#held.values()].flatMap((held) => held.receipts);
    this.#held.clear();
    // A letter that cannot be released comes back when its time is over.
    await Promise.allSettled(receipts.map((receipt) => this.#outbox.changeVisibility(this.#queue, receipt, 0)));
  }

  #read(message: Message): { readonly letter: DeadLetter; readonly sentAt: number; readonly receipt: string } {
    const received = receivedFrom(message, this.#clock.now());
    const { body, sentAt, receipt, note, messageId, groupId: partitionKey } = received;
    const origin = { id: note.id ?? messageId, queueName: this.#name, sentAt, partitionKey };
    const parsed = parse(body);
    if (parsed === undefined) return { letter: this.#movedBySqs(eventFrom(body, origin), received), sentAt, receipt };
    const { record, event } = parsed;
    const letter = {
      ...record,
      event: eventFrom(JSON.stringify(event), { ...origin, partitionKey: undefined }),
      stack: record.stack ?? undefined,
      firstSeen: new Date(record.firstSeen),
      lastSeen: new Date(record.lastSeen),
    };
    return { letter, sentAt, receipt };
  }

  /** A message that SQS moved here by its redrive policy: no actor has seen it fail. */
  #movedBySqs(event: Event, { receives, firstReceived, receivedAt }: ReturnType<typeof receivedFrom>): DeadLetter {
    const reason = `moved by SQS after ${receives} receives: its consumers never settled it`;
    return {
      event,
      reason,
      errorName: "Exhausted",
      errorMessage: reason,
      stack: undefined,
      actor: "",
      subscription: String(this.#name),
      attempts: receives,
      firstSeen: new Date(firstReceived),
      lastSeen: new Date(receivedAt),
    };
  }
}

function parse(body: string): { readonly record: DeadRecord; readonly event: unknown } | undefined {
  try {
    const value = JSON.parse(body) as Readonly<Record<string, unknown>> | null;
    const record = value?.[recordKey];
    return typeof record === "object" && record !== null
      ? { record: record as DeadRecord, event: value?.["event"] }
      : undefined;
  } catch {
    return undefined;
  }
}
