import type { Clock } from "../../../src/base/clock.ts";
import { inMs } from "../../../src/base/duration.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import type { DeadLetter, DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import type {
  AbandonOptions,
  CancelChoice,
  LeaseRequest,
  KeyHolder,
  PeekRequest,
  QueueCounts,
  QueuedEvent,
  QueueOperator,
  QueueSpec,
} from "../../../src/contract/queue-operator.ts";
import type { Event } from "../../../src/events/event.ts";
import { identityOf } from "../../../src/events/output-id.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { keptIsNotCancelled, noDeadLetter, noDestination, noQueue } from "../../../src/provider-kit/errors.ts";
import { assertBodySize } from "../../../src/provider-kit/event-size.ts";
import type { MemoryConfig } from "../config.ts";
import { Destination } from "./destination.ts";
import type { MemoryLease, MemoryQueue } from "./queue.ts";
import { RecentIds } from "./recent-ids.ts";
import { MemoryTopicLog, type Tables } from "./topic-log.ts";

/** Calls its listeners in a microtask. */
const soon = Promise.resolve();

/**
 * Queues in the memory of this process, as strict as those of a cloud.
 *
 * A push to a missing topic is refused, bodies travel as text, leases expire and duplicates are dropped. A commit with
 * its outputs happens once or not at all.
 */
export class MemoryQueueOperator implements QueueOperator<MemoryLease> {
  readonly #clock: Clock;
  readonly #config: MemoryConfig;
  readonly #destinations = new Map<string, Destination>();
  /** All simple queues and subscriptions, by their names. */
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #recent: RecentIds;
  readonly log: MemoryTopicLog;
  #destinationsMade = 0;
  #closed = false;

