import assert from "node:assert/strict";
import { Event, type EventOptions } from "../../events/event.ts";
import { QueueName } from "../../events/queue-name.ts";
import type { DeadLetter, DeadLetterRecord } from "../../contract/dead-letter.ts";
import type { AbandonOptions, Lease, QueueCounts, QueueOperator, QueueSpec } from "../../contract/queue-operator.ts";
import { listOf } from "./assertions.ts";
import type { ContractSubject } from "./contract.ts";
import { eventually, quietMs } from "./eventually.ts";

/** A lease that outlives every case, in ms. */
const neverEnds = 60_000;

interface ScratchOptions {
  readonly ordered?: boolean;
  /** The length of leases. @default longer than a case */
  readonly leaseMs?: number;
}

export function specOf(name: QueueName, { ordered = false, leaseMs = neverEnds }: ScratchOptions = {}): QueueSpec {
  return { name, ordered, leaseMs, maxAttempts: 10 };
}

/** A new queue, or a subscription of a new topic, for one case. */
export class ScratchQueue {
  readonly name: QueueName;
  readonly #queues: QueueOperator;
  readonly #leaseMs: number;

  private constructor(queues: QueueOperator, { name, leaseMs }: QueueSpec) {
    this.name = name;
    this.#queues = queues;
    this.#leaseMs = leaseMs;
  }

  /** Creates a simple queue. */
  static async make({ provider, newName }: ContractSubject, options?: ScratchOptions): Promise<ScratchQueue> {
    const spec = specOf(QueueName.queue(newName()), options);
    await provider.queues.ensure([spec]);
    return new ScratchQueue(provider.queues, spec);
  }

  /** Creates a topic with two subscriptions. */
  static async pair(
    { provider, newName }: ContractSubject,
    options?: ScratchOptions,
  ): Promise<[ScratchQueue, ScratchQueue]> {
    const topic = newName();
    const first = specOf(QueueName.parse(`${topic}-First`), options);
    const second = specOf(QueueName.parse(`${topic}-Second`), options);
    await provider.queues.ensure([specOf(QueueName.topic(topic)), first, second]);
    return [new ScratchQueue(provider.queues, first), new ScratchQueue(provider.queues, second)];
  }

  /** Creates subscriptions, and their topics. */
  static async all({ provider }: ContractSubject, names: readonly QueueName[]): Promise<ScratchQueue[]> {
    const specs = names.map((name) => specOf(name));
    await provider.queues.ensure([...names.map((name) => specOf(QueueName.topic(name.topic))), ...specs]);
    return specs.map((spec) => new ScratchQueue(provider.queues, spec));
  }

  /** The destination of its events. */
  get destination(): string {
    return this.name.kind === "queue" ? this.name.topic : `${this.name.topic}-`;
  }

  event(body?: unknown, options: EventOptions = {}): Event {
    return new Event("SomethingHappened", body, { queueName: this.destination, ...options });
  }

  /** Publishes an event with that body and returns it. */
  async push(body?: unknown, options?: EventOptions): Promise<Event> {
    const event = this.event(body, options);
    await this.#queues.push([event]);
    return event;
  }

  lease(max: number, waitMs: number, signal: AbortSignal = new AbortController().signal): Promise<readonly Lease[]> {
    return this.#queues.lease(this.name, { max, leaseMs: this.#leaseMs, waitMs, signal });
  }

  /** Waits for a number of leases and returns them. */
  async take(count: number): Promise<Lease[]> {
    const leases: Lease[] = [];
    await eventually(`${count} events on ${this.name}, there were ${leases.length}`, async () => {
      leases.push(...(await this.lease(count - leases.length, 1_000)));
      return leases.length >= count;
    });
    return leases;
  }

  async takeOne(): Promise<Lease> {
    const [lease] = await this.take(1);
    assert.ok(lease);
    return lease;
  }

  /** Asserts that nothing is delivered. */
  async assertSilent(): Promise<void> {
    const leases = await this.lease(10, quietMs);
    assert.deepEqual(
      leases.map(({ event }) => event.body),
      [],
      `nothing is to be delivered from ${this.name}`,
    );
  }

  commit(lease: Lease, outputs: readonly Event[] = []): Promise<void> {
    return this.#queues.commit(lease, outputs);
  }

  abandon(lease: Lease, options: Partial<AbandonOptions> = {}): Promise<void> {
    return this.#queues.abandon(lease, { delayMs: 0, countAttempt: true, ...options });
  }

  deadLetter(lease: Lease, changes?: Partial<DeadLetterRecord>): Promise<void> {
    return this.#queues.deadLetter(lease, letterFor(lease, changes));
  }

  /** Waits for a number of dead letters and returns them. */
  deadLetters(count: number): Promise<DeadLetter[]> {
    return eventually(`${count} dead letters on ${this.name}`, async () => {
      const letters = await listOf(this.#queues.deadLetters(this.name));
      return letters.length === count && letters;
    });
  }

  /** Waits for these counts. Some clouds report them late, and none can separate all waiting events. */
  async assertCounts({ waiting, dead }: { readonly waiting: number; readonly dead: number }): Promise<void> {
    let last: QueueCounts | undefined;
    await eventually(`${waiting} waiting and ${dead} dead on ${this.name}`, async () => {
      last = await this.#queues.counts(this.name);
      return last.ready + last.leased + last.delayed === waiting && last.dead === dead;
    });
  }
}

/** Returns a record as the loop makes them. */
export function letterFor(
  { event, queueName, attempt, firstSeen }: Lease,
  changes: Partial<DeadLetterRecord> = {},
): DeadLetterRecord {
  return {
    event,
    reason: "failed once too often: “düster” 💥",
    errorName: "TypeError",
    errorMessage: "no such thing",
    stack: "TypeError: no such thing\n    at somewhere (file.js:1:2)",
    actor: "SomeActor",
    subscription: queueName.toString(),
    attempts: attempt,
    firstSeen: new Date(firstSeen),
    lastSeen: new Date(firstSeen + 1_234),
    ...changes,
  };
}
