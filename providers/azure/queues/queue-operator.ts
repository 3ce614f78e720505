import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { Clock } from "../../../src/base/clock.ts";
import { deadLetterOf, type DeadLetter, type DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import { BeeHiveError, isBeeHiveError } from "../../../src/base/errors.ts";
import type { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import type {
  AbandonOptions,
  Lease,
  LeaseRequest,
  QueueCounts,
  QueueOperator,
  QueueSpec,
} from "../../../src/contract/queue-operator.ts";
import type { ClaimCheck } from "./claim-check.ts";
import type { AzureClients } from "../client.ts";
import type { AzureConfig } from "../config.ts";
import type { ServiceBusPlace } from "../places.ts";
import { entityPathProblems } from "./entity-path.ts";
import { limitWaits } from "../sdk/connection-waits.ts";
import { receiveExactly } from "../sdk/exact-types.ts";
import { copyId } from "./copy-id.ts";
import { DeadLetters } from "./dead-letters.ts";
import { isSessionMismatch, translated, translating } from "../errors.ts";
import { AzureLease } from "./lease.ts";
import { isForOthers, markingsOf } from "./message.ts";
import { Names } from "./names.ts";
import { Publisher } from "./publisher.ts";
import type { Reader } from "./reader.ts";
import { isForGood } from "./reading.ts";
import { Readers } from "./readers.ts";
import { withoutSession } from "./session-id.ts";
import { Settlement } from "./settlement.ts";
import { OrderedQueues } from "./ordered-queues.ts";
import type { Source } from "./source.ts";
import { Throttling } from "./throttling.ts";
import { madeWithoutSessions, Topology, topologyProblems } from "./topology.ts";

/** How long an event waits whose body cannot be had, in ms. */
const unreadMs = 5_000;

/**
 * Queues, topics and subscriptions of Service Bus, leases by peek-lock. A commit pushes the outputs and then completes the
 * message: a crash between both repeats the outputs, under the same ids, which duplicate detection drops.
 */
export class AzureQueueOperator implements QueueOperator {
  readonly #clock: Clock;
  readonly #place: ServiceBusPlace;
  readonly #pollMs: number;
  readonly #minLockMs: number;
  readonly #claims: ClaimCheck;
  readonly #names: Names;
  readonly #topology: Topology;
  readonly #publisher: Publisher;
  readonly #readers: Readers;
  readonly #ordered: OrderedQueues;
  readonly #settlement: Settlement;
  readonly #deadLetters: DeadLetters;
  readonly #throttling: Throttling;
  #closed = false;

  constructor(clients: AzureClients, config: AzureConfig, claims: ClaimCheck, clock: Clock) {
    const { serviceBus, administration } = clients;
    this.#clock = clock;
    this.#place = config.serviceBus;
    this.#pollMs = config.pollMs;
    this.#minLockMs = config.minLockMs;
    this.#claims = claims;
    this.#names = new Names(config.queuePrefix);
    this.#topology = new Topology(administration, this.#names, config, clock);
    limitWaits(serviceBus, config.tryTimeoutMs);
    receiveExactly(serviceBus);
    this.#throttling = new Throttling();
    this.#throttling.watchClients(clients);
    this.#publisher = new Publisher(serviceBus, this.#names, config.claimCheck ? claims : undefined, this.#throttling);
    this.#readers = new Readers(serviceBus, this.#names, clock, config.tryTimeoutMs);
    this.#ordered = new OrderedQueues(serviceBus, this.#names, config, { publisher: this.#publisher, clock });
    this.#settlement = new Settlement({ publisher: this.#publisher, throttling: this.#throttling, clock });
    this.#deadLetters = new DeadLetters(serviceBus, this.#names, clock, config.tryTimeoutMs, claims);
  }

  problems(queues: readonly QueueSpec[]): readonly string[] {
    const names = queues.map(({ name }) => name);
    return [...entityPathProblems(this.#place, names, this.#names), ...topologyProblems(queues, this.#names)];
  }

  ensure(queues: readonly QueueSpec[]): Promise<void> {
    this.#ordered.learn(queues);
    return this.#topology.ensure(queues);
  }

  /** Opens links, which needs the rights that the work itself needs: to send to topics, to receive from the rest. */
  async missing(queues: readonly QueueSpec[]): Promise<readonly QueueName[]> {
    this.#ordered.learn(queues);
    const found = await Promise.all(queues.map(async (spec) => ((await this.#exists(spec)) ? [] : [spec.name])));
    return found.flat();
  }

  async #exists({ name, ordered }: QueueSpec): Promise<boolean> {
    try {
      if (name.kind === "topic") await this.#publisher.canReach(name);
      else {
        await this.#readers.canReach(name);
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
  }

  /** Duplicate detection drops what it knows and says nothing. */
  async push(events: readonly Event[]): Promise<undefined> {
    await this.#publisher.push(events);
  }

  async lease(name: QueueName, request: LeaseRequest): Promise<Lease[]> {
    if (name.kind === "topic")
      throw new BeeHiveError("QueueNotFound", `"${name}" is a topic; events are leased from a subscription of it.`);
    if (this.#closed) throw new BeeHiveError("InvalidState", "The Azure provider is closed.");
    return await this.#throttling.watching("receive", this.#lease(name, request));
  }

  async #lease(name: QueueName, request: LeaseRequest): Promise<Lease[]> {
    if (this.#ordered.has(name)) return await this.#leaseInOrder(name, request);
    try {
      return await this.#leaseInAnyOrder(name, request);
    } catch (error) {
      // Somebody made it ordered; so it is then.
      if (!isSessionMismatch(error)) throw error;
      this.#ordered.add(name);
      return await this.#leaseInOrder(name, request);
    }
  }

  async #leaseInOrder(name: QueueName, { max, leaseMs, waitMs, signal }: LeaseRequest): Promise<Lease[]> {
    try {
      const found = await this.#ordered.lease(name, leaseMs, max, this.#clock.now() + waitMs, signal);
      return await ofAll(
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
      throw translated(error, `receive from ${name}`);
    }
  }

  async #leaseInAnyOrder(name: QueueName, { max, leaseMs, waitMs, signal }: LeaseRequest): Promise<Lease[]> {
    const deadline = this.#clock.now() + waitMs;
    return await this.#readers.use(name, async (reader) => {
      for (;;) {
        const messages = await translating(`receive from ${name}`, () =>
          reader.receive(max, deadline, this.#pollMs, signal),
        );
        const ours = await ofAll(messages.map((message) => this.#leaseOf(message, name, reader, leaseMs)));
        // What else was there is done with: look for what is ours.
        if (ours.length > 0 || messages.length === 0) return ours;
      }
    });
  }

  /** The queue, topic or subscription in the namespace that is meant by a name. */
  addressOf(name: QueueName): { readonly entity: string; readonly subscription: string } {
    return { entity: this.#names.entity(name), subscription: name.subscription };
  }

  /**
   * A lease on a message that somebody else received under peek-lock, such as the host of a function. Nothing when it is
   * not for this subscription.
   */
  adopt(message: ServiceBusReceivedMessage, name: QueueName, leaseMs: number): Promise<Lease | undefined> {
    return this.#readers.use(name, (reader) => this.#leaseOf(message, name, reader, leaseMs));
  }

  /** A message as a lease. A copy that another subscription asked for is completed: its filter would have kept it away. */
  async #leaseOf(
    message: ServiceBusReceivedMessage,
    name: QueueName,
    reader: Reader,
    leaseMs: number,
  ): Promise<AzureLease | undefined> {
    if (isForOthers(message, name)) {
      // A copy for another subscription. One that cannot be completed comes back and is met here again.
      const completed = reader.settle(() => reader.receiver.completeMessage(withoutSession(message)));
      await completed.then(() => reader.settled(message)).catch(() => {});
      return undefined;
    }
    return await this.#leaseFrom(reader, message, name, leaseMs);
  }

  /** The lease on a message. Nothing when its event cannot be had whole: it is among the dead letters then, which say why. */
  async #leaseFrom(
    source: Source,
    message: ServiceBusReceivedMessage,
    name: QueueName,
    leaseMs: number,
  ): Promise<AzureLease | undefined> {
    const { event, problem } = await this.#claims.read(message, name);
    source.prepare(message);
    const markings = markingsOf(message);
    const lock = { leaseMs, minMs: this.#minLockMs };
    const lease = new AzureLease({ event, queueName: name, message, source, markings }, lock, this.#clock);
    if (!problem) return lease;
    if (!isForGood(problem)) {
      // That is none of its attempts, and what is behind it need not wait.
      await this.abandon(lease, { delayMs: unreadMs, countAttempt: false }).catch(() => {});
      throw problem;
    }
    await this.deadLetter(lease, this.#letterOf(lease, problem));
    return undefined;
  }

  #letterOf({ event, queueName, attempt, firstSeen }: AzureLease, error: BeeHiveError): DeadLetterRecord {
    const seen = { firstSeen: new Date(firstSeen), lastSeen: new Date(this.#clock.now()) };
    const origin = { event, actor: "", subscription: queueName.toString(), attempts: attempt, ...seen };
    return deadLetterOf(origin, error.message, error);
  }

  async renew(leases: readonly Lease[], leaseMs: number): Promise<readonly boolean[]> {
    return await Promise.all(leases.map((lease) => this.#settlement.renew(lease as AzureLease, leaseMs)));
  }

  async commit(lease: Lease, outputs: readonly Event[]): Promise<void> {
    const held = lease as AzureLease;
    held.assertHeld();
    if (outputs.length > 0) await this.push(outputs);
    await this.#settlement.commit(held);
  }

  abandon(lease: Lease, options: AbandonOptions): Promise<void> {
    return this.#settlement.abandon(lease as AzureLease, options);
  }

  deadLetter(lease: Lease, letter: DeadLetterRecord): Promise<void> {
    return this.#settlement.deadLetter(lease as AzureLease, letter);
  }

  counts(name: QueueName): Promise<QueueCounts> {
    return this.#topology.counts(name);
  }

  deadLetters(name: QueueName): AsyncIterable<DeadLetter> {
    return this.#deadLetters.list(name);
  }

  /** A copy goes back, then the letter is removed; a crash between both leaves the letter, whose next copy is a duplicate. */
  async requeue(name: QueueName, id: string): Promise<void> {
    await this.#deadLetters.take(name, id, async (event, message) => {
      const copy = copyId(message.messageId, message.sequenceNumber, name, "requeued");
      await this.#publisher.sendBack(event(), name, { id: copy, markings: { claim: markingsOf(message).claim } });
    });
  }

  async drop(name: QueueName, id: string): Promise<void> {
    await this.#deadLetters.take(name, id, async () => {});
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#ordered.close();
    await this.#readers.close();
    await this.#publisher.close();
  }
}

/** Those leases that could be had; fails when all failed. What failed is delivered again. */
async function ofAll(leases: readonly Promise<AzureLease | undefined>[]): Promise<AzureLease[]> {
  const outcomes = await Promise.allSettled(leases);
  const had = outcomes.flatMap((one) => (one.status === "fulfilled" && one.value ? [one.value] : []));
  const failed = outcomes.find((one) => one.status === "rejected");
  if (failed && had.length === 0) throw failed.reason;
  return had;
}
