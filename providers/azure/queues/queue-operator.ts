import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { Clock } from "../../../src/base/clock.ts";
import { BeeHiveError, isBeeHiveError } from "../../../src/base/errors.ts";
import { deadLetterOf, type DeadLetter, type DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import type {
  AbandonOptions,
  CancelChoice,
  LeaseRequest,
  PeekRequest,
  QueueCounts,
  QueuedEvent,
  QueueOperator,
  QueueSpec,
} from "../../../src/contract/queue-operator.ts";
import type { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import {
  ArchivedLog,
  withArchives,
  type ArchiveParts,
  type EventCopy,
} from "../../../src/provider-kit/archive/index.ts";
import type { CancelRegistry } from "../../../src/provider-kit/cancel-registry.ts";
import type { AzureClients } from "../client.ts";
import type { AzureConfig } from "../config.ts";
import { isSessionMismatch, translate, translateErrors } from "../errors.ts";
import type { ServiceBusPlace } from "../places.ts";
import { limitWaits } from "../sdk/connection-waits.ts";
import { receiveExactly } from "../sdk/exact-types.ts";
import { ClaimCheck } from "./claim-check.ts";
import { DeadLetters } from "./dead-letters.ts";
import { entityPathProblems } from "./entity-path.ts";
import { AzureLease } from "./lease.ts";
import { copyId, isForOthers, redeliveryStateOf } from "./message.ts";
import { Names } from "./names.ts";
import { OrderedQueues } from "./ordered-queues.ts";
import { Publisher } from "./publisher.ts";
import type { Reader } from "./reader.ts";
import { Readers } from "./readers.ts";
import { isForGood } from "./reading.ts";
import { withoutSession } from "./session-id.ts";
import { Settlement } from "./settlement.ts";
import type { Source } from "./source.ts";
import { Throttling } from "./throttling.ts";
import { madeWithoutSessions, Topology, topologyProblems } from "./topology.ts";
import { Withdrawing } from "./withdrawing.ts";

/** Events that a purge takes at once, and for how long it leases them, in ms. */
const purgedAtOnce = 100;
const purgeLeaseMs = 30_000;
/** The delay of an event whose body cannot be fetched at the moment, in ms. */
const unreadableDelayMs = 5_000;

/**
 * Queues, topics and subscriptions of Service Bus. A lease is a peek-lock.
 *
 * A commit pushes the outputs, then completes the message. A crash between the two repeats the outputs under the same
 * ids, and duplicate detection drops them.
 */
export class AzureQueueOperator implements QueueOperator<AzureLease> {
  readonly log: ArchivedLog;
  readonly #clock: Clock;
  readonly #place: ServiceBusPlace;
  readonly #pollMs: number;
  readonly #minLockMs: number;
  readonly #claims: ClaimCheck;
  readonly #cancels: CancelRegistry;
  readonly #withdrawing: Withdrawing;
  readonly #names: Names;
  readonly #topology: Topology;
  readonly #publisher: Publisher;
  readonly #readers: Readers;
  readonly #ordered: OrderedQueues;
  readonly #settlement: Settlement;
  readonly #deadLetters: DeadLetters;
  readonly #throttling: Throttling;
  #closed = false;

  constructor(
    clients: AzureClients,
    config: AzureConfig,
    {
      stores,
      cancels,
      clock,
      logger,
    }: Pick<ArchiveParts, "stores" | "clock" | "logger"> & { readonly cancels: CancelRegistry },
  ) {
    const claims = new ClaimCheck(stores);
    const { serviceBus, administration } = clients;
    this.#clock = clock;
    this.#place = config.serviceBus;
    this.#pollMs = config.poll;
    this.#minLockMs = config.minLock;
    this.#claims = claims;
    this.#cancels = cancels;
    this.#names = new Names(config.queuePrefix);
    this.#topology = new Topology(administration, this.#names, config, clock);
    limitWaits(serviceBus, config.tryTimeout);
    receiveExactly(serviceBus);
    this.#throttling = new Throttling();
    this.#throttling.watchClients(clients);
    this.#publisher = new Publisher(serviceBus, this.#names, config.claimCheck ? claims : undefined, this.#throttling);
    this.#readers = new Readers(serviceBus, this.#names, clock, config.tryTimeout);
    this.#ordered = new OrderedQueues(serviceBus, this.#names, config, { publisher: this.#publisher, clock });
    this.#settlement = new Settlement({ publisher: this.#publisher, throttling: this.#throttling, clock });
    this.#withdrawing = new Withdrawing(serviceBus, this.#names, claims);
    this.#deadLetters = new DeadLetters(serviceBus, this.#names, clock, config.tryTimeout, claims);
    this.log = new ArchivedLog({
      stores,
      queues: this,
      send: (to, copies) => this.sendCopies(to, copies),
      clock,
      logger,
      delayMs: config.logDelay,
    });
  }

  problems(queues: readonly QueueSpec[]): readonly string[] {
    const names = queues.map(({ name }) => name);
    return [...entityPathProblems(this.#place, names, this.#names), ...topologyProblems(queues, this.#names)];
  }

  async ensure(queues: readonly QueueSpec[]): Promise<void> {
    this.#ordered.remember(queues);
    await this.log.ensure(queues, (all) => this.#topology.ensure(all));
  }

  /**
   * Opens links, which needs only the rights to send and to receive.
   */
  async missing(queues: readonly QueueSpec[]): Promise<readonly QueueName[]> {
    this.#ordered.remember(queues);
    const found = await Promise.all(
      withArchives(queues).map(async (spec) => ((await this.#exists(spec)) ? [] : [spec.name])),
    );
    return found.flat();
  }

  async #exists({ name, ordered }: QueueSpec): Promise<boolean> {
    try {
      if (name.kind === "topic") await this.#publisher.assertReachable(name);
      else {
        await this.#readers.assertReachable(name);
        if (ordered && !(await this.#readers.hasSessions(name))) throw madeWithoutSessions(name);
      }
      return true;
    } catch (error) {
      if (isBeeHiveError(error, "QueueNotFound")) return false;
      throw error;
    }
  }

  async delete(name: QueueName): Promise<void> {
    await this.#topology.delete(name);
    await this.log.forget(name);
  }

  /** Returns `undefined`, because Service Bus does not report the duplicates that it drops. */
  async push(events: readonly Event[]): Promise<undefined> {
    if (events.some(({ cancelKey }) => cancelKey !== undefined)) await this.#cancels.register(events);
    await this.#publisher.push(events);
  }

  async lease(name: QueueName, request: LeaseRequest): Promise<AzureLease[]> {
    if (name.kind === "topic")
      throw new BeeHiveError("QueueNotFound", `"${name}" is a topic; events are leased from a subscription of it.`);
    if (this.#closed) throw new BeeHiveError("InvalidState", "The Azure provider is closed.");
    return await this.#throttling.countRefusals("receive", this.#lease(name, request));
  }

  async #lease(name: QueueName, request: LeaseRequest): Promise<AzureLease[]> {
    if (this.#ordered.has(name)) return await this.#leaseInOrder(name, request);
    try {
      return await this.#leaseInAnyOrder(name, request);
    } catch (error) {
      // Another process made the queue with sessions.
      if (!isSessionMismatch(error)) throw error;
      this.#ordered.add(name);
      return await this.#leaseInOrder(name, request);
    }
  }

  async #leaseInOrder(name: QueueName, { max, leaseMs, waitMs, signal }: LeaseRequest): Promise<AzureLease[]> {
    try {
      const found = await this.#ordered.lease(name, leaseMs, max, this.#clock.now() + waitMs, signal);
      return await fulfilledLeases(
        found.map(async ({ message, session }) => {
          try {
            return await this.#leaseFrom(session, message, name, leaseMs);
          } catch (error) {
            await session.close();
            throw error;
          }
        }),
      );
    } catch (error) {
      if (isSessionMismatch(error)) throw madeWithoutSessions(name);
      throw translate(error, `receive from ${name}`);
    }
  }

  async #leaseInAnyOrder(name: QueueName, { max, leaseMs, waitMs, signal }: LeaseRequest): Promise<AzureLease[]> {
    const deadline = this.#clock.now() + waitMs;
    return await this.#readers.use(name, async (reader) => {
      for (;;) {
        const messages = await translateErrors(`receive from ${name}`, () =>
          reader.receive(max, deadline, this.#pollMs, signal),
        );
        const ours = await fulfilledLeases(messages.map((message) => this.#leaseOf(message, name, reader, leaseMs)));
        // All messages were for other subscriptions, or went to the dead letters: receive again.
        if (ours.length > 0 || messages.length === 0) return ours;
      }
    });
  }

  /** Returns the names in the namespace of a queue, topic or subscription. */
  addressOf(name: QueueName): { readonly entity: string; readonly subscription: string } {
    return { entity: this.#names.entity(name), subscription: name.subscription };
  }

  /**
   * Makes a lease of a message that the host of a function received under peek-lock.
   *
   * Returns `undefined` for a message that is meant for another subscription, or that went to the dead letters.
   */
  adopt(message: ServiceBusReceivedMessage, name: QueueName, leaseMs: number): Promise<AzureLease | undefined> {
    return this.#readers.use(name, (reader) => this.#leaseOf(message, name, reader, leaseMs));
  }

  /** Makes a lease of a message. Completes a copy for another subscription, as the filter of a subscription does. */
  async #leaseOf(
    message: ServiceBusReceivedMessage,
    name: QueueName,
    reader: Reader,
    leaseMs: number,
  ): Promise<AzureLease | undefined> {
    if (isForOthers(message, name)) {
      // If this fails, the message is delivered again and completed then.
      const completed = reader.settle(() => reader.receiver.completeMessage(withoutSession(message)));
      await completed.then(() => reader.settled(message)).catch(() => {});
      return undefined;
    }
    return await this.#leaseFrom(reader, message, name, leaseMs);
  }

  /** Makes a lease of a message. Dead-letters a message that can never be read, and returns `undefined` then. */
  async #leaseFrom(
    source: Source,
    message: ServiceBusReceivedMessage,
    name: QueueName,
    leaseMs: number,
  ): Promise<AzureLease | undefined> {
    const { event, problem } = await this.#claims.read(message, name);
    source.prepare(message);
    const redelivery = redeliveryStateOf(message);
    const lock = { leaseMs, minMs: this.#minLockMs };
    const lease = new AzureLease({ event, queueName: name, message, source, redelivery }, lock, this.#clock);
    if (!problem) return event.cancelKey === undefined ? lease : await this.#unlessCancelled(lease);
    if (!isForGood(problem)) {
      // Not an attempt of the actor, and no reason to hold up the events behind it.
      await this.abandon(lease, { delayMs: unreadableDelayMs, countAttempt: false }).catch(() => {});
      throw problem;
    }
    await this.deadLetter(lease, this.#letterOf(lease, problem));
    return undefined;
  }

  /** Completes the message of a cancelled event, and returns `undefined` then. */
  async #unlessCancelled(lease: AzureLease): Promise<AzureLease | undefined> {
    try {
      if (await this.#cancels.claim(lease.event)) return lease;
    } catch (error) {
      await this.abandon(lease, { delayMs: unreadableDelayMs, countAttempt: false }).catch(() => {});
      throw error;
    }
    await this.#settlement.commit(lease);
    await this.#cancels.forget(lease.event, true);
    return undefined;
  }

  #letterOf({ event, queueName, attempt, firstSeen }: AzureLease, error: BeeHiveError): DeadLetterRecord {
    const seen = { firstSeen: new Date(firstSeen), lastSeen: new Date(this.#clock.now()) };
    const origin = { event, actor: "", subscription: queueName.toString(), attempts: attempt, ...seen };
    return deadLetterOf(origin, error.message, error);
  }

  async renew(leases: readonly AzureLease[], leaseMs: number): Promise<readonly boolean[]> {
    return await Promise.all(leases.map((lease) => this.#settlement.renew(lease, leaseMs)));
  }

  async commit(lease: AzureLease, outputs: readonly Event[]): Promise<void> {
    lease.assertHeld();
    if (outputs.length > 0) await this.push(outputs);
    await this.#settlement.commit(lease);
    if (lease.event.cancelKey !== undefined) await this.#cancels.forget(lease.event);
  }

  abandon(lease: AzureLease, options: AbandonOptions): Promise<void> {
    return this.#settlement.abandon(lease, options);
  }

  async deadLetter(lease: AzureLease, letter: DeadLetterRecord): Promise<void> {
    await this.#settlement.deadLetter(lease, letter);
    if (lease.event.cancelKey !== undefined) await this.#cancels.forget(lease.event);
  }

  /** Cancels events with a cancel key, also by their id. Counts an event of a topic once. */
  cancel(which: CancelChoice): Promise<number> {
    return this.#cancels.cancel(which);
  }

  /** Shows no delayed events of a topic, which Service Bus keeps at the topic; leased ones show as ready. */
  peek(name: QueueName, request: PeekRequest): Promise<readonly QueuedEvent[]> {
    return this.#withdrawing.peek(name, request);
  }

  /** Leases and completes all messages that are ready, and cancels the scheduled ones of a queue. */
  async purge(name: QueueName): Promise<number> {
    const { signal } = new AbortController();
    let purged = await this.#withdrawing.cancelScheduled(name);
    for (;;) {
      const leases = await this.lease(name, { max: purgedAtOnce, leaseMs: purgeLeaseMs, waitMs: 500, signal });
      if (leases.length === 0) return purged;
      await Promise.all(leases.map((lease) => this.commit(lease, [])));
      purged += leases.length;
    }
  }

  counts(name: QueueName): Promise<QueueCounts> {
    return this.#topology.counts(name);
  }

  deadLetters(name: QueueName): AsyncIterable<DeadLetter> {
    return this.#deadLetters.list(name);
  }

  /** Sends a copy, then removes the letter. After a crash in between, the next copy is dropped as a duplicate. */
  async requeue(name: QueueName, id: string, mended?: Event): Promise<void> {
    await this.#deadLetters.take(name, id, async (event, message) => {
      const copy = copyId(message.messageId, message.sequenceNumber, name, "requeued");
      const requeued = mended ?? event();
      if (requeued.cancelKey !== undefined) await this.#cancels.register([requeued.with({ queueName: String(name) })]);
      const claim = mended ? undefined : redeliveryStateOf(message).claim;
      await this.#publisher.requeue(requeued, name, { id: copy, redelivery: { claim } });
    });
  }

  async drop(name: QueueName, id: string): Promise<void> {
    await this.#deadLetters.take(name, id, async () => {});
  }

  /** Sends copies of the log to a subscription alone. Duplicate detection drops those that were sent before. */
  sendCopies(to: QueueName, copies: readonly EventCopy[]): Promise<void> {
    return this.#publisher.sendCopies(to, copies);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.log.close();
    await this.#ordered.close();
    await this.#readers.close();
    await this.#publisher.close();
  }
}

/** Returns the leases that succeeded; rejects when all failed. The events of the others are delivered again. */
async function fulfilledLeases(leases: readonly Promise<AzureLease | undefined>[]): Promise<AzureLease[]> {
  const outcomes = await Promise.allSettled(leases);
  const made = outcomes.flatMap((one) => (one.status === "fulfilled" && one.value ? [one.value] : []));
  const failed = outcomes.find((one) => one.status === "rejected");
  if (failed && made.length === 0) throw failed.reason;
  return made;
}
