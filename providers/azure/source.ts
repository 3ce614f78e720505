import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";

/** Where a message came from, and so what it is settled and renewed through. */
export interface Source {
  readonly receiver: Pick<ServiceBusReceiver, "completeMessage" | "abandonMessage" | "deadLetterMessage">;
  /** Before a message is settled for the first time, when its event was read. */
  prepare(message: ServiceBusReceivedMessage): void;
  /** Runs one settlement in a turn of the event loop of its own, see settlement-queue.ts. */
  settle(settlement: () => Promise<void>): Promise<void>;
  /** Until when a message is locked, by the clock of the broker. */
  lockedUntil(message: ServiceBusReceivedMessage): Date | undefined;
  /** Renews the lock; answers until when it holds. */
  renew(message: ServiceBusReceivedMessage): Promise<Date>;
  /** After the message was settled, for good or to come back. Never rejects. */
  settled(message: ServiceBusReceivedMessage, forGood: boolean): Promise<void>;
}
