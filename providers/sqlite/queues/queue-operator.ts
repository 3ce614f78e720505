import type { Clock } from "../../../src/base/clock.ts";
import { inMs } from "../../../src/base/duration.ts";
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
import type { QueueName } from "../../../src/events/queue-name.ts";
import { keptIsNotCancelled, noDeadLetter } from "../../../src/provider-kit/errors.ts";
import { assertBodySizes } from "../../../src/provider-kit/event-size.ts";
import { assertHappened } from "../../../src/provider-kit/steps-under-way.ts";
import type { SqliteConfig } from "../config.ts";
import type { SqliteClient } from "../file/client.ts";
import { UndoGroup } from "../file/group-commit.ts";
import { KeptTopics } from "./log/kept-topics.ts";
import { SqliteTopicLog } from "./log/topic-log.ts";
import { ClockWatch } from "./clock-watch.ts";
import { DeadLetters } from "./dead-letters.ts";
import { keyHolders } from "./key-holders.ts";
import { look } from "./look.ts";
import type { SqliteLease } from "./lease.ts";
import { readRow, rowOf } from "../../../src/provider-kit/event-row.ts";
import { isInLine, Messages, type TakenMessages } from "./messages.ts";
import { Processes } from "./processes.ts";
import { RecentIds } from "./recent-ids.ts";
import { Topology, type Subscription } from "./topology.ts";
import { UnreadableRows } from "../../../src/provider-kit/unreadable-rows.ts";
import { Waiting } from "./waiting.ts";
import { Withdrawing } from "./withdrawing.ts";

/** Events of the log that a peek searches for an id. */
const maxSearched = 10_000;
const none: TakenMessages = { leases: [], unreadable: [] };

/**
 * Queues in a file that several processes may share.
 *
 * A call resolves when its changes, leases included, are on disk, as far as `durability` demands. A killed process
 * loses its leases, see {@link Processes}, and nothing else. A commit with its outputs happens once or not at all.
 */
export class SqliteQueueOperator implements QueueOperator<SqliteLease> {
  readonly #client: SqliteClient;
  readonly #clock: Clock;
  readonly #config: SqliteConfig;
  readonly #topology: Topology;
  readonly #messages: Messages;
  readonly #deadLetters: DeadLetters;
  readonly #recent: RecentIds;
  readonly #waiting: Waiting;
  readonly #processes: Processes;
  readonly #unreadable: UnreadableRows;
  readonly #clockWatch: ClockWatch;
  readonly #withdrawing: Withdrawing;
  readonly log: SqliteTopicLog;

