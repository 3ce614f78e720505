import { randomUUID } from "node:crypto";
import { GetQueueAttributesCommand, type Message } from "@aws-sdk/client-sqs";
import type { Clock } from "../../../src/base/clock.ts";
import { letterId, type DeadLetter, type DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import { isBeeHiveError } from "../../../src/base/errors.ts";
import type { Event } from "../../../src/events/event.ts";
import { identityOf } from "../../../src/events/identity.ts";
import type { Logger } from "../../../src/base/logger.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import type {
  AbandonOptions,
  Lease,
  LeaseRequest,
  QueueCounts,
  QueueOperator,
  QueueSpec,
} from "../../../src/contract/queue-operator.ts";
import type { Rows } from "../../../src/provider-kit/rows.ts";
import { Addresses, type QueueAddress } from "./addresses.ts";
import { Leasing, type LeasedMessages } from "./leasing.ts";
import { Load } from "./load.ts";
import { ClaimCheck } from "./claim-check.ts";
import { ask, secondsOf } from "../client.ts";
import type { AwsClients, AwsSettings } from "../config.ts";
import { DeadLetters } from "./dead-letters.ts";
import { Inbox } from "./inbox.ts";
import type { AwsLease } from "./lease.ts";
import { deadLetterBody } from "./dead-letter-message.ts";
import { topologyProblems } from "./limits.ts";
import { fifoToken } from "./message.ts";
import { attributesWith, FifoRedeliveryStates } from "./redelivery-state.ts";
import { Outbox } from "./outbox.ts";
import { Publisher } from "./publisher.ts";
import { Receiver } from "./receiver.ts";
import { Settlement } from "./settlement.ts";
import { ensureStorage } from "../storage.ts";
import { Topology } from "./topology.ts";
import { UnreadableMessages } from "./unreadable-messages.ts";

/** A receive brings ten messages at the most. */
const maxReceived = 10;

/**
 * Queues in SQS, topics in SNS. A commit publishes, then removes the message: a crash between the two repeats the
 * outputs under the same ids.
 *
 * - A retry's delay is the message's visibility, so attempts and first sight are SQS's own count. What SQS cannot
 *   say, a note does, see note.ts: delays of more than 15 minutes before, or 12 hours after, a receive, and
 *   deliveries that are not to be counted.
 * - Delays are whole seconds, rounded up.
 */
export class AwsQueueOperator implements QueueOperator {
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
  readonly #inbox: Inbox | undefined;
  readonly #claims: ClaimCheck | undefined;
  readonly #receivers = new Map<string, Receiver>();
  readonly #dead = new Map<string, DeadLetters>();
  /** Until when something may come that this process sent or put off, in ms since the epoch. */
  #expectedUntil = -Infinity;

