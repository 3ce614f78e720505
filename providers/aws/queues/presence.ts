import type { Subscription } from "@aws-sdk/client-sns";
import type { Clock } from "../../../src/base/clock.ts";
import type { QueueSpec } from "../../../src/contract/queue-operator.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import type { Addresses } from "./addresses.ts";
import { deadNameOf, lastPartOf, queueNameOf } from "./names.ts";

/** How long a found queue counts as present, in ms. Probes come every few seconds, and each look-up costs a request. */
const believedMs = 60_000;

/** Lists the subscriptions of a topic. */
type ListSubscriptions = (name: QueueName) => Promise<readonly Subscription[]>;

/** Finds missing queues, topics and subscriptions, with read rights only. */
export class Presence {
  readonly #addresses: Addresses;
  readonly #prefix: string;
  readonly #clock: Clock;
  /** Time of the last look at each, in ms since the epoch. */
  readonly #seenAt = new Map<string, number>();

  constructor(addresses: Addresses, prefix: string, clock: Clock) {
    this.#addresses = addresses;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  /**
   * Returns the names that do not exist. Looks up only those not seen within a minute, and always one queue, because
   * AWS may not respond at all.
   */
  async missing(specs: readonly QueueSpec[]): Promise<readonly QueueName[]> {
    const since = this.#clock.now() - believedMs;
    const doubtful = specs.filter((spec) => (this.#seenAt.get(keyOf(spec)) ?? -Infinity) <= since);
    if (doubtful.length > 0) return await this.#look(doubtful);
    const probe = specs.find(({ name, publishedOnly }) => name.kind !== "topic" && !publishedOnly);
    if (probe && (await this.#hasQueue(queueNameOf(this.#prefix, probe.name, probe.ordered)))) return [];
    return await this.#look(specs);
  }

  /** Remembers specs as present. */
  seen(specs: readonly QueueSpec[]): void {
    for (const spec of specs) this.#seenAt.set(keyOf(spec), this.#clock.now());
  }

  /** Forgets all, after a deletion. */
  forget(): void {
    this.#seenAt.clear();
  }

  async #look(specs: readonly QueueSpec[]): Promise<readonly QueueName[]> {
    this.#addresses.forget();
    const lists = new Map<string, ReturnType<ListSubscriptions>>();
    const list: ListSubscriptions = (name) => {
      const listing = lists.get(name.topic) ?? this.#addresses.subscriptions(name);
      lists.set(name.topic, listing);
      return listing;
    };
    const there = await Promise.all(specs.map((spec) => this.#exists(spec, list)));
    this.seen(specs.filter((_, index) => there[index]));
    const missing = specs.filter((_, index) => !there[index]);
    for (const spec of missing) this.#seenAt.delete(keyOf(spec));
    return missing.map(({ name }) => name);
  }

  async #exists(spec: QueueSpec, list: ListSubscriptions): Promise<boolean> {
    const { name } = spec;
    if (name.kind === "topic") return (await this.#addresses.findTopics(name)).length > 0;
    const queueName = await this.#queueOf(spec);
    if (queueName === undefined || name.kind === "queue") return queueName !== undefined;
    return (await list(name)).some(({ Endpoint = "" }) => lastPartOf(Endpoint) === queueName);
  }

  /** Returns the name of a queue in SQS; `undefined` when it or its dead-letter queue is missing. */
  async #queueOf({ name, ordered, publishedOnly }: QueueSpec): Promise<string | undefined> {
    for (const kind of publishedOnly ? [false, true] : [ordered]) {
      const queueName = queueNameOf(this.#prefix, name, kind);
      if ((await this.#hasQueue(queueName)) && (await this.#hasQueue(deadNameOf(queueName)))) return queueName;
    }
    return undefined;
  }

  async #hasQueue(name: string): Promise<boolean> {
    this.#addresses.forget(name);
    return (await this.#addresses.find(name)) !== undefined;
  }
}

function keyOf({ name, ordered }: QueueSpec): string {
  return `${name} ${ordered}`;
}
