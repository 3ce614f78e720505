import { randomInt } from "node:crypto";
import type { Clock } from "../../../src/base/clock.ts";
import { inMs } from "../../../src/base/duration.ts";
import type { Logger } from "../../../src/base/logger.ts";
import type { DeadLetter, DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import type {
  AbandonOptions,
  CancelChoice,
  KeyHolder,
  LeaseRequest,
  PeekRequest,
  QueueCounts,
  QueuedEvent,
  QueueOperator,
  QueueSpec,
} from "../../../src/contract/queue-operator.ts";
import type { Transaction } from "../../../src/contract/transaction.ts";
import type { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { Batches } from "../../../src/provider-kit/batches.ts";
import { leaseLost, noDeadLetter } from "../../../src/provider-kit/errors.ts";
import { assertBodySizes } from "../../../src/provider-kit/event-size.ts";
import { assertHappened } from "../../../src/provider-kit/steps-under-way.ts";
import type { PostgresClient } from "../client.ts";
import type { PostgresConfig } from "../config.ts";
import type { ServerClock } from "../server-clock.ts";
import type { Commit, Outcome } from "./commits.ts";
import { Committing } from "./committing.ts";
import { oldestUnread, unreadCount } from "./log/lag.ts";
import { PostgresTopicLog } from "./log/topic-log.ts";
import { DeadLetters } from "./dead-letters.ts";
import { parametersOf, type PostgresLease } from "./lease.ts";
import { LeaseLoop } from "./lease-loop.ts";
import { Listener } from "./listener.ts";
import { Looking } from "./looking.ts";
import { Notices } from "./notices.ts";
import { keyHolders, messageCounts, oldestMessage } from "./state.ts";
import { Taking } from "./taking.ts";
import { Topology } from "./topology.ts";
import { Waiting } from "./waiting.ts";
import { PushWithin } from "./within.ts";
import { cancelMessages, peekMessages, purgeMessages } from "./withdrawing.ts";

/** The parts that the queues work with. */
export interface QueueParts {
  readonly client: PostgresClient;
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  readonly config: PostgresConfig;
  readonly logger: Logger;
  /** Called after each group of commits. */
  readonly onCommitted: () => void;
}

/** How often a follower looks while no notices arrive, in ms. */
const untoldMs = 250;

interface Abandoned {
  readonly lease: PostgresLease;
  readonly options: AbandonOptions;
}

/**
 * Queues in a schema that any number of processes share.
 *
 * A call resolves when its changes are on the disk of the server, as far as `durability` demands. A commit with its
 * outputs happens once or not at all.
 */
export class PostgresQueueOperator implements QueueOperator<PostgresLease> {
  readonly log: PostgresTopicLog;
  readonly #client: PostgresClient;
  readonly #clock: Clock;
  readonly #config: PostgresConfig;
  readonly #topology: Topology;
  readonly #waiting: Waiting;
  readonly #notices: Notices;
  readonly #listener: Listener;
  readonly #taking: Taking;
  readonly #looking: Looking;
  readonly #loop: LeaseLoop;
  readonly #committing: Committing;
  readonly #within: PushWithin;
  readonly #deadLetters: DeadLetters;
  readonly #abandoning = new Batches<Abandoned, boolean>((all) => this.#abandonAll(all), {
    maxEntries: 500,
    maxInFlight: 1,
  });
  /** Counts up from a random start, so that tokens of processes do not collide. */
  #nextToken: number = randomInt(2 ** 47) * 32;

  constructor({ client, clock, serverClock, config, logger, onCommitted }: QueueParts) {
    this.#client = client;
    this.#clock = clock;
    this.#config = config;
    this.#topology = new Topology(client);
    this.#deadLetters = new DeadLetters(client);
    this.#notices = new Notices(client, clock);
    const notices = this.#notices;
    this.#waiting = new Waiting(clock, (leases) => void this.#loop.giveBack(leases));
    const waiting = this.#waiting;
    this.#listener = new Listener(
      { client, clock, logger, onNotice: (payload) => this.#onNotice(payload), onListening: () => waiting.touchAll() },
      config.listen === "off",
    );
    const listener = this.#listener;
    const shared = { client, clock, serverClock, topology: this.#topology, waiting, notices };
    const token = (): number => this.#nextToken++;
    const process = (): number | null => listener.process;
    const pollMs = inMs(config.poll);
    this.log = new PostgresTopicLog({
      ...shared,
      waitMs: () => (listener.listening ? pollMs : Math.min(pollMs, untoldMs)),
      said: (id) => this.#said(id),
    });
    this.#taking = new Taking({ ...shared, token, process });
    this.#loop = new LeaseLoop({ ...shared, queues: this, listener, taking: this.#taking });
    this.#looking = new Looking({ ...shared, taking: this.#taking, listener, pollMs });
    const windowMs = inMs(config.deduplication);
    this.#within = new PushWithin({ ...shared, taking: this.#taking, windowMs });
    this.#committing = new Committing({ ...shared, token, process, windowMs, onCommitted });
  }

  problems(): readonly string[] {
    return [];
  }

  async ensure(queues: readonly QueueSpec[]): Promise<void> {
    await this.#topology.ensure(queues);
    this.#waiting.touchAll();
  }

  async missing(queues: readonly QueueSpec[]): Promise<readonly QueueName[]> {
    await this.#topology.read();
    const names: QueueName[] = [];
    for (const { name } of queues)
      if (
        !(await (name.kind === "topic" ? this.#topology.findDestination(name) : this.#topology.findSubscription(name)))
      )
        names.push(name);
    return names;
  }

  async delete(name: QueueName): Promise<void> {
    await this.#topology.delete(name);
    this.#waiting.touchAll();
  }

  async push(events: readonly Event[]): Promise<number | undefined> {
    assertBodySizes(events, this.#config.maxEventBytes);
    if (events.length === 0) return 0;
    const outcome = await this.#committing.commit({ lease: undefined, events, pushed: true, items: [] });
    return outcome.kind === "committed" ? outcome.dropped : undefined;
  }

  async pushWithin(transaction: Transaction, events: readonly Event[]): Promise<number> {
    assertBodySizes(events, this.#config.maxEventBytes);
    return await this.#within.push(transaction, events);
  }

  lease(name: QueueName, request: LeaseRequest): Promise<PostgresLease[]> {
    return this.#loop.lease(name, request);
  }

  async renew(leases: readonly PostgresLease[], leaseMs: number): Promise<readonly boolean[]> {
    if (leases.length === 0) return [];
    const sentAt = this.#clock.now();
    const values = [...parametersOf(leases), leaseMs];
    const { rows } = await this.#client.call<{ readonly n: number }>("renew_1", values, { soft: true });
    const held = new Set(rows.map(({ n }) => n));
    return leases.map((lease, index) => {
      const isHeld = held.has(index + 1);
      if (isHeld) lease.expiresAt = sentAt + leaseMs;
      return isHeld;
    });
  }

  async commit(lease: PostgresLease, outputs: readonly Event[]): Promise<void> {
    await this.commitStep({ lease, events: outputs, pushed: false, items: [] });
  }

  /** Commits a step, or changes of items alone. @throws BeeHiveError `LeaseLost`; a conflict is returned. */
  async commitStep(commit: Commit): Promise<Outcome> {
    assertBodySizes(commit.events, this.#config.maxEventBytes);
    commit.lease?.assertHeld(this.#clock.now());
    for (const lease of commit.others ?? []) lease.assertHeld(this.#clock.now());
    const outcome = await this.#committing.commit(commit);
    if (outcome.kind === "lease" && commit.lease) throw leaseLost(commit.lease);
    return outcome;
  }

  async abandon(lease: PostgresLease, options: AbandonOptions): Promise<void> {
    lease.assertHeld(this.#clock.now());
    if (!(await this.#abandoning.add({ lease, options }))) throw leaseLost(lease);
    if (options.delayMs > 0) return this.#waiting.touch(lease.subscription.id);
    this.#said(lease.subscription.id);
  }

  async #abandonAll(all: readonly Abandoned[]): Promise<boolean[]> {
    const values = [
      ...parametersOf(all.map(({ lease }) => lease)),
      all.map(({ options }) => Math.ceil(options.delayMs)),
      all.map(({ options }) => (options.countAttempt ? 0 : 1)),
    ];
    const { rows } = await this.#client.call<{ readonly n: number }>("abandon_1", values);
    const held = new Set(rows.map(({ n }) => n));
    return all.map((_, index) => held.has(index + 1));
  }

  async deadLetter(lease: PostgresLease, letter: DeadLetterRecord): Promise<void> {
    lease.assertHeld(this.#clock.now());
    await assertHappened(lease);
    if (!(await this.#deadLetters.add(lease, letter))) throw leaseLost(lease);
    if (lease.line !== null) this.#said(lease.subscription.id);
  }

  async cancel(which: CancelChoice): Promise<number> {
    const { count, freed } = await cancelMessages(this.#client, which);
    for (const subscription of new Set(freed)) this.#said(subscription);
    return count;
  }

  async peek(name: QueueName, request: PeekRequest): Promise<readonly QueuedEvent[]> {
    const subscription = await this.#topology.subscription(name);
    const found = await peekMessages(this.#client, subscription, request);
    if (!subscription.kept || found.length >= request.limit) return found;
    return [...found, ...(await this.log.peek(name, request, request.limit - found.length))];
  }

  async purge(name: QueueName): Promise<number> {
    return await purgeMessages(this.#client, await this.#topology.subscription(name));
  }

  names(): Promise<readonly QueueName[]> {
    return this.#topology.names();
  }

  async counts(name: QueueName): Promise<QueueCounts> {
    const subscription = await this.#topology.subscription(name);
    const [counts, unread, dead] = await Promise.all([
      messageCounts(this.#client, subscription),
      unreadCount(this.#client, subscription),
      this.#deadLetters.count(subscription),
    ]);
    return { ...counts, ready: counts.ready + unread, dead };
  }

  async oldest(name: QueueName): Promise<number | undefined> {
    const subscription = await this.#topology.subscription(name);
    const oldest = await oldestMessage(this.#client, subscription);
    return oldest ?? (await oldestUnread(this.#client, subscription));
  }

  async holders(name: QueueName): Promise<readonly KeyHolder[]> {
    return keyHolders(this.#client, await this.#topology.subscription(name));
  }

  async *deadLetters(name: QueueName): AsyncGenerator<DeadLetter, void, undefined> {
    yield* this.#deadLetters.list(await this.#topology.subscription(name));
  }

  async requeue(name: QueueName, id: string, mended?: Event): Promise<void> {
    if (mended) assertBodySizes([mended], this.#config.maxEventBytes);
    const subscription = await this.#topology.subscription(name);
    if (!(await this.#deadLetters.requeue(subscription, id, mended))) throw noDeadLetter(name, id);
    this.#said(subscription.id);
  }

  async drop(name: QueueName, id: string): Promise<void> {
    if (!(await this.#deadLetters.drop(await this.#topology.subscription(name), id))) throw noDeadLetter(name, id);
  }

  /** Returns the name of this process for the locks that it takes; `undefined` while its death could not be told. */
  async holder(): Promise<string | undefined> {
    this.#listener.start();
    const own = this.#listener.process;
    return own === null ? undefined : String(own);
  }

  /** Ends every waiting call, and the connection that listens. */
  async close(): Promise<void> {
    this.#looking.close();
    this.#within.close();
    this.#notices.close();
    await this.#loop.close();
    await this.#listener.close();
  }

  /** Wakes the polls of this process and of others. */
  #said(subscription: number): void {
    this.#waiting.touch(subscription);
    this.#notices.published(subscription, 1);
  }

  #onNotice(payload: string): void {
    const told = this.#notices.read(payload);
    if (told === "all") this.#waiting.touchAll();
    else for (const id of told ?? []) this.#told(Math.abs(id), id < 0);
  }

  #told(subscription: number, late: boolean): void {
    if (late) this.#taking.unbound(subscription);
    this.#waiting.touch(subscription);
  }
}
