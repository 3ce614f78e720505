import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { Properties } from "./message.ts";

/** Where a message came from, and so what it is settled and renewed through. */
export interface Source {
  readonly receiver: Pick<ServiceBusReceiver, "completeMessage" | "deadLetterMessage">;
  /** Whether a message that waits does so where it is, and what is behind it too. Elsewhere none can wait. */
  readonly isOrdered: boolean;
  /** Before a message is settled for the first time, when its event was read. */
  prepare(message: ServiceBusReceivedMessage): void;
  /** Runs one settlement in a turn of the event loop of its own, see settlement-queue.ts. */
  settle(settlement: () => Promise<void>): Promise<void>;
  /** Settles a message to be delivered again after `delayMs`. `changes` are made to its properties. */
  giveBack(message: ServiceBusReceivedMessage, delayMs: number, changes: Properties): Promise<void>;
  /** Until when a message is locked, by the clock of the broker. */
  lockedUntil(message: ServiceBusReceivedMessage): Date | undefined;
  /** Renews the lock; answers until when it holds. */
  renew(message: ServiceBusReceivedMessage): Promise<Date>;
  /** After the message was settled, for good or to come back. Never rejects. */
  settled(message: ServiceBusReceivedMessage, forGood: boolean): Promise<void>;
}
