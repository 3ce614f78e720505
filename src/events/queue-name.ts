import { BeeHiveError } from "../base/errors.ts";
import { ownText } from "../base/bytes.ts";

/** The kind of a {@link QueueName}. */
export type QueueKind = "topic" | "subscription" | "queue";

const pattern = /^(?<topic>\w+)(?:-(?<subscription>\w*))?$/;

/**
 * The address of a queue, in the three forms of BeeHive:
 *
 * | text                          | kind           | is                                             |
 * | ----------------------------- | -------------- | ---------------------------------------------- |
 * | `OrderAccepted-Payment`       | `subscription` | a copy of the topic's events for one consumer  |
 * | `OrderAccepted-`              | `topic`        | where events of that topic are published       |
 * | `Invoices`, `Invoices-Invoices` | `queue`      | a simple queue: one copy, competing consumers  |
 *
 * Names are letters, digits and underscores. The provider refuses names that are too long for it at the start.
 *
 * @example
 * QueueName.parse("OrderAccepted-Payment").destination.toString(); // "OrderAccepted-"
 */
export class QueueName {
  readonly kind: QueueKind;
  /** The topic, or the queue when {@link kind} is `queue`. */
  readonly topic: string;
  /** The subscription; empty unless {@link kind} is `subscription`. */
  readonly subscription: string;
  readonly #text: string;
  readonly #topic: QueueName | undefined;

  private constructor(kind: QueueKind, topic: string, subscription: string) {
    this.kind = kind;
    this.topic = topic;
    this.subscription = subscription;
    this.#text = kind === "queue" ? topic : `${topic}-${subscription}`;
    this.#topic = kind === "subscription" ? new QueueName("topic", topic, "") : undefined;
    Object.freeze(this);
  }

  /** Parses a queue name. @throws BeeHiveError `InvalidQueueName` with the reason. */
  static parse(text: string): QueueName {
    const known = parsed.get(text);
    if (known) return known;
    const own = typeof text === "string" ? ownText(text) : text;
    const groups = pattern.exec(own)?.groups;
    if (!groups) throw new BeeHiveError("InvalidQueueName", `"${text}" is not a queue name: ${reason(text)}.`);
    const topic = groups["topic"] ?? "";
    const subscription = groups["subscription"];
    const name =
      subscription === undefined || subscription === topic
        ? QueueName.queue(topic)
        : subscription === ""
          ? QueueName.topic(topic)
          : new QueueName("subscription", topic, subscription);
    if (parsed.size < maxRemembered) parsed.set(own, name);
    return name;
  }

  /** Returns the topic of that name. @throws BeeHiveError `InvalidQueueName`. */
  static topic(name: string): QueueName {
    assertName(name);
    return new QueueName("topic", name, "");
  }

  /** Returns the simple queue of that name. @throws BeeHiveError `InvalidQueueName`. */
  static queue(name: string): QueueName {
    assertName(name);
    return new QueueName("queue", name, "");
  }

  /** The destination of its events: the topic of a subscription, else the name itself. */
  get destination(): QueueName {
    return this.#topic ?? this;
  }

  /** Returns the text of the address. A simple queue is `Queue`, never `Queue-Queue`. */
  toString(): string {
    return this.#text;
  }
}

/** Parsed names: a hive parses the same few for each of its events. */
const parsed = new Map<string, QueueName>();
const maxRemembered = 10_000;

function assertName(name: string): void {
  if (typeof name === "string" && /^\w+$/.test(name)) return;
  throw new BeeHiveError(
    "InvalidQueueName",
    `"${name}" is not the name of a topic or queue: use letters, digits and underscores.`,
  );
}

function reason(text: string): string {
  if (typeof text !== "string" || text === "") return "it is empty";
  if (text.startsWith("-")) return "nothing stands before the hyphen; write Topic-Subscription, Topic- or Queue";
  if (text.split("-").length > 2) {
    return "it has more than one hyphen; one hyphen stands between the topic and the subscription";
  }
  const odd = /[^\w-]/.exec(text)?.[0];
  return `the character ${JSON.stringify(odd)} is not allowed; use letters, digits and underscores`;
}
