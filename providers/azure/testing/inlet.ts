import type { Clock, Timer } from "../../../src/base/clock.ts";
import { outgoing, received, scheduledFor } from "./message.ts";
import type { AmqpMessage } from "./rhea.ts";

export const noSession: string =
  "The SessionId was not set on a message, and it cannot be sent to the entity. Entities that have session support " +
  "enabled can only receive messages that have the SessionId set to a valid value.";

export function hasSession({ group_id: id }: AmqpMessage): boolean {
  return id !== undefined && id !== null;
}

/** The entrance of a queue or topic: drops duplicates, and holds scheduled messages back. */
export class Inlet {
  readonly #clock: Clock;
  /** The window of duplicate detection, in ms; 0 for none. */
  readonly #duplicateWindowMs: number;
  readonly #deliver: (message: AmqpMessage) => void;
  readonly #requiresSession: boolean;
  readonly #recent = new Map<string, number>();
  readonly #scheduled = new Map<number, { readonly message: AmqpMessage; readonly timer: Timer }>();
  /** Scheduled messages have numbers of their own, and get a new one when they are enqueued. */
  #sequence = 1_000_000;

  constructor(
    clock: Clock,
    duplicateWindowMs: number,
    deliver: (message: AmqpMessage) => void,
    requiresSession = false,
  ) {
    this.#clock = clock;
    this.#duplicateWindowMs = duplicateWindowMs;
    this.#deliver = deliver;
    this.#requiresSession = requiresSession;
  }

  /** Returns whether a message may be sent: a queue with sessions refuses messages without one. */
  admits(message: AmqpMessage): boolean {
    return !this.#requiresSession || hasSession(message);
  }

  get scheduled(): number {
    return this.#scheduled.size;
  }

  /** Accepts a message; returns its number when it is scheduled, else 0. */
  take(message: AmqpMessage): number {
    const own = received(message);
    if (this.#isDuplicate(String(own.message_id))) return 0;
    const delayMs = scheduledFor(own) - this.#clock.now();
    if (delayMs > 0) return this.#schedule(own, delayMs);
    this.#deliver(own);
    return 0;
  }

  /** Cancels a scheduled message; returns whether it was there. */
  cancel(sequence: number): boolean {
    const held = this.#scheduled.get(sequence);
    held?.timer.cancel();
    return this.#scheduled.delete(sequence);
  }

  /** Returns up to `count` scheduled messages from a number on, without taking them. */
  peek(from: number, count: number): AmqpMessage[] {
    const found = [...this.#scheduled].filter(([sequence]) => sequence >= from).slice(0, count);
    const facts = { enqueuedAt: this.#clock.now(), deliveryCount: 0, state: 2 } as const;
    return found.map(([sequence, { message }]) => outgoing(message, { ...facts, sequence }));
  }

  close(): void {
    for (const { timer } of this.#scheduled.values()) timer.cancel();
  }

  #schedule(message: AmqpMessage, delayMs: number): number {
    const sequence = ++this.#sequence;
    const timer = this.#clock.after(delayMs, () => {
      this.#scheduled.delete(sequence);
      this.#deliver(message);
    });
    this.#scheduled.set(sequence, { message, timer });
    return sequence;
  }

  #isDuplicate(id: string): boolean {
    if (this.#duplicateWindowMs === 0) return false;
    const now = this.#clock.now();
    for (const [old, time] of this.#recent) {
      if (time + this.#duplicateWindowMs > now) break;
      this.#recent.delete(old);
    }
    if (this.#recent.has(id)) return true;
    this.#recent.set(id, now);
    return false;
  }
}
