import type { Clock, Timer } from "../../../src/base/clock.ts";
import { received, scheduledFor } from "./message.ts";
import type { AmqpMessage } from "./rhea.ts";

export const noSession =
  "The SessionId was not set on a message, and it cannot be sent to the entity. Entities that have session support enabled can only receive messages that have the SessionId set to a valid value.";

export function hasSession({ group_id: id }: AmqpMessage): boolean {
  return id !== undefined && id !== null;
}

/** Where messages come into a queue or topic: drops duplicates and holds back what is scheduled. */
export class Inlet {
  readonly #clock: Clock;
  /** How long ids are remembered, in ms; 0 for never. */
  readonly #duplicateWindowMs: number;
  readonly #deliver: (message: AmqpMessage) => void;
  readonly #requiresSession: boolean;
  readonly #recent = new Map<string, number>();
  readonly #scheduled = new Map<number, { readonly message: AmqpMessage; readonly timer: Timer }>();
  /** Scheduled messages have numbers of their own: one that is due is enqueued under a new one. */
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

  /** Whether it may be taken in: a queue with sessions takes nothing without one. */
  admits(message: AmqpMessage): boolean {
    return !this.#requiresSession || hasSession(message);
  }

  get scheduled(): number {
    return this.#scheduled.size;
  }

  /** Takes a message in; answers its number when it is held back. */
  take(message: AmqpMessage): number {
    const own = received(message);
    if (this.#isDuplicate(String(own.message_id))) return 0;
    const delayMs = scheduledFor(own) - this.#clock.now();
    if (delayMs > 0) return this.#schedule(own, delayMs);
    this.#deliver(own);
    return 0;
  }

  /** Answers whether it was there. */
  cancel(sequence: number): boolean {
    const held = this.#scheduled.get(sequence);
    held?.timer.cancel();
    return this.#scheduled.delete(sequence);
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