  constructor(client: SqliteClient, clock: Clock, config: SqliteConfig) {
    this.#client = client;
    this.#clock = clock;
    this.#config = config;
    this.#unreadable = new UnreadableRows(this, clock);
    this.#topology = new Topology(client);
    this.#processes = new Processes(client, clock, () => {
      this.#messages.forget();
      this.#waiting.wakeAll();
    });
    const kept = new KeptTopics(client);
    this.#messages = new Messages(client, clock, this.#processes, kept);
    this.#clockWatch = new ClockWatch(this.#messages, () => this.#waiting.wakeAll());
    this.#deadLetters = new DeadLetters(client);
    this.#recent = new RecentIds(client, inMs(config.deduplication));
    this.#waiting = new Waiting(client, clock, {
      onOthers: () => {
        this.#topology.forget();
        kept.forget();
        this.#recent.forget();
        this.#messages.forget();
        this.#processes.forget();
      },
      onLook: (now) => {
        this.#processes.glance(now);
        this.#clockWatch.glance(now);
      },
    });
    this.#withdrawing = new Withdrawing(client, this.#messages, this.#waiting);
    const [topology, messages, processes, waiting] = [this.#topology, this.#messages, this.#processes, this.#waiting];
    this.log = new SqliteTopicLog(client, clock, { kept, topology, messages, processes, waiting });
  }

  problems(): readonly string[] {
    return [];
  }

  async ensure(queues: readonly QueueSpec[]): Promise<void> {
    await this.#client.write(() => {
      for (const subscription of this.#topology.ensure(queues)) this.#messages.lineUp(subscription, this.#clock.now());
      this.log.ensure(queues);
    });
  }

  async missing(queues: readonly QueueSpec[]): Promise<readonly QueueName[]> {
    return queues
      .map(({ name }) => name)
      .filter((name) =>
        name.kind === "topic" ? !this.#topology.findDestination(name) : !this.#topology.findSubscription(name),
      );
  }

  async delete(name: QueueName): Promise<void> {
    await this.#client.write(() => {
      this.log.delete(name);
      for (const subscription of this.#topology.delete(name)) {
        this.#messages.deleteAll(subscription);
        this.#deadLetters.deleteAll(subscription);
        this.#waiting.touch(subscription);
      }
    });
  }

  async push(events: readonly Event[]): Promise<number> {
    assertBodySizes(events, this.#config.maxEventBytes);
    return await this.#client.write(() => {
      this.#assertDestinations(events);
      const now = this.#clock.now();
      let dropped = 0;
      for (const event of events) {
        if (this.#isFirst(event, now)) this.#enqueue(event, now);
        else dropped++;
      }
      return dropped;
    });
  }

  async lease(name: QueueName, { max, leaseMs, waitMs, signal }: LeaseRequest): Promise<SqliteLease[]> {
    let now = this.#clock.now();
    let giveUpAt = now + waitMs;
    for (;;) {
      // Another process may have deleted the queue.
      this.#waiting.glance(now);
      this.#processes.glance(now);
      this.#clockWatch.glance(now);
      const subscription = this.#topology.subscription(name);
      // Messages in line are not handed to waiters, so look for them in each group that commits anyway.
      if (this.#hasMore(subscription, now) || (subscription.ordered && this.#client.groupPending)) {
        const taken = await this.#client.write(() =>
          signal.aborted ? undefined : this.#take(subscription, max, leaseMs, this.#clock.now()),
        );
        const { leases, unreadable } = taken?.() ?? none;
        if (unreadable.length > 0) await this.#unreadable.settle(unreadable);
        if (leases.length > 0) return leases;
        now = this.#clock.now();
      }
      if (signal.aborted || now >= giveUpAt) return [];
      const until = Math.min(giveUpAt, this.#messages.nextDue(subscription));
      const handed = await this.#waiting.wait(subscription, { max, leaseMs, until, signal });
      if (handed.length > 0) return handed;
      now = this.#clock.now();
      // The wait gets no longer when the clock is put back.
      giveUpAt = Math.min(giveUpAt, now + waitMs);
    }
  }

  #hasMore(subscription: Subscription, now: number): boolean {
    return this.#messages.nextDue(subscription) <= now || this.log.hasUnread(subscription);
  }

  #take(subscription: Subscription, max: number, leaseMs: number, now: number): () => TakenMessages {
    this.log.fill(subscription, max, now);
    return this.#messages.take(subscription, max, leaseMs, now);
  }

  async renew(leases: readonly SqliteLease[], leaseMs: number): Promise<readonly boolean[]> {
    const renewed = await this.#client.write(() => {
      const now = this.#clock.now();
      return leases.map((lease) => this.#messages.renew(lease, now + leaseMs, now) && now + leaseMs);
    });
    return leases.map((lease, index) => {
      const until = renewed[index] ?? false;
      if (until !== false) lease.expiresAt = until;
      return until !== false;
    });
  }

  async commit(lease: SqliteLease, outputs: readonly Event[]): Promise<void> {
    await this.commitStep(lease, outputs, {});
  }

  /**
   * Commits a step: its store writes, its outputs and its lease, all or nothing.
   *
   * Without a lease it is a transaction outside of any actor; `others` are the other leases of a batch. `check` refuses
   * by throwing a `BeeHiveError`, `write` writes to the stores. Both run within the transaction, possibly several times.
   */
  commitStep(
    lease: SqliteLease | undefined,
    outputs: readonly Event[],
    { check, write }: { readonly check?: () => void; readonly write?: () => void },
    cancelled?: readonly string[],
    others: readonly SqliteLease[] = [],
  ): Promise<void> {
    assertBodySizes(outputs, this.#config.maxEventBytes);
    return this.#client.write(() => {
      check?.();
      this.#assertDestinations(outputs);
      const now = this.#clock.now();
      this.#messages.assertNoneEnded(others, now);
      if (lease) this.#remove(lease, now);
      for (const other of others) this.#remove(other, now);
      write?.();
      if (cancelled) for (const key of cancelled) this.#withdrawing.cancel({ key }, now);
      // An output that is new is no duplicate and is not remembered.
      for (const event of outputs) if (event.isNew || this.#isFirst(event, now)) this.#enqueue(event, now);
    });
  }

  async abandon(lease: SqliteLease, { delayMs, countAttempt }: AbandonOptions): Promise<void> {
    await this.#client.write(() => {
      this.#messages.abandon(lease, delayMs, countAttempt, this.#clock.now());
      this.#waiting.touch(lease.subscription);
    });
  }

  /** @throws ConcurrencyConflict if the step failed upon a change that was undone. The event is then delivered again. */
  async deadLetter(lease: SqliteLease, letter: DeadLetterRecord): Promise<void> {
    await assertHappened(lease);
    await this.#client.write(() => {
      const now = this.#clock.now();
      this.#messages.assertHeld(lease, now);
      this.#deadLetters.add(lease, letter);
      this.#remove(lease, now);
    });
  }

  async cancel(which: CancelChoice): Promise<number> {
    const prepared = this.#withdrawing.prepared(which);
    return await this.#client.write(() => this.#withdrawing.cancel(prepared, this.#clock.now()));
  }

  async peek(name: QueueName, request: PeekRequest): Promise<readonly QueuedEvent[]> {
    const subscription = this.#topology.subscription(name);
    const now = this.#clock.now();
    const found = look(this.#client, subscription, request, now);
    const left = request.limit - found.length;
    if (left <= 0) return found;
    const unread = await this.log.next(subscription, request.id === undefined ? left : maxSearched);
    const wanted = unread.filter(({ id }) => request.id === undefined || id === request.id).slice(0, left);
    return [...found, ...wanted.map((event): QueuedEvent => unreadEvent(event, now))];
  }

  async purge(name: QueueName): Promise<number> {
    return await this.#client.write(() => {
      const subscription = this.#topology.subscription(name);
      const unread = this.log.skip(subscription);
      return unread + this.#withdrawing.purge(subscription, this.#clock.now());
    });
  }

  async names(): Promise<readonly QueueName[]> {
    return this.#topology.names();
  }

  async counts(name: QueueName): Promise<QueueCounts> {
    const subscription = this.#topology.subscription(name);
    const counts = this.#messages.counts(subscription, this.#clock.now());
    const ready = counts.ready + this.log.unread(subscription);
    return { ...counts, ready, dead: this.#deadLetters.count(subscription) };
  }

  async oldest(name: QueueName): Promise<number | undefined> {
    const subscription = this.#topology.subscription(name);
    return this.#messages.oldest(subscription, this.#clock.now()) ?? this.log.oldestUnread(subscription);
  }

  async holders(name: QueueName): Promise<readonly KeyHolder[]> {
    return keyHolders(this.#client, this.#topology.subscription(name), this.#clock.now());
  }

  async *deadLetters(name: QueueName): AsyncGenerator<DeadLetter, void, undefined> {
    yield* this.#deadLetters.list(this.#topology.subscription(name));
  }

  async requeue(name: QueueName, id: string, mended?: Event): Promise<void> {
    if (mended) assertBodySizes([mended], this.#config.maxEventBytes);
    await this.#client.write(() => {
      const subscription = this.#topology.subscription(name);
      const row = this.#deadLetters.take(subscription, id);
      if (!row) throw noDeadLetter(name, id);
      const now = this.#clock.now();
      const { event, problem } = mended ? { event: mended, problem: undefined } : readRow(row, name.toString());
      if (problem) throw new UndoGroup(problem);
      this.#messages.add(subscription, event, mended ? rowOf(mended) : row, now, now);
      this.#waiting.touch(subscription);
    });
  }

  async drop(name: QueueName, id: string): Promise<void> {
    await this.#client.write(() => {
      if (!this.#deadLetters.take(this.#topology.subscription(name), id)) throw noDeadLetter(name, id);
    });
  }

  /** Returns the name of this process, see {@link Processes.holder}. */
  holder(): Promise<string | undefined> {
    return this.#processes.holder();
  }

  /** Removes this process from the file. Call before the last group is written. */
  leave(): void {
    this.#processes.leave();
  }

  /** Ends every waiting call. Call after the last group is written. */
  close(): void {
    this.#processes.close();
    this.#waiting.close();
  }

  #remove(lease: SqliteLease, now: number = this.#clock.now()): void {
    const { subscription, inLine } = lease;
    this.#messages.remove(lease, now);
    if (inLine) this.#waiting.touch(subscription);
  }

  /** Throws when one of the events has no destination, so that none is published. */
  #assertDestinations(events: readonly Event[]): void {
    for (const event of events) {
      const destination = this.#topology.destination(event);
      if (event.cancelKey !== undefined && this.log.keeps(destination)) throw keptIsNotCancelled(event);
    }
  }

  /** Remembers the id of an event. Returns false for a duplicate. */
  #isFirst(event: Event, now: number): boolean {
    return this.#recent.add(this.#topology.destination(event).id, identityOf(event), now);
  }

  #enqueue(event: Event, now: number): void {
    const destination = this.#topology.destination(event);
    const { subscriptions } = destination;
    if (this.log.publish(destination, event, now) || subscriptions.length === 0) return;
    const row = rowOf(event);
    const due = Math.max(now, event.enqueueTime?.getTime() ?? 0);
    for (const subscription of subscriptions) {
      const waiter = due <= now && !isInLine(subscription, event) ? this.#waiting.waiter(subscription) : undefined;
      if (waiter) this.#messages.hand(subscription, event, row, waiter, now);
      else {
        this.#messages.add(subscription, event, row, due, now);
        this.#waiting.touch(subscription);
      }
    }
  }
}

function unreadEvent(event: Event, now: number): QueuedEvent {
  const time = event.enqueueTime?.getTime() ?? 0;
  return { event, state: time > now ? "delayed" : "ready", dueAt: time > now ? time : undefined, attempts: 0 };
}
