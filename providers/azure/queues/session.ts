import { randomUUID } from "node:crypto";
import type { ServiceBusReceivedMessage, ServiceBusSessionReceiver } from "@azure/service-bus";
import type { Clock } from "../../../src/base/clock.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { isCode } from "../errors.ts";
import { isForOthers, markingsOf, uncounted, type Properties } from "./message.ts";
import { lockLeftMs, type LockFacts } from "./lock-time.ts";
import { nothingParked, parkedBehind, parkingOf, stateOf, withoutFirst, type Parking } from "./parking.ts";
import type { Publisher } from "./publisher.ts";
import { sequenceNumber } from "../sdk/sequence-number.ts";
import { SettlementQueue } from "../sdk/settlement-queue.ts";
import { withinLimit } from "../sdk/settlement-limit.ts";
import type { Source } from "./source.ts";

/** How long to wait for what is behind the last event of a session, in ms: what is there comes at once. */
const moreMs = 20;
const pageSize = 100;
/** What a session's state, of 256 KB, certainly holds. */
const maxParked = 5_000;

/** What a session works with. */
export interface SessionParts extends Pick<LockFacts, "leaseMs" | "minMs"> {
  readonly name: QueueName;
  readonly publisher: Publisher;
  readonly clock: Clock;
  /** How long a settlement may take, in ms. */
  readonly settlementMs: number;
  /** Called when its event was settled. */
  readonly settled: (session: Session) => void;
}

/** One session of Service Bus that is locked here: the events of one key, one at a time and in order. */
export class Session implements Source {
  readonly receiver: ServiceBusSessionReceiver;
  readonly isOrdered = true;
  readonly #settlements = new SettlementQueue();
  readonly #parts: SessionParts;
  readonly #lockMs: number;
  /** When its lock was had or renewed last, by our own clock. */
  #lockedAt: number;
  #parking: Parking | undefined;
  /** Messages that woke it. They stay until nothing is parked any more. */
  readonly #wakes: ServiceBusReceivedMessage[] = [];
  #looked = false;
  /** In ms since the epoch. */
  turnBegan: number;
  #isFirst = true;
  #full = false;

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

  /**
   * The next event of its key. Nothing when there is none, or when the first of them is still to wait.
   *
   * @param waitMs how long to wait for one that is on its way.
   */
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

  /** An event that is to wait is parked, and with it all behind it; one that was parked is deferred again. */
  async giveBack(message: ServiceBusReceivedMessage, delayMs: number, changes: Properties): Promise<void> {
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
    // Should this fail, whoever misses it in the queue drops it from the state.
    if (forGood && this.#isParked(message)) await this.#dropFirst().catch(() => {});
    this.#parts.settled(this);
  }

  /** Gives the session back. One with too much behind its first is kept from everybody until its lock ends. */
  async close(): Promise<void> {
    if (!this.#full) await this.receiver.close();
  }

  get #parked(): Parking {
    return this.#parking ?? nothingParked;
  }

  #isParked(message: ServiceBusReceivedMessage): boolean {
    return this.#parked.events[0] === numberOf(message);
  }

  async #nextActive(waitMs: number): Promise<ServiceBusReceivedMessage | "gone" | undefined> {
    const [message] = await this.receiver.receiveMessages(1, { maxWaitTimeInMs: waitMs });
    if (!message || !this.#isDoneWith(message)) return message;
    await this.settle(() => this.receiver.completeMessage(message));
    return "gone";
  }

  async #nextParked(first: string): Promise<ServiceBusReceivedMessage | "gone" | undefined> {
    const isDue = this.#parked.until <= this.#parts.clock.now() || this.#wakes.length > 0;
    if (!isDue && !(await this.#look())) return undefined;
    try {
      const [message] = await this.receiver.receiveDeferredMessages(sequenceNumber(BigInt(first)));
      if (message) return message;
    } catch (error) {
      if (!isCode(error, "MessageNotFound")) throw error;
    }
    // It was parked and not deferred, then it is found now; or it was settled and not dropped.
    if (this.#looked) await this.#dropFirst();
    else await this.#look();
    return "gone";
  }

  /** Parks all that is there behind what is parked; answers whether something was there to wake it. */
  async #look(): Promise<boolean> {
    this.#looked = true;
    while (this.#parked.events.length < maxParked) {
      const messages = await this.receiver.receiveMessages(pageSize, { maxWaitTimeInMs: moreMs });
      if (messages.length === 0) return this.#wakes.length > 0;
      const behind: ServiceBusReceivedMessage[] = [];
      for (const message of messages) {
        if (String(message.messageId) === this.#parked.wake) this.#wakes.push(message);
        else if (this.#isDoneWith(message)) await this.settle(() => this.receiver.completeMessage(message));
        else behind.push(message);
      }
      if (behind.length > 0) await this.#save(parkedBehind(this.#parked, behind.map(numberOf)));
      // They were not worked on: that they are deferred is none of their attempts.
      for (const message of behind) await this.settle(() => this.receiver.deferMessage(message, uncounted(message)));
    }
    this.#full = true;
    return this.#wakes.length > 0;
  }

  /** What woke it when nothing is parked any more, and copies that another subscription asked for. */
  #isDoneWith(message: ServiceBusReceivedMessage): boolean {
    return markingsOf(message).wake === true || isForOthers(message, this.#parts.name);
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

  /** An event that is handed out has most of a lock's time before it. */
  async #renewIfShort(): Promise<void> {
    if (this.#parts.clock.now() - this.#lockedAt > this.#lockMs / 3) await this.renew();
  }
}

function numberOf({ sequenceNumber: number }: ServiceBusReceivedMessage): string {
  return String(number);
}
