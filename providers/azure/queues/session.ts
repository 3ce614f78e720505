import { randomUUID } from "node:crypto";
import type { ServiceBusReceivedMessage, ServiceBusSessionReceiver } from "@azure/service-bus";
import type { Clock } from "../../../src/base/clock.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { isCode } from "../errors.ts";
import { sequenceNumber } from "../sdk/sequence-number.ts";
import { withinLimit } from "../sdk/settlement-limit.ts";
import { SettlementQueue } from "../sdk/settlement-queue.ts";
import { lockLeftMs, type LockFacts } from "./lock-time.ts";
import { isForOthers, redeliveryStateOf, uncounted, type Properties } from "./message.ts";
import { nothingParked, parkedBehind, parkingOf, stateOf, withoutFirst, type Parking } from "./parking.ts";
import type { Publisher } from "./publisher.ts";
import type { Source } from "./source.ts";

/** The wait for the next event of a session, in ms. The broker sends what it has at once. */
const moreMs = 20;
const pageSize = 100;
/** The most events in the state of a session, which has 256 KB. */
const maxParked = 5_000;

/** Collaborators and settings of a session. */
export interface SessionParts extends Pick<LockFacts, "leaseMs" | "minMs"> {
  readonly name: QueueName;
  readonly publisher: Publisher;
  readonly clock: Clock;
  /** The longest wait for a settlement, in ms. */
  readonly settlementMs: number;
  /** Called when the event of the session was settled. */
  readonly settled: (session: Session) => void;
}

/** A locked session of Service Bus: the events of one key, one at a time and in order. */
export class Session implements Source {
  readonly receiver: ServiceBusSessionReceiver;
  readonly isOrdered = true;
  readonly #settlements = new SettlementQueue();
  readonly #parts: SessionParts;
  readonly #lockMs: number;
  /** The time of the lock or of its last renewal, by the clock of this process. */
  #lockedAt: number;
  #parking: Parking | undefined;
  /** Messages that woke the session. They stay locked until no event is parked any more. */
  readonly #wakes: ServiceBusReceivedMessage[] = [];
  #hasScanned = false;
  /** In ms since the epoch. */
  turnBegan: number;
  #isFirst = true;
  #isFull = false;

  constructor(receiver: ServiceBusSessionReceiver, parts: SessionParts) {
    this.receiver = receiver;
    this.#parts = parts;
    this.turnBegan = parts.clock.now();
    this.#lockedAt = this.turnBegan;
    const lockedUntil = receiver.sessionLockedUntilUtc.getTime();
    this.#lockMs = lockLeftMs({ ...parts, now: this.#lockedAt, lockedUntil });
  }

  get isOver(): boolean {
    return this.receiver.isClosed;
  }

  lockedUntil(): Date {
    return this.receiver.sessionLockedUntilUtc;
  }

  async renew(): Promise<Date> {
    const at = this.#parts.clock.now();
    const lockedUntil = await this.receiver.renewSessionLock();
    this.#lockedAt = at;
    return lockedUntil;
  }

  prepare(): void {}

