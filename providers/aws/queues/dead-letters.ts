import { ReceiveMessageCommand, type Message, type SQSClient } from "@aws-sdk/client-sqs";
import { sleep, type Clock } from "../../../src/base/clock.ts";
import { messageOf } from "../../../src/base/error-text.ts";
import { BeeHiveError, isBeeHiveError } from "../../../src/base/errors.ts";
import { Turnstile } from "../../../src/base/turnstile.ts";
import type { DeadLetter } from "../../../src/contract/dead-letter.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { noDeadLetter } from "../../../src/provider-kit/errors.ts";
import { ask, receiveLimit } from "../client.ts";
import type { QueueAddress } from "./addresses.ts";
import { deadLetterFrom, unreadableDeadLetter } from "./dead-letter-message.ts";
import type { Outbox } from "./outbox.ts";

/** Long polls only: a short poll asks few servers of SQS, and may miss messages. */
const waitSeconds = 1;

export interface DeadLettersParts {
  readonly sqs: SQSClient;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  /** Returns the message of a claim. */
  readonly unpack: (body: string) => Promise<string>;
  /** How long dead letters are leased while they are read. SQS offers no other way to read. @default 30 */
  readonly heldSeconds?: number;
}

/** A dead letter that this process leases. */
interface Held {
  readonly letter: DeadLetter;
  readonly sentAt: number;
  /** Receipts by message id. A dead letter whose original could not be deleted exists twice. */
  readonly receipts: Map<string, string>;
  /** Minimum end of the lease, in ms since the epoch. */
  until: number;
  /** Time at which SQS shows the dead letter again, in ms since the epoch. */
  backAt: number;
  /** The failure of a dead letter that cannot be read. */
  readonly unreadable: BeeHiveError | undefined;
}

/**
 * The dead letters of one queue.
 *
 * Received dead letters stay leased while a caller goes through them, so that each is received once, however many there
 * are. They become visible by themselves when their leases end.
 */
export class DeadLetters {
  readonly #parts: DeadLettersParts;
  readonly #queue: QueueAddress;
  readonly #name: QueueName;
  readonly #heldMs: number;
  /** By the id of the dead letter. */
  readonly #held = new Map<string, Held>();
  readonly #searches = new Turnstile();
  /** The next time at which a lease has to be renewed or forgotten. */
  #keepAt = Infinity;
  /** When SQS has shown all dead letters whose leases were lost, in ms since the epoch. */
  #allBackAt = 0;

  constructor(parts: DeadLettersParts, queue: QueueAddress, name: QueueName) {
    this.#parts = parts;
    this.#queue = queue;
    this.#name = name;
    this.#heldMs = (parts.heldSeconds ?? 30) * 1_000;
  }

  /** Lists all dead letters, oldest first. All are received before the first is returned: SQS keeps no order. */
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
   * Returns and leases the dead letter with this id, else the oldest letter of this event.
   *
   * One search runs at a time: a dead letter leased by one search is invisible to another.
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

  /** Returns the error for a missing dead letter. The letter may be among those that cannot be read. */
  #notFound(id: string): BeeHiveError {
    const unreadable = [...this.#held.values()].find((held) => held.unreadable)?.unreadable;
    return unreadable ?? noDeadLetter(this.#name, id);
  }

  /** Deletes a dead letter that was found. */
  async delete({ id }: Pick<DeadLetter, "id">): Promise<void> {
    const held = this.#held.get(id);
    this.#held.delete(id);
    const receipts = held?.receipts.values() ?? [];
    await Promise.all([...receipts].map((receipt) => this.#parts.outbox.deleteMessage(this.#queue, receipt)));
  }

  /** Renews leases that end soon, and forgets leases that have ended. */
  async #keep(): Promise<void> {
    const now = this.#parts.clock.now();
    // Cheap in the usual case: there may be very many, and each search calls this method.
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

  /** Returns when a lease has to be renewed. Unreadable letters are not renewed: a later receive may succeed. */
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

  /** Leases up to ten more dead letters; returns those whose messages are not in `seen`. */
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

  /** Reads a dead letter. One that cannot be read does not prevent the others from being listed. */
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
    // A dead letter that cannot be released becomes visible when its lease ends.
    const released = await Promise.allSettled(held.map((one) => this.#changeVisibility(one, 0)));
    const stuck = held.filter((_, index) => released[index]?.status === "rejected");
    this.#allBackAt = Math.max(this.#allBackAt, ...stuck.map(({ backAt }) => backAt));
  }
}
