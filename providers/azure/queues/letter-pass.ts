import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { Clock } from "../../../src/base/clock.ts";
import { Reader } from "./reader.ts";
import { withoutSession } from "./session-id.ts";

/** How long a receive waits for a letter that was seen a moment ago, in ms. */
const takeMs = 2_000;
const pageSize = 100;
const never = new AbortController().signal;

interface HeldLetter {
  readonly reader: Reader;
  readonly message: ServiceBusReceivedMessage;
}

/**
 * One way through the dead letters of a queue, for those that take letters at the same time. Letters come oldest first:
 * those before the one that is meant are held until nobody takes any more, then put back. So many letters are taken in
 * one way through, not in one each.
 */
export class LetterPass {
  /** How many take letters, or wait for their turn. */
  users = 0;
  readonly #open: () => ServiceBusReceiver;
  readonly #clock: Clock;
  readonly #answerMs: number;
  readonly #readers: Reader[] = [];
  /** By their sequence numbers. */
  readonly #held = new Map<string, HeldLetter>();
  #count = 1;

  /** @param answerMs how long the broker may take to answer. */
  constructor(open: () => ServiceBusReceiver, clock: Clock, answerMs: number) {
    this.#open = open;
    this.#clock = clock;
    this.#answerMs = answerMs;
  }

  holds(number: string): boolean {
    return this.#held.has(number);
  }

  /** The letter of that sequence number, received; `undefined` when it is not there any more. */
  async find(number: string): Promise<ServiceBusReceivedMessage | undefined> {
    for (;;) {
      const held = this.#held.get(number);
      if (held) return held.message;
      const reader = this.#withRoom();
      const messages = await reader.receive(this.#count, this.#clock.now() + takeMs, takeMs, never);
      if (messages.length === 0) return undefined;
      this.#count = Math.min(pageSize, this.#count * 4);
      for (const message of messages) this.#held.set(String(message.sequenceNumber), { reader, message });
    }
  }

  /** Removes a letter that was found. */
  async complete(number: string): Promise<void> {
    const held = this.#held.get(number);
    if (!held) return;
    const { reader, message } = held;
    await reader.settle(() => reader.receiver.completeMessage(withoutSession(message)));
    this.#held.delete(number);
  }

  /** Puts back what is held. What cannot be put back comes back when its lock ends. */
  async release(): Promise<void> {
    const held = [...this.#held.values()];
    this.#held.clear();
    await Promise.allSettled(
      held.map(({ reader, message }) => reader.settle(() => reader.receiver.abandonMessage(withoutSession(message)))),
    );
    await Promise.allSettled(this.#readers.map((reader) => reader.close()));
  }

  /** The last of the readers, or another behind it when that holds too much. */
  #withRoom(): Reader {
    const last = this.#readers.at(-1);
    if (last && !last.isFull) return last;
    const reader = new Reader(this.#open(), this.#clock, this.#answerMs);
    this.#readers.push(reader);
    return reader;
  }
}
