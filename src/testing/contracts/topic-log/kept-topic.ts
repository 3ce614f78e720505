import type { KeepRule, KeptEvent, StartPosition, TopicLog } from "../../../contract/topic-log.ts";
import type { Lease } from "../../../contract/queue-operator.ts";
import { Event, type EventOptions } from "../../../events/event.ts";
import { QueueName } from "../../../events/queue-name.ts";
import type { ContractSubject } from "../contract.ts";
import { eventually, patienceMs } from "../eventually.ts";

export const forEver: KeepRule = { forMs: Infinity, maxBytes: Infinity, compact: false, evenUnread: false };
const leaseMs = 60_000;

/** A new topic that keeps its events, for one case. Disposal ends the archiving, where there is any. */
export class KeptTopic implements AsyncDisposable {
  readonly name: QueueName;
  readonly #subject: ContractSubject;
  readonly #over = new AbortController();
  #archiving: Promise<void> | undefined;
  /** The number of events that the log has. */
  #pushed = 0;

  private constructor(subject: ContractSubject, name: QueueName) {
    this.#subject = subject;
    this.name = name;
  }

  static async make(subject: ContractSubject, rule: Partial<KeepRule> = {}): Promise<KeptTopic> {
    const topic = new KeptTopic(subject, QueueName.topic(subject.newName()));
    await topic.keep(rule);
    topic.#archiving = topic.log.archive?.([topic.name], topic.#over.signal);
    return topic;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#archiving;
  }

  get log(): TopicLog {
    return this.#subject.provider.queues.log as TopicLog;
  }

  async keep(rule: Partial<KeepRule>): Promise<void> {
    await this.#subject.provider.queues.ensure([
      { name: this.name, ordered: true, leaseMs, maxAttempts: 10, keep: { ...forEver, ...rule } },
    ]);
  }

  /** Makes a subscription that starts at `from`. */
  async subscribe(name: string, from?: StartPosition, ordered = false): Promise<QueueName> {
    const subscription = QueueName.parse(`${this.name}${name}`);
    await this.#subject.provider.queues.ensure([{ name: subscription, ordered, leaseMs, maxAttempts: 10, from }]);
    return subscription;
  }

  event(body?: unknown, options: EventOptions = {}): Event {
    return new Event("SomethingHappened", body, { queueName: this.name.toString(), ...options });
  }

  /** Publishes an event for each body, and waits for the log to have them. */
  async push(bodies: readonly unknown[], options?: EventOptions): Promise<void> {
    await this.#subject.provider.queues.push(bodies.map((body) => this.event(body, options)));
    await this.has(bodies.length);
  }

  /** Waits for the log to have more events. */
  async has(more: number): Promise<void> {
    const next = (this.#pushed += more);
    if (this.#archiving)
      await eventually("the log has the events", async () => (await this.log.range(this.name)).next >= next);
  }

  /** A time between two events after which {@link keepYounger} can tell them apart, in ms. */
  get apartMs(): number {
    return this.#archiving ? 2_000 : 300;
  }

  /** Keeps events that are younger than the one at a position. */
  async keepYounger(position: number, rule: Partial<KeepRule> = {}): Promise<void> {
    const [kept] = await this.read(position);
    await this.keep({ ...rule, forMs: Date.now() - (kept?.published ?? NaN) });
  }

  /** A number of events beyond a page of most providers, which a cloud takes its time for. */
  get many(): number {
    return this.#archiving ? 25 : 120;
  }

  /** Returns bodies in the order to compare: as they are, where the log orders them across keys. */
  inOrder(bodies: readonly unknown[]): unknown[] {
    const { log } = this.#subject.provider.capabilities;
    return log === true ? [...bodies] : bodies.toSorted((one, other) => Number(one) - Number(other));
  }

  /** Returns all kept events from a position on. */
  read(from = 0, key?: string): Promise<readonly KeptEvent[]> {
    return this.log.read(this.name, { from, limit: 10_000, key });
  }

  /** Waits for a number of leases of a subscription. */
  async take(subscription: QueueName, count: number): Promise<Lease[]> {
    const leases: Lease[] = [];
    await eventually(`${count} events on ${subscription}`, async () => {
      leases.push(...(await this.poll(subscription, count - leases.length, 1_000)));
      return leases.length >= count;
    });
    return leases;
  }

  poll(name: QueueName, max: number, waitMs: number): Promise<Lease[]> {
    const { signal } = new AbortController();
    return this.#subject.provider.queues.lease(name, { max, leaseMs, waitMs, signal });
  }

  /** Leases and commits until nothing is ready, or for a while until so many events came. Returns the bodies. */
  async drain(subscription: QueueName, expected = 0): Promise<unknown[]> {
    const bodies: unknown[] = [];
    const giveUpAt = Date.now() + patienceMs;
    for (;;) {
      const leases = await this.poll(subscription, 50, bodies.length === 0 ? 1_000 : 200);
      if (leases.length === 0 && (bodies.length >= expected || Date.now() > giveUpAt)) return bodies;
      bodies.push(...leases.map(({ event }) => event.getBody()));
      for (const lease of leases) await this.#subject.provider.queues.commit(lease, []);
    }
  }
}

export function bodiesOf(events: readonly { readonly event: Event }[]): unknown[] {
  return events.map(({ event }) => (event.bodySize === 0 ? undefined : event.getBody()));
}

/** Sorts bodies as texts. */
export function compareBodies(one: unknown, other: unknown): number {
  return String(one) < String(other) ? -1 : 1;
}
