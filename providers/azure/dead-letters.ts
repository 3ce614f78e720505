import { noDeadLetter } from "../../src/queue-errors.ts";
import type { DeadLetterOptions, ServiceBusClient, ServiceBusReceivedMessage } from "@azure/service-bus";
import type { Clock } from "../../src/clock.ts";
import type { DeadLetter } from "../../src/dead-letter.ts";
import type { Event } from "../../src/event.ts";
import type { QueueName } from "../../src/queue-name.ts";
import type { ClaimCheck } from "./claim-check.ts";
import { idText, ourText } from "./broker-properties.ts";
import { translating } from "./errors.ts";
import { isForGood, readEvent } from "./reading.ts";
import type { Names } from "./names.ts";
import { Reader } from "./reader.ts";
import { receiving } from "./receiving.ts";
import { sequenceNumber, type SequenceNumber } from "./sdk/sequence-number.ts";
import { withoutSession } from "./session-id.ts";

type Properties = NonNullable<ServiceBusReceivedMessage["applicationProperties"]>;

const fromDeadLetters = { ...receiving, subQueueType: "deadLetter" } as const;
const pageSize = 100;
/** How long a receive waits for a letter that was seen a moment ago, in ms. */
const takeMs = 2_000;
const never = new AbortController().signal;

const fields = {
  errorName: "beehive_error_name",
  stack: "beehive_stack",
  actor: "beehive_actor",
  subscription: "beehive_subscription",
  attempts: "beehive_dead_attempts",
  firstSeen: "beehive_dead_first_seen",
  lastSeen: "beehive_last_seen",
} as const;

/**
 * Our record as the options of a dead-lettering. The reason and the error's message are where tools look for them: both
 * have at most 1,024 characters, where Service Bus cuts at 4,096. The rest are application properties.
 */
export function toDeadLetterOptions(letter: DeadLetter): DeadLetterOptions & Record<string, string | number> {
  return {
    deadLetterReason: letter.reason,
    deadLetterErrorDescription: letter.errorMessage,
    [fields.errorName]: letter.errorName,
    ...(letter.stack === undefined ? {} : { [fields.stack]: letter.stack }),
    [fields.actor]: letter.actor,
    [fields.subscription]: letter.subscription,
    [fields.attempts]: letter.attempts,
    [fields.firstSeen]: letter.firstSeen.getTime(),
    [fields.lastSeen]: letter.lastSeen.getTime(),
  };
}

/** The dead-letter queues, native ones, so that every tool for Service Bus sees what is in them. */
export class DeadLetters {
  readonly #client: ServiceBusClient;
  readonly #names: Names;
  readonly #clock: Clock;
  readonly #answerMs: number;
  readonly #claims: ClaimCheck;

  /** @param answerMs how long the broker may take to answer. */
  constructor(client: ServiceBusClient, names: Names, clock: Clock, answerMs: number, claims: ClaimCheck) {
    this.#client = client;
    this.#names = names;
    this.#clock = clock;
    this.#answerMs = answerMs;
    this.#claims = claims;
  }

