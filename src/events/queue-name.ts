import { BeeHiveError } from "../base/errors.ts";

/** What a {@link QueueName} points at. */
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
 * Names are letters, digits and underscores. The limits of a cloud (lengths) are refused by its
 * provider when the hive starts.
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

  /** Reads a queue name; throws `InvalidQueueName` with the reason when it is none. */
  static parse(text: string): QueueName {
    const known = parsed.get(text);
    if (known) return known;
    const groups = pattern.exec(text)?.groups;
    if (!groups) throw new BeeHiveError("InvalidQueueName", `"${text}" is not a queue name: ${reason(text)}.`);
    const topic = groups["topic"] ?? "";
    const subscription = groups["subscription"];
    const name =
      subscription === undefined || subscription === topic
        ? QueueName.queue(topic)
        : subscription === ""
          ? QueueName.topic(topic)
          : new QueueName("subscription", topic, subscription);
    if (parsed.size < maxRemembered) parsed.set(text, name);
    return name;
  }

  /** The topic of that name: where its events are published. */
  static topic(name: string): QueueName {
    assertName(name);
    return new QueueName("topic", name, "");
  }

  /** The simple queue of that name. */
  static queue(name: string): QueueName {
    assertName(name);
    return new QueueName("queue", name, "");
  }

  /** Where its events are published: the topic of a subscription, else the name itself. */
  get destination(): QueueName {
    return this.#topic ?? this;
  }

  /** The one text for this address: a simple queue is `Queue`, never `Queue-Queue`. */
  toString(): string {
    return this.#text;
  }
}

/** A hive uses a handful of names for each of its events, so what was parsed is remembered, up to a bound. */
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
