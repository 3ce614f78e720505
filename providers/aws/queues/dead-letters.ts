import { noDeadLetter } from "../../../src/provider-kit/errors.ts";
import { ReceiveMessageCommand, type Message, type SQSClient } from "@aws-sdk/client-sqs";
import { sleep, type Clock } from "../../../src/base/clock.ts";
import type { DeadLetter } from "../../../src/contract/dead-letter.ts";
import { messageOf } from "../../../src/base/error-text.ts";
import { BeeHiveError, isBeeHiveError } from "../../../src/base/errors.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { Turnstile } from "../../../src/base/turnstile.ts";
import type { QueueAddress } from "./addresses.ts";
import { ask, receiveLimit } from "../client.ts";
import { deadLetterFrom, unreadableDeadLetter } from "./dead-letter-message.ts";
import type { Outbox } from "./outbox.ts";

/** A short poll asks only some servers of SQS, and may find none of a few messages. */
const waitSeconds = 1;

export interface DeadLettersParts {
  readonly sqs: SQSClient;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  /** Fetches the body that a claim check stands for. */
  readonly unpack: (body: string) => Promise<string>;
  /** How long letters are held while they are looked at; SQS has no other way to look than to receive. 30 unless said. */
  readonly heldSeconds?: number;
}

/** A letter that this process holds. */
interface Held {
  readonly letter: DeadLetter;
  readonly sentAt: number;
  /** By the id of the message, one for each copy: a letter whose original could not be deleted is sent twice. */
  readonly receipts: Map<string, string>;
  /** Held at least so long, in ms since the epoch. */
  until: number;
  /** SQS shows it again by then. */
  backAt: number;
  /** Why it cannot be read. */
  readonly unreadable: BeeHiveError | undefined;
}

/**
 * The dead letters of one queue. Letters that were received are held while somebody goes through them, so that each
 * is received once, however many there are; those that are not touched any more come back by themselves.
 */
export class DeadLetters {
  readonly #parts: DeadLettersParts;
  readonly #queue: QueueAddress;
  readonly #name: QueueName;
  readonly #heldMs: number;
  /** By the ids of the letters. */
  readonly #held = new Map<string, Held>();
  readonly #searches = new Turnstile();
  /** The first time at which one of those that are held is to be held on to, or forgotten. */
  #keepAt = Infinity;
  /** When SQS shows all again that was held and is no longer, in ms since the epoch. */
  #allBackAt = 0;

  constructor(parts: DeadLettersParts, queue: QueueAddress, name: QueueName) {
    this.#parts = parts;
    this.#queue = queue;
    this.#name = name;
    this.#heldMs = (parts.heldSeconds ?? 30) * 1_000;
  }