  constructor(clients: AwsClients, config: AwsSettings, clock: Clock, rows: Rows, logger: Logger) {
    const { bucket, claimCheck, idempotent, linger, maxEventBytes, requestTimeout } = config;
    const load = new Load(linger);
    const outbox = new Outbox(clients, clock, load);
    const addresses = new Addresses(clients, config, clock);
    const redeliveries = new FifoRedeliveryStates(rows, clock);
    const inbox = idempotent ? new Inbox(clients.dynamodb, config, clock, load) : undefined;
    const claims = claimCheck && bucket !== undefined ? new ClaimCheck(clients.s3, bucket) : undefined;
    const settlement = new Settlement({ outbox, redeliveries, load, clock });
    this.#clients = clients;
    this.#config = config;
    this.#clock = clock;
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
      claims,
      publisher: this.#publisher,
      logger,
      clock,
      load,
      requestTimeoutMs: requestTimeout,
    });
    this.#inbox = inbox;
    this.#claims = claims;
  }

  problems(queues: readonly QueueSpec[]): readonly string[] {
    return topologyProblems(queues, this.#config.prefix);
  }

  /** Makes the table and the bucket of the stores too: there is no other set-up. */
  async ensure(queues: readonly QueueSpec[]): Promise<void> {
    await Promise.all([this.#topology.ensure(queues), ensureStorage(this.#clients, this.#config, this.#clock)]);
  }

  missing(queues: readonly QueueSpec[]): Promise<readonly QueueName[]> {
    return this.#topology.missing(queues);
  }

  async delete(name: QueueName): Promise<void> {
    await this.#topology.delete(name);
    this.#dead.clear();
  }

  /** A FIFO queue drops what it knows and says nothing; `idempotent` finds out when an event is received. */
  async push(events: readonly Event[]): Promise<undefined> {
    await this.#publisher.push(events);
    for (const { enqueueTime } of events) this.#expect(enqueueTime?.getTime() ?? 0);
  }

  /** Notes that an event may come now, or at that time. */
  #expect(time: number): void {
    this.#expectedUntil = Math.max(this.#expectedUntil, time, this.#clock.now());
  }

  /** GetQueueAttributes: its counts may lag behind by a minute. So a receive that began afterwards must have brought nothing. */
  async quiet(name: QueueName): Promise<boolean> {
    const receiver = this.#receivers.get((await this.#addresses.queue(name)).url);
    return receiver === undefined || receiver.quietSince >= this.#expectedUntil;
  }

  gather(): { readonly events: number; readonly forMs: number } {
    return { events: maxReceived, forMs: this.#load.lingerMs };
  }

  async lease(name: QueueName, request: LeaseRequest): Promise<Lease[]> {
    const queue = await this.#addresses.queue(name);
    let receiver = this.#receivers.get(queue.url);
    if (!receiver) this.#receivers.set(queue.url, (receiver = this.#receiver(name, queue)));
    return await receiver.take(request);
  }

  #receiver(name: QueueName, queue: QueueAddress): Receiver {
    return new Receiver({
      receive: (max, leaseMs, waitSeconds) => this.#leasing.receive(name, queue, max, leaseMs, waitSeconds),
      abandon: (lease) => this.abandon(lease, { delayMs: 0, countAttempt: false }),
      clock: this.#clock,
      backlog: (full) => (full ? this.#load.backlogs.add(queue.url) : this.#load.backlogs.delete(queue.url)),
      // SQS fills a receive from one message group as far as it can, and those behind the first would age, and count
      // as delivered, while they wait for it.
      batch: queue.fifo ? 1 : maxReceived,
      waitSeconds: secondsOf(this.#config.wait),
    });
  }

  async renew(leases: readonly Lease[], leaseMs: number): Promise<readonly boolean[]> {
    const failures = new Set<unknown>();
    const held = await Promise.all(
      (leases as readonly AwsLease[]).map((lease) =>
        this.#settlement.renew(lease, leaseMs, (error) => void failures.add(error)),
      ),
    );
    for (const error of failures) this.#logger.warn({ err: error }, "leases could not be renewed, trying again");
    return held;
  }

  async commit(lease: Lease, outputs: readonly Event[]): Promise<void> {
    const held = lease as AwsLease;
    held.assertHeld(this.#clock.now());
    if (outputs.length > 0) {
      await this.push(outputs);
      held.assertHeld(this.#clock.now());
    }
    await this.#load.while(async () => this.#inbox?.record(held.queueName, identityOf(held.event)));
    await this.#settlement.deleteMessage(held);
  }

  async abandon(lease: Lease, options: AbandonOptions): Promise<void> {
    await this.#settlement.abandon(lease as AwsLease, options);
    this.#expect(this.#clock.now() + options.delayMs);
  }

  async deadLetter(lease: Lease, letter: DeadLetterRecord): Promise<void> {
    const held = lease as AwsLease;
    held.assertHeld(this.#clock.now());
    const dead = await this.#addresses.deadQueue(held.address);
    const { messageId } = held.received;
    // A group of its own: a FIFO queue lets nobody look behind the first of a group.
    const fifo = { groupId: fifoToken(messageId), deduplicationId: fifoToken(messageId) };
    try {
      await this.#publisher.send(dead, { body: deadLetterBody(letter, letterId(messageId)), ...(dead.fifo && fifo) });
    } catch (error) {
      if (!isBeeHiveError(error, "TooLarge")) throw error;
      this.#logger.warn(
        { err: error, eventId: letter.event.id },
        "a dead letter has no room for its record, it is kept without",
      );
      const { body, attributes } = held.received;
      const withId = attributesWith({ id: letter.event.id }, attributes);
      await this.#publisher.send(dead, { body, attributes: withId, ...(dead.fifo && fifo) });
    }
    await this.#settlement.deleteMessage(held);
  }

  /** SQS counts approximately, and what waits for its retry as leased. */
  async counts(name: QueueName): Promise<QueueCounts> {
    const queue = await this.#addresses.queue(name);
    const deadQueue = await this.#addresses.deadQueue(queue);
    const [alive, dead] = await Promise.all([this.#count(queue), this.#count(deadQueue)]);
    return { ...alive, dead: dead.ready + dead.leased + dead.delayed };
  }

  async #count({ name, url }: QueueAddress): Promise<Omit<QueueCounts, "dead">> {
    const request = new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
      ],
    });
    const { Attributes = {} } = await ask("sqs:GetQueueAttributes", name, this.#clients.sqs.send(request));
    return {
      ready: Number(Attributes.ApproximateNumberOfMessages ?? 0),
      leased: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
      delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
    };
  }

  async *deadLetters(name: QueueName): AsyncGenerator<DeadLetter, void, undefined> {
    yield* (await this.#deadOf(name)).list();
  }

  async requeue(name: QueueName, id: string): Promise<void> {
    const letters = await this.#deadOf(name);
    const { letter, unreadable } = await letters.find(id);
    if (unreadable) throw unreadable;
    // A deduplication id of its own: SQS would drop the event as a duplicate of its first life.
    await this.#publisher.sendTo(await this.#addresses.queue(name), letter.event, randomUUID());
    this.#expect(0);
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

  /** The queue of a subscription, for messages that are handed over. */
  addressOf(name: QueueName): Promise<QueueAddress> {
    return this.#addresses.queue(name);
  }

  /** Leases on messages that Lambda handed over. */
  handedOver(
    name: QueueName,
    queue: QueueAddress,
    messages: readonly Message[],
    leaseMs: number,
  ): Promise<LeasedMessages> {
    return this.#leasing.leaseMessages(name, queue, messages, { leaseMs, handedOver: true });
  }

  /** Ends all polls cleanly, which takes as long as the last of them waits. */
  async close(): Promise<void> {
    await Promise.all([...this.#receivers.values()].map((receiver) => receiver.close()));
  }
}