  /** Looks at them without taking them out, oldest first, a page at a time. */
  async *list(name: QueueName): AsyncGenerator<DeadLetter, void, undefined> {
    for await (const message of this.#peek(name)) yield this.#letter(message, name);
  }

  /**
   * Takes the letter of that event out; `before` is done while nobody else can take it, and can read the event. A body that
   * travelled elsewhere is not fetched, the event has none then.
   */
  async take(
    name: QueueName,
    eventId: string,
    before: (event: () => Event, message: ServiceBusReceivedMessage) => Promise<void>,
  ): Promise<void> {
    const sequenceNumber = await this.#find(name, eventId);
    if (!sequenceNumber) throw noDeadLetter(name, eventId);
    const readers: Reader[] = [];
    const held = new Map<ServiceBusReceivedMessage, Reader>();
    try {
      await translating(`take a dead letter of ${name}`, async () => {
        // Letters come oldest first; those before the one that is meant are held until it is found, then put back.
        for (let count = 1; ; count = Math.min(pageSize, count * 4)) {
          const reader = this.#withRoom(readers, name);
          const messages = await reader.receive(count, this.#clock.now() + takeMs, takeMs, never);
          const letter = messages.find((one) => one.sequenceNumber?.equals(sequenceNumber));
          for (const one of messages) held.set(one, reader);
          if (!letter && messages.length === 0) throw noDeadLetter(name, eventId);
          if (!letter) continue;
          await before(() => eventIn(letter, name), letter);
          await reader.settle(() => reader.receiver.completeMessage(withoutSession(letter)));
          held.delete(letter);
          return;
        }
      });
    } finally {
      await Promise.allSettled(
        [...held].map(([one, reader]) => reader.settle(() => reader.receiver.abandonMessage(withoutSession(one)))),
      );
      await Promise.allSettled(readers.map((reader) => reader.close()));
    }
  }

  /** The last of the readers, or another behind it when that holds too much. */
  #withRoom(readers: Reader[], name: QueueName): Reader {
    const last = readers.at(-1);
    if (last && !last.isFull) return last;
    const receiver = this.#client.createReceiver(this.#names.path(name), fromDeadLetters);
    const reader = new Reader(receiver, this.#clock, this.#answerMs);
    readers.push(reader);
    return reader;
  }

  async #find(name: QueueName, eventId: string): Promise<SequenceNumber | undefined> {
    for await (const message of this.#peek(name)) {
      if (readEvent(asSent(message), name).event.id === eventId) return message.sequenceNumber;
    }
    return undefined;
  }

  async *#peek(name: QueueName): AsyncGenerator<ServiceBusReceivedMessage, void, undefined> {
    const what = `list the dead letters of ${name}`;
    const receiver = await translating(what, () =>
      Promise.resolve(this.#client.createReceiver(this.#names.path(name), fromDeadLetters)),
    );
    try {
      let from: SequenceNumber = lowest;
      for (;;) {
        const fromSequenceNumber = from;
        const page = await translating(what, () => receiver.peekMessages(pageSize, { fromSequenceNumber }));
        yield* page;
        const last = page.at(-1)?.sequenceNumber;
        if (!last) return;
        from = last.add(1);
      }
    } finally {
      await receiver.close();
    }
  }

  /** A letter of the broker's own making has less to tell. */
  async #letter(message: ServiceBusReceivedMessage, name: QueueName): Promise<DeadLetter> {
    const properties: Properties = message.applicationProperties ?? {};
    const text = (field: keyof typeof fields): string | undefined => ourText(properties[fields[field]]);
    // Anybody may give a message properties of these names: what is no time says nothing.
    const time = (field: "firstSeen" | "lastSeen"): Date => {
      const value = new Date(Number(text(field) ?? Number.NaN));
      return Number.isNaN(value.getTime()) ? (message.enqueuedTimeUtc ?? new Date(0)) : value;
    };
    const deadLetterReason = idText(message.deadLetterReason) ?? "";
    const { event, problem } = await this.#claims.read(asSent(message), name);
    if (problem && !isForGood(problem)) throw problem;
    return {
      event,
      reason:
        problem && deadLetterReason !== problem.message ? `${deadLetterReason} ${problem.message}` : deadLetterReason,
      errorName: text("errorName") ?? deadLetterReason,
      errorMessage: idText(message.deadLetterErrorDescription) ?? "",
      stack: text("stack"),
      actor: text("actor") ?? "",
      subscription: text("subscription") ?? name.toString(),
      attempts: Number(text("attempts")) || (message.deliveryCount ?? 0),
      firstSeen: time("firstSeen"),
      lastSeen: time("lastSeen"),
    };
  }
}

/** Service Bus writes why it is a dead letter among what the sender said. */
function asSent(message: ServiceBusReceivedMessage): ServiceBusReceivedMessage {
  const { DeadLetterReason: _, DeadLetterErrorDescription: __, ...properties } = message.applicationProperties ?? {};
  return { ...message, applicationProperties: properties };
}

/** @throws BeeHiveError `BodyUnreadable` when the message cannot be read: nothing but its id is known then. */
function eventIn(message: ServiceBusReceivedMessage, name: QueueName): Event {
  const { event, problem } = readEvent(asSent(message), name);
  if (problem) throw problem;
  return event;
}

/** The sequence number to peek from. A receiver that is not told goes on where another stopped. */
const lowest = sequenceNumber(0n);
