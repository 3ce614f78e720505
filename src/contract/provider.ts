import type { Clock } from "../base/clock.ts";
import type { Event } from "../events/event.ts";
import type { Logger } from "../base/logger.ts";
import type { Lease, QueueOperator } from "./queue-operator.ts";
import type { Stores } from "./stores.ts";

/** What every provider is opened with. */
export interface ProviderContext {
  readonly clock: Clock;
  /** Where a provider tells of what it does by itself; the standard error unless given. */
  readonly logger?: Logger | undefined;
}

/** What a provider can do beyond the contract; a reason instead of `true` where it cannot. */
export interface Capabilities {
  /** A step's store writes, outputs and commit happen together or not at all. */
  readonly atomicStep: true | string;
  /** An event pushed twice under one id is delivered once, within a window. */
  readonly deduplication: true | string;
  /** Subscriptions may be `ordered`. */
  readonly ordering: true | string;
}

/** One run of an actor over one event: the stores that it is given, and how it ends. */
export interface Step {
  readonly stores: Stores;
  /**
   * Makes the step happen: store writes where they are atomic, outputs, the commit of the lease.
   *
   * @throws `ConcurrencyConflict` when others changed what the step read: nothing happened, it can be run again.
   * @throws `LeaseLost` when the lease is over: nothing happened here.
   */
  commit(outputs: readonly Event[]): Promise<void>;
  /** Ends a step that does not commit; its stores refuse to be used afterwards where they are atomic. */
  discard(): void;
}

/** One place to run a hive: its queues, its stores, and what it can do. */
export interface Provider {
  /** `memory`, `sqlite`, `azure`, `aws`, or yours. */
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly queues: QueueOperator;
  /** Stores that write at once. */
  readonly stores: Stores;
  beginStep(lease: Lease): Step;
  /** Lets go of connections and timers. Calls that wait are answered; calls made later may fail. */
  close(): Promise<void>;
}

/** A step of a provider that is not atomic: stores write at once, outputs are pushed, then the lease is committed. */
export function directStep(queues: QueueOperator, stores: Stores, lease: Lease): Step {
  return { stores, commit: (outputs) => queues.commit(lease, outputs), discard() {} };
}
