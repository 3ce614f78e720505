import type {
  DeadLetterOptions,
  ServiceBusClient,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
} from "@azure/service-bus";
import type { Clock } from "../../../src/base/clock.ts";
import { Turnstile } from "../../../src/base/turnstile.ts";
import { letterId, letterKey, type DeadLetter, type DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import type { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { noDeadLetter } from "../../../src/provider-kit/errors.ts";
import { translateErrors } from "../errors.ts";
import { lowest, sequenceNumber, type SequenceNumber } from "../sdk/sequence-number.ts";
import { idText, ourText } from "./broker-properties.ts";
import type { ClaimCheck } from "./claim-check.ts";
import { LetterPass } from "./letter-pass.ts";
import { deadAttemptsProperty } from "./message.ts";
import type { Names } from "./names.ts";
import { receiverOptions } from "./reader.ts";
import { isForGood, readEvent } from "./reading.ts";

type Properties = NonNullable<ServiceBusReceivedMessage["applicationProperties"]>;

const fromDeadLetters = { ...receiverOptions, subQueueType: "deadLetter" } as const;
const pageSize = 100;

const fields = {
  errorName: "beehive_error_name",
  stack: "beehive_stack",
  actor: "beehive_actor",
  subscription: "beehive_subscription",
  attempts: deadAttemptsProperty,
  firstSeen: "beehive_dead_first_seen",
  lastSeen: "beehive_last_seen",
} as const;

/**
 * Returns the options of the SDK for a dead letter.
 *
 * The reason and the error message are where tools look for them. Both have at most 1,024 characters, and Service Bus
 * cuts at 4,096. The rest are application properties.
 */
export function toDeadLetterOptions(letter: DeadLetterRecord): DeadLetterOptions & Record<string, string | number> {
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

type Before = (event: () => Event, message: ServiceBusReceivedMessage) => Promise<void>;

/** The native dead-letter queues, which every tool for Service Bus can show. */
export class DeadLetters {
  readonly #client: ServiceBusClient;
  readonly #names: Names;
  readonly #clock: Clock;
  readonly #answerMs: number;
  readonly #claims: ClaimCheck;
  readonly #taking = new Turnstile();
  /** By queue, while letters of it are taken. */
  readonly #passes = new Map<string, LetterPass>();

  /** @param answerMs the longest wait for an answer of the broker. */
  constructor(client: ServiceBusClient, names: Names, clock: Clock, answerMs: number, claims: ClaimCheck) {
    this.#client = client;
    this.#names = names;
    this.#clock = clock;
    this.#answerMs = answerMs;
    this.#claims = claims;
  }

  /** Lists the letters, oldest first, without receiving them. */
  async *list(name: QueueName): AsyncGenerator<DeadLetter, void, undefined> {
    for await (const message of this.#peek(name)) yield this.#letter(message, name);
  }

  /**
   * Removes the letter with that id, or the oldest letter of the event with that id.
   *
   * `before` runs while the letter is locked, and can read its event; a body in the key-value store is not fetched.
   * Letters are taken one at a time; calls that come meanwhile share one {@link LetterPass}.
   */
  async take(name: QueueName, id: string, before: Before): Promise<void> {
    const key = name.toString();
    const pass = this.#passes.get(key) ?? this.#pass(name);
    this.#passes.set(key, pass);
    pass.users++;
    const leave = await this.#taking.enter(key);
    try {
      await translateErrors(`take a dead letter of ${name}`, () => this.#take(pass, name, id, before));
    } finally {
      if (--pass.users === 0) {
        this.#passes.delete(key);
        await pass.release();
      }
      leave();
    }
  }

  #pass(name: QueueName): LetterPass {
    const open = (): ServiceBusReceiver => this.#client.createReceiver(this.#names.path(name), fromDeadLetters);
    return new LetterPass(open, this.#clock, this.#answerMs);
  }

  async #take(pass: LetterPass, name: QueueName, id: string, before: Before): Promise<void> {
    const number = (await this.#findLetter(pass, name, id)) ?? (await this.#findEvent(name, id));
    const letter = number === undefined ? undefined : await pass.find(number);
    if (number === undefined || letter === undefined) throw noDeadLetter(name, id);
    await before(() => eventIn(letter, name), letter);
    await pass.complete(number);
  }

  /** Returns the sequence number in the id of a letter, if the letter exists. */
  async #findLetter(pass: LetterPass, name: QueueName, id: string): Promise<string | undefined> {
    const number = letterKey(id) ?? "";
    if (!/^-?\d{1,19}$/.test(number)) return undefined;
    if (pass.holds(number)) return number;
    const from = sequenceNumber(BigInt.asIntN(64, BigInt(number)));
    for await (const message of this.#peek(name, from, 1))
      return String(message.sequenceNumber) === number ? number : undefined;
    return undefined;
  }

  async #findEvent(name: QueueName, eventId: string): Promise<string | undefined> {
    for await (const message of this.#peek(name)) {
      if (readEvent(asSent(message), name).event.id === eventId) return String(message.sequenceNumber);
    }
    return undefined;
  }

  async *#peek(
    name: QueueName,
    first: SequenceNumber = lowest,
    count: number = pageSize,
  ): AsyncGenerator<ServiceBusReceivedMessage, void, undefined> {
    const what = `list the dead letters of ${name}`;
    const receiver = await translateErrors(what, () =>
      Promise.resolve(this.#client.createReceiver(this.#names.path(name), fromDeadLetters)),
    );
    try {
      let from = first;
      for (;;) {
        const fromSequenceNumber = from;
        const page = await translateErrors(what, () => receiver.peekMessages(count, { fromSequenceNumber }));
        yield* page;
        const last = page.at(-1)?.sequenceNumber;
        if (!last) return;
        from = last.add(1);
      }
    } finally {
      await receiver.close();
    }
  }

  /** Reads a letter. One that the broker made itself has fewer properties. */
  async #letter(message: ServiceBusReceivedMessage, name: QueueName): Promise<DeadLetter> {
    const properties: Properties = message.applicationProperties ?? {};
    const text = (field: keyof typeof fields): string | undefined => ourText(properties[fields[field]]);
    // Other senders may use properties of the same names: ignore a value that is no time.
    const time = (field: "firstSeen" | "lastSeen"): Date => {
      const value = new Date(Number(text(field) ?? Number.NaN));
      return Number.isNaN(value.getTime()) ? (message.enqueuedTimeUtc ?? new Date(0)) : value;
    };
    const deadLetterReason = idText(message.deadLetterReason) ?? "";
    const { event, problem } = await this.#claims.read(asSent(message), name);
    if (problem && !isForGood(problem)) throw problem;
    return {
      id: letterId(String(message.sequenceNumber)),
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

/** Returns the message as it was sent, without the properties that Service Bus added. */
function asSent(message: ServiceBusReceivedMessage): ServiceBusReceivedMessage {
  const { DeadLetterReason: _, DeadLetterErrorDescription: __, ...properties } = message.applicationProperties ?? {};
  return { ...message, applicationProperties: properties };
}

/** @throws BeeHiveError `BodyUnreadable` when the message cannot be read. */
function eventIn(message: ServiceBusReceivedMessage, name: QueueName): Event {
  const { event, problem } = readEvent(asSent(message), name);
  if (problem) throw problem;
  return event;
}
