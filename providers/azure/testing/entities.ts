import type { Clock } from "../../../src/base/clock.ts";
import type { Description } from "./description.ts";
import type { Filter } from "./filter.ts";
import { hasSession, Inlet } from "./inlet.ts";
import { withProperties } from "./message.ts";
import { MessageQueue } from "./queue.ts";
import type { AmqpMessage } from "./rhea.ts";

/** A queue with its dead letters, or a subscription. */
export class Receivable {
  readonly name: string;
  readonly description: Description;
  readonly queue: MessageQueue;
  readonly deadLetters: MessageQueue;

  constructor(name: string, description: Description, clock: Clock) {
    this.name = name;
    this.description = description;
    const settings = {
      lockMs: description.duration("LockDuration"),
      maxDeliveryCount: description.number("MaxDeliveryCount"),
      requiresSession: description.flag("RequiresSession"),
    };
    this.deadLetters = new MessageQueue({ ...settings, requiresSession: false }, clock);
    this.queue = new MessageQueue(settings, clock, (message) => this.deadLetters.enqueue(message, name));
  }

  close(): void {
    this.queue.close();
    this.deadLetters.close();
  }
}

export class Queue extends Receivable {
  readonly inlet: Inlet;

  constructor(name: string, description: Description, clock: Clock) {
    super(name, description, clock);
    this.inlet = new Inlet(
      clock,
      description.duplicateWindow(),
      (message) => this.queue.enqueue(message),
      this.queue.settings.requiresSession,
    );
  }

  override close(): void {
    this.inlet.close();
    super.close();
  }
}

export class Subscription extends Receivable {
  /** By name: the filter, and the rule as XML of the administration API. */
  readonly rules: Map<string, { readonly filter: Filter; readonly xml: string }> = new Map();

  matches(message: AmqpMessage): boolean {
    return [...this.rules.values()].some(({ filter }) => filter(message));
  }

  /** Dead-letters a message without a session in a subscription that requires sessions. A topic accepts it. */
  enqueue(message: AmqpMessage): void {
    if (!this.queue.settings.requiresSession || hasSession(message)) return this.queue.enqueue(message);
    const reason = {
      DeadLetterReason: "Session ID is null.",
      DeadLetterErrorDescription: "Session enabled entity doesn't allow a message whose session identifier is null.",
    };
    this.deadLetters.enqueue(withProperties(message, reason), this.name);
  }
}

export class Topic {
  readonly name: string;
  readonly description: Description;
  readonly inlet: Inlet;
  readonly subscriptions: Map<string, Subscription> = new Map();

  constructor(name: string, description: Description, clock: Clock) {
    this.name = name;
    this.description = description;
    this.inlet = new Inlet(clock, description.duplicateWindow(), (message) => this.#publish(message));
  }

  close(): void {
    this.inlet.close();
    for (const subscription of this.subscriptions.values()) subscription.close();
  }

  #publish(message: AmqpMessage): void {
    for (const subscription of this.subscriptions.values()) {
      if (subscription.matches(message)) subscription.enqueue(message);
    }
  }
}

/** The entities of a namespace. Names have no case. */
export class Namespace {
  readonly #entities = new Map<string, Queue | Topic>();

  get(name: string): Queue | Topic | undefined {
    return this.#entities.get(name.toLowerCase());
  }

  set(entity: Queue | Topic): void {
    this.#entities.set(entity.name.toLowerCase(), entity);
  }

  delete(name: string): void {
    this.get(name)?.close();
    this.#entities.delete(name.toLowerCase());
  }

  all(): Iterable<Queue | Topic> {
    return this.#entities.values();
  }

  subscription(topic: string, name: string): Subscription | undefined {
    const entity = this.get(topic);
    return entity instanceof Topic ? entity.subscriptions.get(name.toLowerCase()) : undefined;
  }

  /** Returns the messages at an address, `queue` or `topic/Subscriptions/name`, or of its dead-letter queue. */
  queueAt(address: string): MessageQueue | undefined {
    const deadLetters = /\/\$deadletterqueue$/i.test(address);
    const receivable = this.#receivableAt(address.replace(/\/\$deadletterqueue$/i, ""));
    return deadLetters ? receivable?.deadLetters : receivable?.queue;
  }

  /** Returns the inlet of a queue or topic. */
  inletAt(address: string): Inlet | undefined {
    return this.get(address)?.inlet;
  }

  close(): void {
    for (const entity of this.#entities.values()) entity.close();
  }

  #receivableAt(path: string): Receivable | undefined {
    const [, topic, subscription] = /^(.+)\/subscriptions\/([^/]+)$/i.exec(path) ?? [];
    if (topic !== undefined && subscription !== undefined) return this.subscription(topic, subscription);
    const entity = this.get(path);
    return entity instanceof Queue ? entity : undefined;
  }
}