  constructor(clock: Clock, config: MemoryConfig, tables: Tables) {
    this.#clock = clock;
    this.#config = config;
    this.#recent = new RecentIds(clock, inMs(config.deduplication));
    this.log = new MemoryTopicLog(clock, this.#destinations, tables);
  }

  problems(): readonly string[] {
    return [];
  }

  async ensure(queues: readonly QueueSpec[]): Promise<void> {
    // A topic is kept before its subscriptions are made: they may start in the past.
    for (const { name, keep } of queues) if (keep) this.#ensureDestination(name).keep(keep);
    for (const spec of queues) {
      const destination = this.#ensureDestination(spec.name);
      if (spec.name.kind !== "topic") this.#queues.set(String(spec.name), destination.ensure(spec));
    }
  }

  #ensureDestination(name: QueueName): Destination {
    const at = String(name.destination);
    let destination = this.#destinations.get(at);
    if (!destination) {
      destination = new Destination(++this.#destinationsMade, this.#clock);
      this.#destinations.set(at, destination);
    }
    return destination;
  }

  async missing(queues: readonly QueueSpec[]): Promise<readonly QueueName[]> {
    return queues.map(({ name }) => name).filter((name) => !this.#exists(name));
  }

  #exists(name: QueueName): boolean {
    const destination = this.#destinations.get(String(name.destination));
    return destination !== undefined && (name.kind === "topic" || destination.queues.has(name.subscription));
  }

  async delete(name: QueueName): Promise<void> {
    const destination = this.#destinations.get(String(name.destination));
    if (!destination) return;
    const gone = name.kind === "subscription" ? [name.subscription] : [...destination.queues.keys()];
    for (const subscription of gone) {
      const queue = destination.delete(subscription);
      if (queue) this.#queues.delete(queue.name.toString());
    }
    if (name.kind !== "subscription") this.#destinations.delete(String(name.destination));
  }

  async push(events: readonly Event[]): Promise<number> {
    const destinations = this.#destinationsOf(events);
    let dropped = 0;
    events.forEach((event, index) => {
      const destination = destinations[index] as Destination;
      if (this.#recent.add(destination.number, identityOf(event))) destination.publish(event);
      else dropped++;
    });
    return dropped;
  }

  lease(name: QueueName, request: LeaseRequest): Promise<MemoryLease[]> {
    return new Promise((resolve, reject) => {
      this.#look(name, undefined, request, Infinity, resolve, reject);
    });
  }

  /** Leases what is ready, or looks again when something is. One promise serves a call, however long it waits. */
  #look(
    name: QueueName,
    known: MemoryQueue | undefined,
    request: LeaseRequest,
    latest: number,
    resolve: (leases: MemoryLease[]) => void,
    reject: (error: unknown) => void,
  ): void {
    try {
      // The queue may have been deleted, and made again, during the wait.
      const queue = known && !known.isDeleted ? known : this.#queue(name);
      const { max, leaseMs, waitMs, signal } = request;
      if (queue.hasAborted(signal)) {
        queue.wakeNext();
        return resolve([]);
      }
      if (this.#closed) throw new BeeHiveError("InvalidState", "The memory provider is closed.");
      const now = this.#clock.now();
      // The wait gets no longer when the clock is put back.
      const until = Math.min(latest, now + waitMs);
      const leases = queue.take(max, leaseMs, now);
      if (leases.length > 0 || until <= now) return resolve(leases);
      // In a microtask, so that one look finds all events of a push.
      const again = (): void => this.#look(name, queue, request, until, resolve, reject);
      queue.wait({ until, signal, wake: () => void soon.then(again), place: -1 }, now);
    } catch (error) {
      reject(error);
    }
  }

  async renew(leases: readonly MemoryLease[], leaseMs: number): Promise<readonly boolean[]> {
    return leases.map((lease) => this.#queueOf(lease).renew(lease, leaseMs));
  }

  async commit(lease: MemoryLease, outputs: readonly Event[]): Promise<void> {
    this.commitStep(lease, outputs);
  }

  /**
   * Commits a step: its store writes, its outputs and its lease.
   *
   * Atomic because it is synchronous from the first check to the last change.
   *
   * @param lease `undefined` for a transaction outside of any actor.
   * @param applyWrites Writes to the stores. When it throws, nothing of the step happens.
   * @param cancelled The cancel keys of the step.
   * @param others The other leases of a batch, of the same queue.
   */
  commitStep(
    lease: MemoryLease | undefined,
    outputs: readonly Event[],
    applyWrites?: () => void,
    cancelled?: readonly string[],
    others?: readonly MemoryLease[],
  ): void {
    const queue = lease && this.#queueOf(lease);
    if (lease) queue?.assertHeld(lease);
    if (others) for (const other of others) queue?.assertHeld(other);
    const destinations = this.#destinationsOf(outputs);
    applyWrites?.();
    for (const key of cancelled ?? []) this.cancelNow({ key });
    this.#publish(outputs, destinations);
    if (lease) queue?.remove(lease);
    if (others) for (const other of others) queue?.remove(other);
  }

  async abandon(lease: MemoryLease, options: AbandonOptions): Promise<void> {
    const queue = this.#queueOf(lease);
    queue.assertHeld(lease);
    queue.abandon(lease, options);
  }

  async deadLetter(lease: MemoryLease, letter: DeadLetterRecord): Promise<void> {
    const queue = this.#queueOf(lease);
    queue.assertHeld(lease);
    queue.deadLetter(lease, letter);
  }

  async cancel(which: CancelChoice): Promise<number> {
    return this.cancelNow(which);
  }

  /** Cancels at once, for {@link cancel} and for steps. */
  cancelNow(which: CancelChoice): number {
    let cancelled = 0;
    for (const { queues } of this.#destinations.values())
      for (const queue of queues.values()) cancelled += queue.cancel(which);
    return cancelled;
  }

  async peek(name: QueueName, request: PeekRequest): Promise<readonly QueuedEvent[]> {
    return this.#queue(name).peek(request);
  }

  async purge(name: QueueName): Promise<number> {
    return this.#queue(name).purge();
  }

  async names(): Promise<readonly QueueName[]> {
    return [...this.#queues.values()].map(({ name }) => name);
  }

  async holders(name: QueueName): Promise<readonly KeyHolder[]> {
    return this.#queue(name).holders();
  }

  async oldest(name: QueueName): Promise<number | undefined> {
    return this.#queue(name).oldest();
  }

  async counts(name: QueueName): Promise<QueueCounts> {
    return this.#queue(name).counts();
  }

  async *deadLetters(name: QueueName): AsyncGenerator<DeadLetter, void, undefined> {
    yield* this.#queue(name).deadLetters();
  }

  async requeue(name: QueueName, id: string, mended?: Event): Promise<void> {
    if (mended) assertBodySize(mended, this.#config.maxEventBytes);
    if (!this.#queue(name).requeue(id, mended)) throw noDeadLetter(name, id);
  }

  async drop(name: QueueName, id: string): Promise<void> {
    if (!this.#queue(name).drop(id)) throw noDeadLetter(name, id);
  }

  close(): void {
    this.#closed = true;
    for (const queue of this.#queues.values()) queue.close();
  }

  #queue(name: QueueName): MemoryQueue {
    const queue = this.#queues.get(name.toString());
    if (queue) return queue;
    throw noQueue(name);
  }

  #queueOf({ queue }: MemoryLease): MemoryQueue {
    return queue.isDeleted ? this.#queue(queue.name) : queue;
  }

  /** Returns the destination of each event. Throws when one event cannot be published, so that none is. */
  #destinationsOf(events: readonly Event[]): readonly Destination[] {
    return events.map((event) => {
      if (!event.byReference) assertBodySize(event, this.#config.maxEventBytes);
      const destination = this.#destinations.get(event.queueName) ?? this.#destinationNamed(event.queueName);
      if (destination.log && event.cancelKey !== undefined) throw keptIsNotCancelled(event);
      return destination;
    });
  }

  /** Returns the destination for another form of its name, such as `Orders-Orders` for the queue `Orders`. */
  #destinationNamed(queueName: string): Destination {
    const name = QueueName.parse(queueName);
    const destination = this.#destinations.get(name.destination.toString());
    if (destination) return destination;
    throw noDestination(name);
  }

  /** Publishes the outputs of a step. Remembers no id that the hive gave: such an event is no duplicate. */
  #publish(outputs: readonly Event[], destinations: readonly Destination[]): void {
    outputs.forEach((event, index) => {
      const destination = destinations[index] as Destination;
      if (event.isNew || this.#recent.add(destination.number, identityOf(event))) destination.publish(event);
    });
  }
}
