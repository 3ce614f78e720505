import type { QueueSpec } from "../../../src/contract/queue-operator.ts";
import type { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { noDestination, noQueue } from "../../../src/provider-kit/errors.ts";
import type { SqliteClient } from "../file/client.ts";
import type { Statement } from "../file/driver.ts";

/** A topic or simple queue that events are pushed to. */
export interface Destination {
  readonly id: number;
  readonly subscriptions: Subscription[];
}

/** A subscription, which gets a copy of each event. A simple queue is its own only subscription. */
export interface Subscription {
  readonly id: number;
  readonly name: QueueName;
  readonly ordered: boolean;
}

/** The destinations and subscriptions of the file, cached until a process changes them. */
export class Topology {
  readonly #client: SqliteClient;
  readonly #insertDestination: Statement;
  readonly #insertSubscription: Statement;
  readonly #deleteDestination: Statement;
  readonly #deleteSubscription: Statement;
  readonly #destinations = new Map<string, Destination>();
  readonly #subscriptions = new Map<string, Subscription>();
  #stale = true;

  constructor(client: SqliteClient) {
    this.#client = client;
    this.#insertDestination = client.prepare("INSERT INTO destinations (name) VALUES (?) ON CONFLICT DO NOTHING");
    this.#insertSubscription = client.prepare(
      "INSERT INTO subscriptions (name, destination, ordered) SELECT ?, id, ? FROM destinations WHERE name = ? " +
        "ON CONFLICT (name) DO UPDATE SET ordered = excluded.ordered",
    );
    this.#deleteDestination = client.prepare("DELETE FROM destinations WHERE name = ?");
    this.#deleteSubscription = client.prepare("DELETE FROM subscriptions WHERE id = ?");
    client.addHooks({ rolledBack: () => this.forget() });
  }

  /** Reads everything again before the next lookup, because another process may have changed it. */
  forget(): void {
    this.#stale = true;
  }

  /** @throws BeeHiveError `QueueNotFound`. */
  subscription(name: QueueName): Subscription {
    const found = this.findSubscription(name);
    if (found) return found;
    throw noQueue(name);
  }

  /** Returns the destination of an event. @throws BeeHiveError `QueueNotFound`. */
  destination(event: Event): Destination {
    const known = this.#stale ? undefined : this.#destinations.get(event.queueName);
    if (known) return known;
    const name = QueueName.parse(event.queueName);
    const found = this.findDestination(name);
    if (found) return found;
    throw noDestination(name);
  }

  findSubscription(name: QueueName): Subscription | undefined {
    return this.#find(() => this.#subscriptions.get(name.toString()));
  }

  findDestination(name: QueueName): Destination | undefined {
    return this.#find(() => this.#destinations.get(String(name.destination)));
  }

  /** Looks something up, and reads the file again if it is missing, as another process may have created it. */
  #find<T>(find: () => T | undefined): T | undefined {
    if (this.#stale) this.#read();
    const found = find();
    if (found) return found;
    this.#read();
    return find();
  }

  /** Returns the names of all subscriptions and queues. */
  names(): QueueName[] {
    this.#read();
    return [...this.#subscriptions.values()].map(({ name }) => name);
  }

  /** Creates missing queues. Returns the subscriptions that become ordered. Call within a group. */
  ensure(specs: readonly QueueSpec[]): readonly Subscription[] {
    if (this.#stale) this.#read();
    const unordered = new Map([...this.#subscriptions].filter(([, { ordered }]) => !ordered));
    for (const { name, ordered } of specs) {
      this.#insertDestination.run([String(name.destination)]);
      if (name.kind !== "topic")
        this.#insertSubscription.run([name.toString(), ordered ? 1 : 0, String(name.destination)]);
    }
    this.forget();
    return specs.filter(({ ordered }) => ordered).flatMap(({ name }) => unordered.get(name.toString()) ?? []);
  }

  /** Deletes a queue. Returns the subscriptions deleted with it. Call within a group. */
  delete(name: QueueName): readonly Subscription[] {
    const subscription = this.findSubscription(name);
    const gone = name.kind === "topic" ? this.findDestination(name)?.subscriptions : subscription && [subscription];
    for (const { id } of gone ?? []) this.#deleteSubscription.run([id]);
    if (name.kind !== "subscription") this.#deleteDestination.run([String(name.destination)]);
    this.forget();
    return gone ?? [];
  }

  #read(): void {
    const destinations = this.#client.query<{ id: number; name: string }>("SELECT id, name FROM destinations");
    const subscriptions = this.#client.query<{ id: number; name: string; at: string; ordered: number }>(
      "SELECT s.id, s.name, d.name AS at, ordered FROM subscriptions s JOIN destinations d ON d.id = destination " +
        "ORDER BY s.id",
    );
    this.#destinations.clear();
    this.#subscriptions.clear();
    for (const { id, name } of destinations.all([])) this.#destinations.set(name, { id, subscriptions: [] });
    for (const { id, name, at, ordered } of subscriptions.all([])) {
      const subscription = { id, name: QueueName.parse(name), ordered: ordered === 1 };
      this.#subscriptions.set(name, subscription);
      this.#destinations.get(at)?.subscriptions.push(subscription);
    }
    this.#stale = false;
  }
}
