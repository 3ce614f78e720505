import { randomUUID } from "node:crypto";
import { PurgeQueueCommand, type Message } from "@aws-sdk/client-sqs";
import type { Clock } from "../../../src/base/clock.ts";
import { isBeeHiveError } from "../../../src/base/errors.ts";
import type { Logger } from "../../../src/base/logger.ts";
import { letterId, type DeadLetter, type DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import type {
  AbandonOptions,
  CancelChoice,
  LeaseRequest,
  QueueCounts,
  QueueOperator,
  QueueSpec,
} from "../../../src/contract/queue-operator.ts";
import type { Event } from "../../../src/events/event.ts";
import { identityOf } from "../../../src/events/output-id.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import {
  isArchive,
  originText,
  withArchives,
  type ArchivedLog,
  type EventCopy,
} from "../../../src/provider-kit/archive/index.ts";
import { CancelRegistry } from "../../../src/provider-kit/cancel-registry.ts";
import type { Rows } from "../../../src/provider-kit/rows.ts";
import { ask, secondsOf } from "../client.ts";
import type { AwsClients, AwsSettings } from "../config.ts";
import { Addresses, type QueueAddress } from "./addresses.ts";
import { Arrivals } from "./arrivals.ts";
import { ClaimCheck } from "./claim-check.ts";
import { deadLetterBody } from "./dead-letter-message.ts";
import { DeadLetters } from "./dead-letters.ts";
import { Inbox } from "./inbox.ts";
import type { AwsLease } from "./lease.ts";
import { Leasing, type LeasedMessages } from "./leasing.ts";
import { Load } from "./load.ts";
import { fifoToken } from "./message.ts";
import { Outbox } from "./outbox.ts";
import { allOf, Publisher } from "./publisher.ts";
import { Receiver } from "./receiver.ts";
import { attributesWith, FifoRedeliveryStates } from "./redelivery-state.ts";
import { Settlement } from "./settlement.ts";
import { Topology } from "./topology.ts";
import { UnreadableMessages } from "./unreadable-messages.ts";

/** Limit of SQS: messages in one receive. */
const maxReceived = 10;

/**
 * Queues in SQS, topics in SNS.
 *
 * A commit publishes the outputs, then deletes the message. A crash between the two publishes the outputs again, under
 * the same ids.
 *
 * - The delay of a retry is the message's visibility, so SQS itself counts attempts and keeps the first delivery time.
 *   A redelivery state covers what SQS cannot express, see redelivery-state.ts: delays of more than 15 minutes before a
 *   receive or 12 hours after it, and deliveries that do not count as attempts.
 * - Delays are whole seconds, rounded up.
 */
export class AwsQueueOperator implements QueueOperator<AwsLease> {
  /** Set by the provider, when it has a bucket. */
  log?: ArchivedLog;
  readonly #clients: AwsClients;
  readonly #config: AwsSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #load: Load;
  readonly #outbox: Outbox;
  readonly #addresses: Addresses;
  readonly #topology: Topology;
  readonly #publisher: Publisher;
  readonly #settlement: Settlement;
  readonly #leasing: Leasing;
  readonly #cancels: CancelRegistry;
  readonly #inbox: Inbox | undefined;
  readonly #claims: ClaimCheck | undefined;
  readonly #receivers = new Map<string, Receiver>();
  readonly #dead = new Map<string, DeadLetters>();
  /** Latest time at which an event of this process may become visible, in ms since the epoch. */
  readonly #arrivals: Arrivals;

