import { randomUUID } from "node:crypto";
import type { ServiceBusClient } from "@azure/service-bus";
import type { Clock } from "../../../src/base/clock.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { isCode, translate, translateErrors } from "../errors.ts";
import type { Names } from "./names.ts";
import { Reader, receiverOptions } from "./reader.ts";

/** The receivers of all queues without sessions: one for each poll that waits at the same time. */
export class Readers {
  readonly #client: ServiceBusClient;
  readonly #names: Names;
  readonly #clock: Clock;
  readonly #answerMs: number;
  readonly #all = new Set<Reader>();
  readonly #idle = new Map<string, Reader[]>();
  /** Receivers that are polled no more, but through which messages may still be settled. */
  readonly #full = new Set<Reader>();

  /** @param answerMs the longest wait for an answer of the broker. */
  constructor(client: ServiceBusClient, names: Names, clock: Clock, answerMs: number) {
    this.#client = client;
    this.#names = names;
    this.#clock = clock;
    this.#answerMs = answerMs;
  }

  /** Runs `work` with a reader of its own. */
  async use<T>(name: QueueName, work: (reader: Reader) => Promise<T>): Promise<T> {
    const path = this.#names.path(name);
    let idle = this.#idle.get(path);
    if (!idle) this.#idle.set(path, (idle = []));
    this.#closeDone();
    const reader =
      idle.pop() ?? (await translateErrors(`receive from ${name}`, () => Promise.resolve(this.#make(path))));
    try {
      return await work(reader);
    } finally {
      // Also after a failure: the SDK opens a new link, and the old messages can still be settled.
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

  /** Returns whether an existing queue has sessions, by opening a new one. Needs the right to receive only. */
  async hasSessions(name: QueueName): Promise<boolean> {
    const id = `check-${randomUUID()}`;
    try {
      await (await this.#client.acceptSession(this.#names.path(name), id, receiverOptions)).close();
      return true;
    } catch (error) {
      // The code of the SDK for every refusal.
      if (isCode(error, "SessionCannotBeLocked")) return false;
      throw translate(error, `reach ${name}`);
    }
  }

  /** Peeks at the first message, which needs the right to receive only. @throws BeeHiveError `QueueNotFound`. */
  async assertReachable(name: QueueName): Promise<void> {
    await translateErrors(`reach ${name}`, async () => {
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
    const reader = new Reader(this.#client.createReceiver(path, receiverOptions), this.#clock, this.#answerMs);
    this.#all.add(reader);
    return reader;
  }
}