  /** All of them, the oldest first. They are gathered before the first is given: SQS knows no order. */
  async *list(): AsyncGenerator<DeadLetter, void, undefined> {
    const seen = new Set<string>();
    const all = new Map(this.#held);
    for (;;) {
      await this.#keep();
      const received = await this.#receive(seen);
      if (received.length === 0) break;
      for (const held of received) all.set(held.letter.id, held);
    }
    await this.#release();
    for (const { letter } of [...all.values()].sort((a, b) => a.sentAt - b.sentAt)) yield letter;
  }

  /**
   * The letter of that id, held, or what is left of it; else one of the event of that id, the oldest of those at hand:
   * SQS knows no order. One search at a time: what one of them holds, another would miss.
   *
   * @throws BeeHiveError `NotFound`.
   */
  async find(id: string): Promise<Pick<Held, "letter" | "unreadable">> {
    const leave = await this.#searches.enter("");
    try {
      return await this.#find(id);
    } finally {
      leave();
    }
  }

  async #find(id: string): Promise<Held> {
    const { clock } = this.#parts;
    const seen = new Set<string>();
    for (;;) {
      await this.#keep();
      const held = this.#held.get(id) ?? this.#ofEvent(id);
      if (held) return held;
      if ((await this.#receive(seen)).length > 0) continue;
      const waitMs = this.#allBackAt - clock.now();
      if (waitMs <= 0) throw this.#notFound(id);
      await sleep(clock, waitMs);
    }
  }

  #ofEvent(eventId: string): Held | undefined {
    let oldest: Held | undefined;
    for (const held of this.#held.values())
      if (held.letter.event.id === eventId && (!oldest || held.sentAt < oldest.sentAt)) oldest = held;
    return oldest;
  }

  /** It may be one of those that cannot be read. */
  #notFound(id: string): BeeHiveError {
    const unreadable = [...this.#held.values()].find((held) => held.unreadable)?.unreadable;
    return unreadable ?? noDeadLetter(this.#name, id);
  }

  /** Removes a letter that was found. */
  async delete({ id }: Pick<DeadLetter, "id">): Promise<void> {
    const held = this.#held.get(id);
    this.#held.delete(id);
    const receipts = held?.receipts.values() ?? [];
    await Promise.all([...receipts].map((receipt) => this.#parts.outbox.deleteMessage(this.#queue, receipt)));
  }

  /** Holds on to what would come back soon; forgets what has. */
  async #keep(): Promise<void> {
    const now = this.#parts.clock.now();
    // There may be very many, and this is done before each of them is looked for.
    if (now <= this.#keepAt) return;
    const ending = [...this.#held].filter(([, held]) => this.#endingAt(held) < now);
    await Promise.all(
      ending.map(async ([id, held]) => {
        if (await this.#extend(held, now)) return;
        this.#held.delete(id);
        this.#allBackAt = Math.max(this.#allBackAt, held.backAt);
      }),
    );
    this.#keepAt = Infinity;
    for (const held of this.#held.values()) this.#keepAt = Math.min(this.#keepAt, this.#endingAt(held));
  }

  /** From when on it is to be held on to. What cannot be read now may be later, when it is received again. */
  #endingAt({ until, unreadable }: Held): number {
    return unreadable ? until : until - this.#heldMs / 2;
  }

  async #extend(held: Held, now: number): Promise<boolean> {
    const { clock } = this.#parts;
    if (held.until <= now) return false;
    try {
      await this.#changeVisibility(held, this.#heldMs / 1_000);
      held.until = now + this.#heldMs;
      held.backAt = clock.now() + this.#heldMs;
      return true;
    } catch {
      return false;
    }
  }

  async #changeVisibility({ receipts }: Held, seconds: number): Promise<void> {
    const { outbox } = this.#parts;
    await Promise.all([...receipts.values()].map((receipt) => outbox.changeVisibility(this.#queue, receipt, seconds)));
  }

  /** Holds up to ten letters more; answers those whose messages it had not `seen`. */
  async #receive(seen: Set<string>): Promise<readonly Held[]> {
    const { sqs, clock, requestTimeoutMs } = this.#parts;
    const asked = clock.now();
    const request = new ReceiveMessageCommand({
      QueueUrl: this.#queue.url,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: this.#heldMs / 1_000,
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
    });
    const received = sqs.send(request, receiveLimit(waitSeconds, requestTimeoutMs));
    const { Messages = [] } = await ask("sqs:ReceiveMessage", this.#queue.name, received);
    const backAt = clock.now() + this.#heldMs;
    const unseen = Messages.filter(({ MessageId = "" }) => !seen.has(MessageId));
    for (const { MessageId = "" } of Messages) seen.add(MessageId);
    const held = await Promise.all(
      Messages.map(async (message) => ({ message, held: await this.#hold(message, asked + this.#heldMs, backAt) })),
    );
    return held.filter(({ message }) => unseen.includes(message)).map((one) => one.held);
  }

  async #hold(message: Message, until: number, backAt: number): Promise<Held> {
    const { MessageId: id = "", ReceiptHandle: receipt = "", Attributes = {} } = message;
    const now = this.#parts.clock.now();
    const { letter, unreadable } = await this.#read(message, now);
    const known = this.#held.get(letter.id);
    if (known) {
      known.receipts.set(id, receipt);
      known.backAt = backAt;
      return known;
    }
    const sentAt = Number(Attributes.SentTimestamp ?? now);
    const held: Held = { letter, sentAt, receipts: new Map([[id, receipt]]), until, backAt, unreadable };
    this.#held.set(letter.id, held);
    this.#keepAt = Math.min(this.#keepAt, this.#endingAt(held));
    return held;
  }

  /** One that cannot be read does not keep the others from being listed. */
  async #read(message: Message, now: number): Promise<Pick<Held, "letter" | "unreadable">> {
    try {
      const body = await this.#parts.unpack(message.Body ?? "");
      return { letter: deadLetterFrom({ ...message, Body: body }, this.#name, now), unreadable: undefined };
    } catch (error) {
      const why = isBeeHiveError(error)
        ? error
        : new BeeHiveError("BodyUnreadable", messageOf(error), { cause: error });
      return { letter: unreadableDeadLetter(message, this.#name, now, why), unreadable: why };
    }
  }

  async #release(): Promise<void> {
    const held = [...this.#held.values()];
    this.#held.clear();
    // A letter that cannot be released comes back when its time is over.
    const released = await Promise.allSettled(held.map((one) => this.#changeVisibility(one, 0)));
    const stuck = held.filter((_, index) => released[index]?.status === "rejected");
    this.#allBackAt = Math.max(this.#allBackAt, ...stuck.map(({ backAt }) => backAt));
  }
}