  constructor(clients: AwsClients, config: AwsSettings, clock: Clock, rows: Rows, logger: Logger) {
    const { bucket, claimCheck, idempotent, linger, maxEventBytes, requestTimeout } = config;
    const load = new Load(linger);
    const outbox = new Outbox(clients, clock, load);
    const addresses = new Addresses(clients, config, clock);
    const redeliveries = new FifoRedeliveryStates(rows, clock);
    const inbox = idempotent ? new Inbox(clients.dynamodb, config, clock, load) : undefined;
    const cancels = new CancelRegistry(rows, clock);
    const claims = claimCheck && bucket !== undefined ? new ClaimCheck(clients.s3, bucket) : undefined;
    const settlement = new Settlement({ outbox, redeliveries, load, clock });
    this.#clients = clients;
    this.#config = config;
    this.#clock = clock;
    this.#arrivals = new Arrivals(clock);
    this.#logger = logger;
    this.#load = load;
    this.#outbox = outbox;
    this.#addresses = addresses;
    this.#topology = new Topology(clients, config, addresses, clock);
    this.#publisher = new Publisher({ addresses, outbox, load, clock, claims, maxEventBytes });
    this.#settlement = settlement;
    this.#leasing = new Leasing({
      sqs: clients.sqs,
      addresses,
      settlement,
      unreadable: new UnreadableMessages(settlement, outbox, redeliveries),
      inbox,
      cancels,
      claims,
      publisher: this.#publisher,
      logger,
      clock,
      load,
      requestTimeoutMs: requestTimeout,
    });
    this.#cancels = cancels;
    this.#inbox = inbox;
    this.#claims = claims;
  }

  problems(queues: readonly QueueSpec[]): readonly string[] {
    return this.#topology.problems(queues);
  }

  async ensure(queues: readonly QueueSpec[]): Promise<void> {
    if (this.log) await this.log.ensure(queues, (all) => this.#topology.ensure(all));
    else await this.#topology.ensure(queues);
  }

  missing(queues: readonly QueueSpec[]): Promise<readonly QueueName[]> {
    return this.#topology.missing(withArchives(queues));
  }

  async delete(name: QueueName): Promise<void> {
    await this.#topology.delete(name);
    await this.log?.forget(name);
    this.#dead.clear();
  }

  /** Sends copies of the log to a subscription alone, under ids that a FIFO queue drops when it has them. */
  async sendCopies(to: QueueName, copies: readonly EventCopy[]): Promise<void> {
    const queue = await this.#addresses.queue(to);
    const sends = copies.map(({ event, id, origin }) =>
      this.#publisher.sendTo(queue, event, fifoToken(id), origin && { origin: originText(origin) }),
    );
    await allOf(sends);
    this.#arrivals.add(to.destination.toString(), 0);
  }

  /** Returns `undefined`: a FIFO queue drops duplicates without reporting them. */
  async push(events: readonly Event[]): Promise<undefined> {
    if (events.some(({ cancelKey }) => cancelKey !== undefined)) await this.#cancels.register(events);
    await this.#publisher.push(events);
    for (const { queueName, enqueueTime } of events) this.#arrivals.add(queueName, enqueueTime?.getTime() ?? 0);
  }

  async lease(name: QueueName, request: LeaseRequest): Promise<AwsLease[]> {
    const queue = await this.#addresses.queue(name);
    let receiver = this.#receivers.get(queue.url);
    if (!receiver) this.#receivers.set(queue.url, (receiver = this.#receiver(name, queue)));
    // A receive of ten messages costs as much as a receive of one.
    const slots = await request.moreSlots?.(maxReceived, this.#load.lingerMs);
    return await receiver.take({ ...request, max: Math.max(request.max, slots ?? 0) });
  }

  #receiver(name: QueueName, queue: QueueAddress): Receiver {
    return new Receiver({
      receive: (max, leaseMs, waitSeconds) => this.#leasing.receive(name, queue, max, leaseMs, waitSeconds),
      abandon: (lease) => this.abandon(lease, { delayMs: 0, countAttempt: false }),
      clock: this.#clock,
      backlog: (full) => (full ? this.#load.backlogs.add(queue.url) : this.#load.backlogs.delete(queue.url)),
      // SQS fills a receive from one message group where it can. The messages behind the first would wait for it while
      // their leases age and their deliveries count.
      batch: queue.fifo ? 1 : maxReceived,
      waitSeconds: secondsOf(this.#config.wait),
    });
  }

  async renew(leases: readonly AwsLease[], leaseMs: number): Promise<readonly boolean[]> {
    const failures = new Set<unknown>();
    const held = await Promise.all(
      leases.map((lease) => this.#settlement.renew(lease, leaseMs, (error) => void failures.add(error))),
    );
    for (const error of failures) this.#logger.warn({ err: error }, "leases could not be renewed; trying again");
    return held;
  }

  async commit(lease: AwsLease, outputs: readonly Event[]): Promise<void> {
    lease.assertHeld(this.#clock.now());
    if (outputs.length > 0) {
      await this.push(outputs);
      lease.assertHeld(this.#clock.now());
    }
    if (this.#inbox && lease.origin === undefined && !isArchive(lease.queueName)) {
      const inbox = this.#inbox;
      await this.#load.while(() => inbox.record(lease.queueName, identityOf(lease.event)));
    }
    await this.#settlement.deleteMessage(lease);
    if (lease.event.cancelKey !== undefined) await this.#cancels.forget(lease.event);
  }

  async abandon(lease: AwsLease, options: AbandonOptions): Promise<void> {
    await this.#settlement.abandon(lease, options);
    this.#arrivals.add(lease.queueName.destination.toString(), this.#clock.now() + options.delayMs);
  }

  async deadLetter(lease: AwsLease, letter: DeadLetterRecord): Promise<void> {
    lease.assertHeld(this.#clock.now());
    const dead = await this.#addresses.deadQueue(lease.address);
    const { messageId } = lease.received;
    // A group for each message: a FIFO queue shows only the first message of a group.
    const fifo = { groupId: fifoToken(messageId), deduplicationId: fifoToken(messageId) };
    try {
      await this.#publisher.send(dead, { body: deadLetterBody(letter, letterId(messageId)), ...(dead.fifo && fifo) });
    } catch (error) {
      if (!isBeeHiveError(error, "TooLarge")) throw error;
      this.#logger.warn(
        { err: error, eventId: letter.event.id },
        "the record of a dead letter does not fit into its message; the dead letter is kept without it",
      );
      const { body, attributes } = lease.received;
      const withId = attributesWith({ id: letter.event.id }, attributes);
      await this.#publisher.send(dead, { body, attributes: withId, ...(dead.fifo && fifo) });
    }
    await this.#settlement.deleteMessage(lease);
    if (lease.event.cancelKey !== undefined) await this.#cancels.forget(lease.event);
  }

  /** Cancels events with a cancel key, also by their id. Counts an event of a topic once. */
  cancel(which: CancelChoice): Promise<number> {
    return this.#cancels.cancel(which);
  }

  /** Deletes all messages, also those that are leased. SQS takes up to a minute, and refuses a second purge meanwhile. */
  async purge(name: QueueName): Promise<undefined> {
    const { name: resource, url } = await this.#addresses.queue(name);
    await ask("sqs:PurgeQueue", resource, this.#clients.sqs.send(new PurgeQueueCommand({ QueueUrl: url })));
  }

  /**
   * Returns approximate counts. Messages that wait for a retry count as leased.
   *
   * Counts of SQS lag by up to a minute: they prove nothing until a receive that began after the last send is empty.
   */
  async counts(name: QueueName): Promise<QueueCounts> {
    const counts = await this.#topology.counts(name);
    const receiver = this.#receivers.get((await this.#addresses.queue(name)).url);
    if (receiver === undefined || receiver.quietSince >= this.#arrivals.latest(name.destination.toString()))
      return counts;
    return { ...counts, lagging: true };
  }

  async *deadLetters(name: QueueName): AsyncGenerator<DeadLetter, void, undefined> {
    yield* (await this.#deadOf(name)).list();
  }

  async requeue(name: QueueName, id: string, mended?: Event): Promise<void> {
    const letters = await this.#deadOf(name);
    const { letter, unreadable } = await letters.find(id);
    if (unreadable && !mended) throw unreadable;
    const event = mended?.with({ queueName: name.toString() }) ?? letter.event;
    if (event.cancelKey !== undefined) await this.#cancels.register([event]);
    // A new deduplication id, or SQS would drop the event as a duplicate of its first delivery.
    await this.#publisher.sendTo(await this.#addresses.queue(name), event, randomUUID());
    this.#arrivals.add(name.destination.toString(), 0);
    await letters.delete(letter);
  }

  async drop(name: QueueName, id: string): Promise<void> {
    const letters = await this.#deadOf(name);
    const { letter } = await letters.find(id);
    await letters.delete(letter);
  }

  async #deadOf(name: QueueName): Promise<DeadLetters> {
    const queue = await this.#addresses.deadQueue(await this.#addresses.queue(name));
    let letters = this.#dead.get(queue.url);
    if (!letters) {
      const parts = {
        sqs: this.#clients.sqs,
        outbox: this.#outbox,
        clock: this.#clock,
        requestTimeoutMs: this.#config.requestTimeout,
        unpack: async (body: string) => this.#claims?.fetch(body) ?? body,
      };
      letters = new DeadLetters(parts, queue, name);
      this.#dead.set(queue.url, letters);
    }
    return letters;
  }

  /** Returns the queue of a subscription, for messages that Lambda hands over. */
  addressOf(name: QueueName): Promise<QueueAddress> {
    return this.#addresses.queue(name);
  }

  /** Makes leases for messages that Lambda hands over. */
  adopt(name: QueueName, queue: QueueAddress, messages: readonly Message[], leaseMs: number): Promise<LeasedMessages> {
    return this.#leasing.leaseMessages(name, queue, messages, { leaseMs, handedOver: true });
  }

  /** Resolves when all polls have ended, after at most the wait of one poll. */
  async close(): Promise<void> {
    await Promise.all([...this.#receivers.values()].map((receiver) => receiver.close()));
  }
}
