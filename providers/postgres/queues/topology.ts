import type { QueueSpec } from "../../../src/contract/queue-operator.ts";
import type { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { noDestination, noQueue } from "../../../src/provider-kit/errors.ts";
import type { PostgresClient } from "../client.ts";
import { ruleText, startOf } from "./log/parameters.ts";

/** A topic or simple queue that events are pushed to. */
export interface Destination {
  readonly id: number;
  /** True if the topic keeps its events: they go into the log, where subscriptions read them. */
  readonly kept: boolean;
  readonly subscriptions: Subscription[];
}

/** A subscription, which gets a copy of each event. A simple queue is its own only subscription. */
export interface Subscription {
  readonly id: number;
  readonly name: QueueName;
  readonly ordered: boolean;
  /** True if the subscription reads the log of its topic. */
  readonly kept: boolean;
}

/** Returns the number under which those wait who follow the log of a topic. Subscriptions have positive ones. */
export function followersOf(destination: number): number {
  return -destination;
}

/** Returns the numbers of all who read the log of a topic. */
export function readersOf({ id, subscriptions }: Destination): readonly number[] {
  return [followersOf(id), ...subscriptions.map((subscription) => subscription.id)];
}

interface TopologyRow {
  readonly version: number;
  readonly destination: number | null;
  readonly at: string | null;
  readonly kept: boolean;
  readonly id: number | null;
  readonly name: string | null;
  readonly ordered: boolean | null;
}

/**
 * The destinations and subscriptions, as this process last read them.
 *
 * Each change has a version. Functions compare it with the `version` that they are given, so that a process with an old
 * copy reads it again before anything happens.
 */
export class Topology {
  readonly #client: PostgresClient;
  #destinations = new Map<string, Destination>();
  #subscriptions = new Map<string, Subscription>();
  /** 0 until it is read: no version of the server is. */
  #version = 0;
  #reading: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(client: PostgresClient) {
    this.#client = client;
  }

  get version(): number {
    return this.#version;
  }

  /** @throws BeeHiveError `QueueNotFound`. */
  async subscription(name: QueueName): Promise<Subscription> {
    const found = await this.findSubscription(name);
    if (found) return found;
    throw noQueue(name);
  }

  findSubscription(name: QueueName): Promise<Subscription | undefined> {
    return this.#find(() => this.#subscriptions.get(name.toString()));
  }

  findDestination(name: QueueName): Promise<Destination | undefined> {
    return this.#find(() => this.#destinations.get(String(name.destination)));
  }

  /** Returns the destination of an event in the copy of this process. */
  knownDestination({ queueName }: Event): Destination | undefined {
    return this.#destinations.get(queueName) ?? this.#destinations.get(String(QueueName.parse(queueName).destination));
  }

  /** Makes sure that the copy has the destination of each event. @throws BeeHiveError `QueueNotFound`. */
  async assertDestinations(events: readonly Event[]): Promise<void> {
    for (const event of events) {
      if (this.#destinations.has(event.queueName)) continue;
      const name = QueueName.parse(event.queueName);
      if (!(await this.findDestination(name))) throw noDestination(name);
    }
  }

  /** Returns the names of all subscriptions and queues. */
  async names(): Promise<QueueName[]> {
    await this.read();
    return [...this.#subscriptions.values()].map(({ name }) => name);
  }

  async ensure(specs: readonly QueueSpec[]): Promise<void> {
    if (specs.length === 0) return this.#client.ready();
    const readers = specs.filter(({ name }) => name.kind !== "topic");
    const kept = specs.flatMap(({ name, keep }) => (keep ? [{ name, rule: ruleText(keep) }] : []));
    const starts = readers.map(({ from = "now" }) => startOf(from));
    await this.#client.call("ensure_2", [
      this.#client.lockKey,
      specs.map(({ name }) => String(name.destination)),
      readers.map(({ name }) => name.toString()),
      readers.map(({ name }) => String(name.destination)),
      readers.map(({ ordered }) => ordered),
      starts.map(({ from }) => from),
      starts.map(({ at }) => at),
      kept.map(({ name }) => String(name.destination)),
      kept.map(({ rule }) => rule),
    ]);
    await this.read();
  }

  async delete(name: QueueName): Promise<void> {
    const destination = name.kind === "subscription" ? null : String(name.destination);
    await this.#client.call("delete_2", [destination, name.kind === "subscription" ? name.toString() : null]);
    await this.read();
  }

  /** Looks something up, and reads again if it is missing, as another process may have made it. */
  async #find<T>(find: () => T | undefined): Promise<T | undefined> {
    const found = find();
    if (found) return found;
    await this.read();
    return find();
  }

  /** Reads the topology. Calls that come meanwhile share the next reading: it begins after them. */
  read(): Promise<void> {
    if (!this.#reading) return this.#begin();
    return (this.#next ??= this.#reading.then(
      () => this.#begin(),
      () => this.#begin(),
    ));
  }

  #begin(): Promise<void> {
    this.#next = undefined;
    const reading = this.#read().finally(() => {
      this.#reading = undefined;
    });
    return (this.#reading = reading);
  }

  async #read(): Promise<void> {
    const { rows } = await this.#client.query<TopologyRow>(
      `SELECT h.topology AS version, d.id AS destination, d.name AS at, k.destination IS NOT NULL AS kept, s.id, s.name, s.ordered
        FROM beehive.hive h LEFT JOIN beehive.destinations d ON true
        LEFT JOIN beehive.kept_topics k ON k.destination = d.id
        LEFT JOIN beehive.subscriptions s ON s.destination = d.id ORDER BY s.id`,
    );
    const destinations = new Map<string, Destination>();
    const subscriptions = new Map<string, Subscription>();
    for (const { destination, at, kept, id, name, ordered } of rows) {
      if (destination === null || at === null) continue;
      const found = destinations.get(at) ?? { id: destination, kept, subscriptions: [] };
      destinations.set(at, found);
      if (id === null || name === null) continue;
      const subscription = { id, name: QueueName.parse(name), ordered: ordered === true, kept };
      subscriptions.set(name, subscription);
      found.subscriptions.push(subscription);
    }
    this.#destinations = destinations;
    this.#subscriptions = subscriptions;
    this.#version = rows[0]?.version ?? 0;
  }
}
