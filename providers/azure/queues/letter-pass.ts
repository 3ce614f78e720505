import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { Clock } from "../../../src/base/clock.ts";
import { Reader } from "./reader.ts";
import { withoutSession } from "./session-id.ts";

/** The wait for a letter that was listed a moment ago, in ms. */
const takeMs = 2_000;
const pageSize = 100;
const never = new AbortController().signal;

interface HeldLetter {
  readonly reader: Reader;
  readonly message: ServiceBusReceivedMessage;
}

/**
 * A pass through the dead letters of a queue, shared by all concurrent calls.
 *
 * Letters are received oldest first. Letters before the wanted one stay locked until the last call ends, and are
 * abandoned then. Many letters so need one pass, and not one each.
 */
export class LetterPass {
  /** The number of calls that take a letter or wait for their turn. */
  users = 0;
  readonly #open: () => ServiceBusReceiver;
  readonly #clock: Clock;
  readonly #answerMs: number;
  readonly #readers: Reader[] = [];
  /** By sequence number. */
  readonly #held = new Map<string, HeldLetter>();
  #count = 1;

  /** @param answerMs the longest wait for an answer of the broker. */
  constructor(open: () => ServiceBusReceiver, clock: Clock, answerMs: number) {
    this.#open = open;
    this.#clock = clock;
    this.#answerMs = answerMs;
  }

  holds(number: string): boolean {
    return this.#held.has(number);
  }

  /** Receives the letter with that sequence number; returns `undefined` when it is gone. */
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

  /** Abandons the letters that are held. If that fails, they are free when their locks end. */
  async release(): Promise<void> {
    const held = [...this.#held.values()];
    this.#held.clear();
    await Promise.allSettled(
      held.map(({ reader, message }) => reader.settle(() => reader.receiver.abandonMessage(withoutSession(message)))),
    );
    await Promise.allSettled(this.#readers.map((reader) => reader.close()));
  }

  /** Returns the last reader, or a new one when that is full. */
  #withRoom(): Reader {
    const last = this.#readers.at(-1);
    if (last && !last.isFull) return last;
    const reader = new Reader(this.#open(), this.#clock, this.#answerMs);
    this.#readers.push(reader);
    return reader;
  }
}
