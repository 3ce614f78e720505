import { randomUUID } from "node:crypto";
import { GetQueueAttributesCommand, ReceiveMessageCommand, type Message } from "@aws-sdk/client-sqs";
import type { Clock } from "../../src/clock.ts";
import type { DeadLetter } from "../../src/dead-letter.ts";
import { isBeeHiveError } from "../../src/errors.ts";
import type { Event } from "../../src/event.ts";
import { QueueName } from "../../src/queue-name.ts";
import type { AbandonOptions, Lease, LeaseRequest, QueueCounts, QueueOperator, QueueSpec } from "../../src/queue-operator.ts";
import type { Rows } from "../../src/rows.ts";
import { Addresses, type QueueAddress } from "./addresses.ts";
import { Pace } from "./batcher.ts";
import { ClaimCheck } from "./claim-check.ts";
import { ask } from "./client.ts";
import type { AwsClients, AwsConfig } from "./config.ts";
import { DeadLetters, letterBody } from "./dead-letters.ts";
import { Inbox } from "./inbox.ts";
import { AwsLease, visibilityLeft, visibilitySeconds } from "./lease.ts";
import { assertSize, bodyOf, eventFrom, fifoToken } from "./message.ts";
import { attributesWith, FifoNotes, type Note } from "./note.ts";
import { Outbox, type Outgoing } from "./outbox.ts";
import { Receiver, type Receipt } from "./receiver.ts";
import { receivedFrom, type Received } from "./received.ts";
import { ensureStorage } from "./storage.ts";
import { Topology } from "./topology.ts";

/** A receive brings ten messages at the most. */
const mostReceived = 10;
/** SQS delays a message by 15 minutes at the most, SNS not at all. */
const longestDelaySeconds = 900;
/** A message of SQS has 1 MiB at the most, one of SNS 256 KiB. */
const largestMessage = { queue: 1_048_576, topic: 262_144 };