  settle(settlement: () => Promise<void>): Promise<void> {
    const { clock, settlementMs } = this.#parts;
    return withinLimit(this.receiver, this.#settlements.add(settlement), clock, settlementMs);
  }

  /** Returns the next event of the key; `undefined` when there is none, or the first is delayed. */
  async next(waitMs: number = moreMs): Promise<ServiceBusReceivedMessage | undefined> {
    if (!this.#isFirst) await this.#renewIfShort();
    this.#isFirst = false;
    this.#parking ??= parkingOf(await this.receiver.getSessionState());
    for (let patience = waitMs; ; patience = moreMs) {
      const [first] = this.#parked.events;
      const message = first === undefined ? await this.#nextActive(patience) : await this.#nextParked(first);
      if (message === "gone") continue;
      return message;
    }
  }

  /** Parks a delayed event, and with it all behind it. An event that was parked before is deferred again. */
  async abandon(message: ServiceBusReceivedMessage, delayMs: number, changes: Properties): Promise<void> {
    if (delayMs === 0 && !this.#isParked(message)) return await this.receiver.abandonMessage(message, changes);
    if (delayMs > 0) {
      const { name, publisher, clock } = this.#parts;
      const [until, wake] = [clock.now() + delayMs, randomUUID()];
      await publisher.wake(name, { id: wake, sessionId: this.receiver.sessionId, at: until });
      const parking = parkedBehind(this.#parked, [numberOf(message)]);
      await this.#save({ ...parking, until, wake });
      await this.#dropWakes();
    }
    await this.receiver.deferMessage(message, changes);
  }

  async settled(message: ServiceBusReceivedMessage, forGood: boolean): Promise<void> {
    // If this fails, the next holder of the session drops the entry when the deferred message is not found.
    if (forGood && this.#isParked(message)) await this.#dropFirst().catch(() => {});
    this.#parts.settled(this);
  }

  /** Releases the session. With too many events behind its first, it stays locked until the lock ends. */
  async close(): Promise<void> {
    if (!this.#isFull) await this.receiver.close();
  }

  get #parked(): Parking {
    return this.#parking ?? nothingParked;
  }

  #isParked(message: ServiceBusReceivedMessage): boolean {
    return this.#parked.events[0] === numberOf(message);
  }

  async #nextActive(waitMs: number): Promise<ServiceBusReceivedMessage | "gone" | undefined> {
    const [message] = await this.receiver.receiveMessages(1, { maxWaitTimeInMs: waitMs });
    if (!message || !this.#isToDrop(message)) return message;
    await this.settle(() => this.receiver.completeMessage(message));
    return "gone";
  }

  async #nextParked(first: string): Promise<ServiceBusReceivedMessage | "gone" | undefined> {
    const isDue = this.#parked.until <= this.#parts.clock.now() || this.#wakes.length > 0;
    if (!isDue && !(await this.#scan())) return undefined;
    try {
      const [message] = await this.receiver.receiveDeferredMessages(sequenceNumber(BigInt(first)));
      if (message) return message;
    } catch (error) {
      if (!isCode(error, "MessageNotFound")) throw error;
    }
    // After a crash it may be parked and not deferred: the scan finds it. Or it was settled and not dropped.
    if (this.#hasScanned) await this.#dropFirst();
    else await this.#scan();
    return "gone";
  }

  /** Parks all messages of the session behind those already parked. Returns whether a message woke the session. */
  async #scan(): Promise<boolean> {
    this.#hasScanned = true;
    while (this.#parked.events.length < maxParked) {
      const messages = await this.receiver.receiveMessages(pageSize, { maxWaitTimeInMs: moreMs });
      if (messages.length === 0) return this.#wakes.length > 0;
      const behind: ServiceBusReceivedMessage[] = [];
      for (const message of messages) {
        if (String(message.messageId) === this.#parked.wake) this.#wakes.push(message);
        else if (this.#isToDrop(message)) await this.settle(() => this.receiver.completeMessage(message));
        else behind.push(message);
      }
      if (behind.length > 0) await this.#save(parkedBehind(this.#parked, behind.map(numberOf)));
      // A defer counts as a delivery, but no actor worked on these.
      for (const message of behind) await this.settle(() => this.receiver.deferMessage(message, uncounted(message)));
    }
    this.#isFull = true;
    return this.#wakes.length > 0;
  }

  /** Returns whether a message is an outdated wake-up, or a copy for another subscription. */
  #isToDrop(message: ServiceBusReceivedMessage): boolean {
    return redeliveryStateOf(message).wake === true || isForOthers(message, this.#parts.name);
  }

  async #dropFirst(): Promise<void> {
    await this.#save(withoutFirst(this.#parked));
    if (this.#parked.events.length === 0) await this.#dropWakes();
  }

  async #dropWakes(): Promise<void> {
    for (const message of this.#wakes.splice(0)) await this.settle(() => this.receiver.completeMessage(message));
  }

  async #save(parking: Parking): Promise<void> {
    await this.receiver.setSessionState(stateOf(parking));
    this.#parking = parking;
  }

  /** Renews the lock after a third of it. So the next event has most of a lock before it. */
  async #renewIfShort(): Promise<void> {
    if (this.#parts.clock.now() - this.#lockedAt > this.#lockMs / 3) await this.renew();
  }
}

function numberOf({ sequenceNumber: number }: ServiceBusReceivedMessage): string {
  return String(number);
}
