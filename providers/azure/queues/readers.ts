import { randomUUID } from "node:crypto";
import type { ServiceBusClient } from "@azure/service-bus";
import type { Clock } from "../../../src/base/clock.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { isCode, translated, translating } from "../errors.ts";
import type { Names } from "./names.ts";
import { Reader } from "./reader.ts";
import { receiving } from "./receiving.ts";

/** The receivers, as many for a queue as polls wait there at the same time: each takes one poll. */
export class Readers {
  readonly #client: ServiceBusClient;
  readonly #names: Names;
  readonly #clock: Clock;
  readonly #answerMs: number;
  readonly #all = new Set<Reader>();
  readonly #idle = new Map<string, Reader[]>();
  /** Those that nobody polls any more, open for as long as messages may be settled through them. */
  readonly #full = new Set<Reader>();

  /** @param answerMs how long the broker may take to answer. */
  constructor(client: ServiceBusClient, names: Names, clock: Clock, answerMs: number) {
    this.#client = client;
    this.#names = names;
    this.#clock = clock;
    this.#answerMs = answerMs;
  }

  /** Runs `work` with a reader that nobody else polls meanwhile. */
  async use<T>(name: QueueName, work: (reader: Reader) => Promise<T>): Promise<T> {
    const path = this.#names.path(name);
    let idle = this.#idle.get(path);
    if (!idle) this.#idle.set(path, (idle = []));
    this.#closeDone();
    const reader = idle.pop() ?? (await translating(`receive from ${name}`, () => Promise.resolve(this.#make(path))));
    try {
      return await work(reader);
    } finally {
      // With a receive that failed the SDK opens a new link, while the old messages can still be settled.
      if (reader.isFull) this.#full.add(reader);
      else idle.push(reader);
    }
  }

  #closeDone(): void {
    for (const reader of this.#full) {
      if (!reader.isDone) continue;
      this.#full.delete(reader);
      this.#all.delete(reader);
      reader.close().catch(() => {});
    }
  }

  /** Whether a queue that is there has sessions: opens one that nobody else can have. Needs no other right. */
  async hasSessions(name: QueueName): Promise<boolean> {
    const id = `check-${randomUUID()}`;
    try {
      await (await this.#client.acceptSession(this.#names.path(name), id, receiving)).close();
      return true;
    } catch (error) {
      // What the SDK says of every refusal.
      if (isCode(error, "SessionCannotBeLocked")) return false;
      throw translated(error, `reach ${name}`);
    }
  }

  /** Asks the queue for a look at its first message. Needs the right to receive there and no other. */
  async canReach(name: QueueName): Promise<void> {
    await translating(`reach ${name}`, async () => {
      const receiver = this.#client.createReceiver(this.#names.path(name));
      try {
        await receiver.peekMessages(1);
      } finally {
        await receiver.close();
      }
    });
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#all].map((reader) => reader.close()));
  }

  #make(path: string): Reader {
    const reader = new Reader(this.#client.createReceiver(path, receiving), this.#clock, this.#answerMs);
    this.#all.add(reader);
    return reader;
  }
}
