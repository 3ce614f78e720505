import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { Properties } from "./message.ts";

/** The receiver of a message, which also settles and renews it. */
export interface Source {
  readonly receiver: Pick<ServiceBusReceiver, "completeMessage" | "deadLetterMessage">;
  /** True for a session, where a delayed message keeps its place and blocks the messages behind it. */
  readonly isOrdered: boolean;
  /** Called when the event was read, before the message is settled for the first time. */
  prepare(message: ServiceBusReceivedMessage): void;
  /** Runs one settlement in its own turn of the event loop, see sdk/settlement-queue.ts. */
  settle(settlement: () => Promise<void>): Promise<void>;
  /** Abandons a message, to be delivered again after `delayMs`, with `changes` to its properties. */
  abandon(message: ServiceBusReceivedMessage, delayMs: number, changes: Properties): Promise<void>;
  /** Returns the end of the lock, by the clock of the broker. */
  lockedUntil(message: ServiceBusReceivedMessage): Date | undefined;
  /** Renews the lock; returns its end, by the clock of the broker. */
  renew(message: ServiceBusReceivedMessage): Promise<Date>;
  /** Called after the message was settled: for good, or to be delivered again. Never rejects. */
  settled(message: ServiceBusReceivedMessage, forGood: boolean): Promise<void>;
}