/** Where an event goes, and as what. */
interface Parcel {
  readonly to: QueueAddress | readonly string[];
  readonly message: Outgoing;
}

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
  readonly gather: { readonly events: number; readonly forMs: number };
  readonly #clients: AwsClients;
  readonly #config: AwsConfig;
  readonly #clock: Clock;
  /** Leases that are being worked on, or soon will be. */
  readonly #working = new Set<AwsLease>();
  readonly #pace: Pace;
  readonly #outbox: Outbox;
  readonly #addresses: Addresses;
  readonly #topology: Topology;
  readonly #notes: FifoNotes;
  readonly #inbox: Inbox | undefined;
  readonly #claims: ClaimCheck | undefined;
  readonly #receivers = new Map<string, Receiver>();
  readonly #dead = new Map<string, DeadLetters>();

  constructor(clients: AwsClients, config: AwsConfig, clock: Clock, rows: Rows) {
    this.#clients = clients;
    this.#config = config;
    this.#clock = clock;
    this.gather = { events: mostReceived, forMs: config.lingerMs };
    this.#pace = new Pace(this.#working, config.lingerMs);
    this.#outbox = new Outbox(clients, clock, this.#pace);
    this.#addresses = new Addresses(clients, config, clock);
    this.#topology = new Topology(clients, config, this.#addresses, clock);
    this.#notes = new FifoNotes(rows, clock);
    this.#inbox = config.idempotent ? new Inbox(clients.dynamodb, config, clock, this.#pace) : undefined;
    this.#claims = config.claimCheck && config.bucket !== undefined ? new ClaimCheck(clients.s3, config.bucket) : undefined;
  }

  problems(queues: readonly QueueSpec[]): readonly string[] {
    return this.#topology.problems(queues);
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
    this.#receivers.clear();
    this.#dead.clear();
  }

  async push(events: readonly Event[]): Promise<void> {
    // All addresses and sizes first: nothing is published when one is wrong.
    const parcels = await Promise.all(events.map((event) => this.#parcel(event)));
    await this.#pace.while(() => allOf(parcels.flatMap((parcel) => this.#dispatch(parcel))));
  }

  async #parcel(event: Event): Promise<Parcel> {
    const name = QueueName.parse(event.queueName);
    const to = name.kind === "queue" ? await this.#addresses.queue(name) : await this.#addresses.topics(name);
    const body = await this.#packed(event, bodyOf(event), name.kind === "queue" ? largestMessage.queue : largestMessage.topic);
    const delayMs = (event.enqueueTime?.getTime() ?? 0) - this.#clock.now();
    return { to, message: { body, ...fifoFields(event), delaySeconds: delayMs > 0 ? delaySeconds(delayMs) : undefined } };
  }

  /** The body, or what stands for it. @throws BeeHiveError `TooLarge`. */
  async #packed(event: Event, body: string, largest: number): Promise<string> {
    const most = Math.min(this.#config.maxEventBytes, largest);
    const bytes = Buffer.byteLength(body);
    if (bytes > most && this.#claims) return await this.#claims.keep(body);
    assertSize(event, bytes, most);
    return body;
  }

  #dispatch({ to, message }: Parcel): Promise<void>[] {
    const { groupId: _, deduplicationId: __, delaySeconds: ___, ...plain } = message;
    if ("url" in to) return [this.#send(to, to.fifo ? { ...message, delaySeconds: undefined } : { ...plain, delaySeconds: message.delaySeconds })];
    return to.map((arn) => this.#publish(arn, arn.endsWith(".fifo") ? { ...message, delaySeconds: undefined } : plain));
  }

  async #send(queue: QueueAddress, message: Outgoing): Promise<void> {
    try {
      await this.#outbox.send(queue, message);
    } catch (error) {
      if (isBeeHiveError(error, "QueueNotFound")) this.#addresses.forget(queue.name);
      throw error;
    }
  }

  async #publish(topicArn: string, message: Outgoing): Promise<void> {
    try {
      await this.#outbox.publish(topicArn, message);
    } catch (error) {
      if (isBeeHiveError(error, "QueueNotFound")) this.#addresses.forget();
      throw error;
    }
  }

  async lease(name: QueueName, request: LeaseRequest): Promise<readonly Lease[]> {
    const queue = await this.#addresses.queue(name);
    let receiver = this.#receivers.get(queue.name);
    if (!receiver) this.#receivers.set(queue.name, (receiver = this.#receiver(name, queue)));
    return await receiver.take(request);
  }

  #receiver(name: QueueName, queue: QueueAddress): Receiver {
    return new Receiver({
      receive: (max, leaseMs, waitSeconds) => this.#receive(name, queue, max, leaseMs, waitSeconds),
      giveBack: (lease) => this.abandon(lease, { delayMs: 0, countAttempt: false }),
      clock: this.#clock,
      // SQS fills a receive from one message group as far as it can, and those behind the first would age, and count
      // as delivered, while they wait for it.
      batch: queue.fifo ? 1 : mostReceived,
      waitSeconds: this.#config.waitSeconds,
    });
  }

  async #receive(name: QueueName, queue: QueueAddress, max: number, leaseMs: number, waitSeconds: number): Promise<Receipt> {
    const request = new ReceiveMessageCommand({
      QueueUrl: queue.url,
      MaxNumberOfMessages: max,
      VisibilityTimeout: visibilitySeconds(leaseMs),
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ["ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "SentTimestamp", "MessageGroupId"],
      MessageAttributeNames: ["All"],
    });
    try {
      const { Messages = [] } = await ask("sqs:ReceiveMessage", queue.name, this.#clients.sqs.send(request));
      const { due } = await this.leasesOf(name, queue, Messages, { leaseMs, handedOver: false });
      return { received: Messages.length, leases: due };
    } catch (error) {
      if (isBeeHiveError(error, "QueueNotFound")) this.#addresses.forget(queue.name);
      throw error;
    }
  }

  /** Leases on messages that SQS, or Lambda, handed over: all that can be read, and of these what is to be worked on. */
  async leasesOf(
    queueName: QueueName,
    address: QueueAddress,
    messages: readonly Message[],
    { leaseMs, handedOver }: { readonly leaseMs: number; readonly handedOver: boolean },
  ): Promise<{ readonly all: readonly AwsLease[]; readonly due: readonly AwsLease[] }> {
    const now = this.#clock.now();
    for (const lease of this.#working) if (!lease.isHeld(now)) this.#working.delete(lease);
    const read = await Promise.allSettled(
      messages.map(async (message) => {
        const received = receivedFrom(message, now);
        const note = await this.#noteOf(address, received);
        return this.#leaseOf(queueName, address, { ...received, note }, await this.#unpacked(received.body), now + leaseMs, handedOver);
      }),
    );
    // What could not be read to the end comes back when its visibility ends.
    const all = read.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const due = await this.#withoutHandled(queueName, await this.#withoutEarly(all));
    for (const lease of due) this.#working.add(lease);
    return { all, due };
  }

  #leaseOf(queueName: QueueName, address: QueueAddress, received: Received, body: string, expiresAt: number, handedOver: boolean): AwsLease {
    const { note, messageId, receives, firstReceived, sentAt, groupId } = received;
    return new AwsLease({
      event: eventFrom(body, { id: note.id ?? messageId, queueName, sentAt, partitionKey: groupId }),
      queueName,
      attempt: Math.max(1, receives + (note.attempts ?? 0)),
      firstSeen: note.firstSeen ?? firstReceived,
      address,
      received,
      expiresAt,
      handedOver,
    });
  }

  #noteOf({ fifo, name }: QueueAddress, { note, receives, messageId }: Received): Promise<Note> | Note {
    return fifo && receives > 1 ? this.#notes.read(name, messageId) : note;
  }

  #unpacked(body: string): Promise<string> | string {
    return this.#claims ? this.#claims.fetch(body) : body;
  }

  /** Puts off what was received before its time. */
  async #withoutEarly(leases: readonly AwsLease[]): Promise<AwsLease[]> {
    const now = this.#clock.now();
    const due = ({ received: { note }, event }: AwsLease): number => note.notBefore ?? event.enqueueTime?.getTime() ?? 0;
    const early = leases.filter((lease) => due(lease) > now);
    if (early.length === 0) return [...leases];
    // What could not be put off comes back when its visibility ends.
    await Promise.allSettled(early.map((lease) => this.#putOff(lease, due(lease), { firstSeen: undefined, attempts: lease.attempt - 1 })));
    return leases.filter((lease) => !early.includes(lease));
  }

  /** Removes what `idempotent` knows to be done. */
  async #withoutHandled(queueName: QueueName, leases: readonly AwsLease[]): Promise<AwsLease[]> {
    if (!this.#inbox) return [...leases];
    const handled = await this.#inbox.handled(queueName, leases.map(({ event }) => event.id));
    const done = leases.filter(({ event }) => handled.has(event.id));
    await Promise.allSettled(done.map((lease) => this.#remove(lease)));
    return leases.filter((lease) => !done.includes(lease));
  }

  async renew(leases: readonly Lease[], leaseMs: number): Promise<readonly boolean[]> {
    return Promise.all((leases as readonly AwsLease[]).map((lease) => this.#renew(lease, leaseMs)));
  }

  async #renew(lease: AwsLease, leaseMs: number): Promise<boolean> {
    const now = this.#clock.now();
    if (!lease.isHeld(now)) return false;
    if (lease.handedOver) return true;
    const left = visibilityLeft(lease.received.receivedAt, now);
    const seconds = Math.min(visibilitySeconds(leaseMs), left);
    if (seconds < visibilitySeconds(0) + 1) return lease.isHeld(now);
    try {
      await this.#outbox.changeVisibility(lease.address, lease.received.receipt, seconds);
      if (lease.isHeld(now)) lease.expiresAt = now + Math.min(leaseMs, (seconds - 1) * 1_000);
    } catch (error) {
      if (isBeeHiveError(error, "LeaseLost")) return false;
    }
    // What SQS could not do now is tried again before the lease ends.
    return lease.isHeld(this.#clock.now());
  }

  async commit(lease: Lease, outputs: readonly Event[]): Promise<void> {
    const held = lease as AwsLease;
    held.assertHeld(this.#clock.now());
    if (outputs.length > 0) {
      await this.push(outputs);
      held.assertHeld(this.#clock.now());
    }
    const { queueName, event } = held;
    if (this.#inbox) await this.#pace.while(async () => this.#inbox?.note(queueName, event.id));
    await this.#remove(held);
  }

  async abandon(lease: Lease, { delayMs, countAttempt }: AbandonOptions): Promise<void> {
    const held = lease as AwsLease;
    const now = this.#clock.now();
    held.assertHeld(now);
    const { received, address, attempt, firstSeen } = held;
    const seconds = Math.ceil(Math.max(0, delayMs) / 1_000);
    if (!countAttempt) return await this.#putOff(held, now + delayMs, { firstSeen, attempts: attempt - 1 });
    if (seconds > visibilityLeft(received.receivedAt, now)) return await this.#putOff(held, now + delayMs, { firstSeen, attempts: attempt });
    await this.#settle(held, () => this.#outbox.changeVisibility(address, received.receipt, seconds));
  }

  /** Gives a message back until `due` with a note of what SQS cannot count: as a copy, or in its place in a FIFO queue. */
  async #putOff(lease: AwsLease, due: number, said: Pick<Note, "firstSeen" | "attempts">): Promise<void> {
    const { address, received, event } = lease;
    const now = this.#clock.now();
    const delayMs = Math.max(0, due - now);
    const note = { ...said, id: event.id, ...(delayMs > 0 && { notBefore: due }) };
    if (address.fifo) {
      const seconds = Math.min(Math.ceil(delayMs / 1_000), visibilityLeft(received.receivedAt, now));
      await this.#notes.write(address.name, received.messageId, { ...note, attempts: (said.attempts ?? 0) - received.receives });
      await this.#settle(lease, () => this.#outbox.changeVisibility(address, received.receipt, seconds));
      return;
    }
    const attributes = attributesWith(note, received.attributes);
    await this.#pace.while(() => this.#outbox.send(address, { body: received.body, attributes, delaySeconds: delaySeconds(delayMs) }));
    await this.#remove(lease);
  }

  async deadLetter(lease: Lease, letter: DeadLetter): Promise<void> {
    const held = lease as AwsLease;
    held.assertHeld(this.#clock.now());
    const dead = await this.#addresses.deadQueue(held.address);
    const body = letterBody(letter);
    const packed = Buffer.byteLength(body) > largestMessage.queue && this.#claims ? await this.#claims.keep(body) : body;
    // A group of its own: a FIFO queue lets nobody look behind the first of a group.
    const fifo = dead.fifo ? { groupId: fifoToken(letter.event.id), deduplicationId: fifoToken(held.received.messageId) } : {};
    await this.#pace.while(() => this.#send(dead, { body: packed, ...fifo }));
    await this.#remove(held);
  }

  /** Removes the message. Lambda does it itself for those that it handed over. */
  async #remove(lease: AwsLease): Promise<void> {
    await this.#settle(lease, async () => {
      if (!lease.handedOver) await this.#outbox.remove(lease.address, lease.received.receipt);
    });
    lease.removed = true;
  }

  /** Ends a lease. @throws BeeHiveError `LeaseLost` when it was over before SQS answered. */
  async #settle(lease: AwsLease, ending: () => Promise<void>): Promise<void> {
    lease.assertHeld(this.#clock.now());
    try {
      await this.#pace.while(ending);
    } catch (error) {
      throw isBeeHiveError(error, "LeaseLost") ? lease.lost(error) : error;
    }
    this.#working.delete(lease);
    lease.settle(this.#clock.now());
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
      AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"],
    });
    const { Attributes = {} } = await ask("sqs:GetQueueAttributes", name, this.#clients.sqs.send(request));
    return {
      ready: Number(Attributes.ApproximateNumberOfMessages ?? 0),
      leased: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
      delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
    };
  }

  async *deadLetters(name: QueueName): AsyncGenerator<DeadLetter, void, undefined> {
    yield* (await this.#deadOf(name)).letters.list();
  }

  async requeue(name: QueueName, eventId: string): Promise<void> {
    const { queue, letters } = await this.#deadOf(name);
    const { event } = await letters.find(eventId);
    const body = await this.#packed(event, bodyOf(event), largestMessage.queue);
    // A deduplication id of its own: SQS would drop the event as a duplicate of its first life.
    const fifo = queue.fifo ? { ...fifoFields(event), deduplicationId: randomUUID() } : {};
    await this.#send(queue, { body, ...fifo });
    await letters.remove(eventId);
  }

  async drop(name: QueueName, eventId: string): Promise<void> {
    const { letters } = await this.#deadOf(name);
    await letters.find(eventId);
    await letters.remove(eventId);
  }

  async #deadOf(name: QueueName): Promise<{ readonly queue: QueueAddress; readonly letters: DeadLetters }> {
    const queue = await this.#addresses.queue(name);
    let letters = this.#dead.get(queue.name);
    if (!letters) {
      const parts = { sqs: this.#clients.sqs, outbox: this.#outbox, clock: this.#clock };
      letters = new DeadLetters(parts, await this.#addresses.deadQueue(queue), name, async (body) => this.#unpacked(body));
      this.#dead.set(queue.name, letters);
    }
    return { queue, letters };
  }

  /** The queue of a subscription, for messages that are handed over. */
  addressOf(name: QueueName): Promise<QueueAddress> {
    return this.#addresses.queue(name);
  }

  /** Ends all polls cleanly, which takes as long as the last of them waits. */
  async close(): Promise<void> {
    await Promise.all([...this.#receivers.values()].map((receiver) => receiver.close()));
  }
}

/** What puts an event into order: its key, or itself alone when it has none. */
function fifoFields(event: Event): Pick<Outgoing, "groupId" | "deduplicationId"> {
  return { groupId: fifoToken(event.partitionKey ?? event.id), deduplicationId: fifoToken(event.id) };
}

function delaySeconds(delayMs: number): number {
  return Math.min(longestDelaySeconds, Math.ceil(delayMs / 1_000));
}

/** Waits for all, then fails as the first that failed. */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}
