import type { Clock } from "../base/clock.ts";
import { BeeHiveError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Event } from "../events/event.ts";
import type { Lease, QueueOperator } from "./queue-operator.ts";
import type { Stores } from "./stores.ts";

/** The context that every provider is opened with. */
export interface ProviderContext {
  readonly clock: Clock;
  /**
   * The logger for background work, such as housekeeping.
   *
   * @default a logger that writes to the standard error
   */
  readonly logger?: Logger | undefined;
}

/** A promise of a log that an archive does not keep, see {@link ArchiveCapability.limits}. */
export type LogLimit = "order" | "rewind" | "retention" | "delay";

/** The capability of a log that is written after the events were published, by a subscription of its own. */
export interface ArchiveCapability {
  readonly kind: "archive";
  /**
   * The promises that it does not keep, with the reason, a sentence each.
   *
   * `order`: positions follow the commits. `rewind`: events under way are taken back. `retention`: what a subscription
   * has not read stays. `delay`: a published event can be read at once.
   */
  readonly limits: Readonly<Partial<Record<LogLimit, string>>>;
}

/** Abilities of a provider beyond the contract: `true`, or a sentence with the reason against. */
export interface Capabilities {
  /** Commits store writes, outputs and event of a step together or not at all. */
  readonly atomicStep: true | string;
  /** Delivers an event once that is pushed twice under one id within a window. */
  readonly deduplication: true | string;
  /** Allows `ordered` subscriptions. */
  readonly ordering: true | string;
  /** Keeps the events of topics for reading, rewinding and subscriptions that start in the past. */
  readonly log: true | ArchiveCapability | string;
  /** Publishes events in a transaction of the application, see {@link QueueOperator.pushWithin}. */
  readonly transactions: true | string;
  /** Cancels events that wait, by their id or cancel key. */
  readonly cancel: true | string;
  /** Shows the next events of a queue without leasing them. */
  readonly peek: true | string;
  /** Removes all waiting events of a queue. */
  readonly purge: true | string;
}

/** A run of an actor over an event: its stores and its end. */
export interface Step {
  readonly stores: Stores;
  /** True for a step whose writes, outputs and lease commit together. @default false */
  readonly atomic?: boolean;
  /** The events that calls of its stores publish. The hive adds them to the outputs. @default None. */
  readonly published?: readonly Event[] | undefined;
  /**
   * Commits the lease with the outputs, and with the store writes where steps are atomic.
   *
   * Returns a promise, unless it is done when it returns.
   *
   * @throws `ConcurrencyConflict` when another step changed a row that this one read. Nothing was changed.
   * @throws `LeaseLost` when the lease ended. Nothing was changed.
   */
  commit(outputs: readonly Event[]): Promise<void> | void;
  /** Cancels waiting events with the commit, before the outputs are published. */
  cancel(key: string): void;
  /** Ends a step without a commit. Its stores then throw `InvalidState` where steps are atomic. */
  discard(): void;
}

/** A run of an actor over a batch of leased events of one queue: its stores and its end. */
export interface BatchStep extends Omit<Step, "commit"> {
  /**
   * Commits the store writes, the outputs and some of its leases together or not at all. The other leases stay as they
   * are.
   *
   * @throws `ConcurrencyConflict` as {@link Step.commit}, `LeaseLost` when one of these leases ended. Nothing was changed.
   */
  commit(leases: readonly Lease[], outputs: readonly Event[]): Promise<void> | void;
}

/** The place where a hive runs: its queues, its stores, and what it can do. docs/providers.md writes one. */
export interface Provider {
  /** `memory`, `sqlite`, `postgres`, `azure`, `aws`, or yours. */
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly queues: QueueOperator;
  /** Stores that write at once, outside of any step. */
  readonly stores: Stores;
  /**
   * Creates what the provider needs beside the queues, such as tables. Idempotent, also in several processes at once.
   *
   * Only where the first write does not create it.
   */
  setup?(): Promise<void>;
  /** Returns leases that a host handed over, their bodies decoded. Only where a codec wraps the provider. */
  decoded?(leases: readonly Lease[]): Promise<readonly Lease[]>;
  /** Begins the step of an actor over a leased event. */
  beginStep(lease: Lease): Step;
  /** Begins the step of an actor over a batch. Only with the capability `atomicStep`, and then always. */
  beginBatch?(leases: readonly Lease[]): BatchStep;
  /**
   * Returns what slows the provider down and only an operator can end, in sentences.
   *
   * Only where the provider can tell cheaply.
   */
  warnings?(): Promise<readonly string[]>;
  /** Returns the time of the server, to the second at least, where there is one: milliseconds since 1970. */
  serverTime?(): Promise<number | undefined>;
  /** Closes connections and timers. Waiting calls end; later calls may throw. */
  close(): Promise<void>;
}

/**
 * Returns a step that is not atomic.
 *
 * Stores write at once. At the commit events are cancelled, then outputs are pushed, then the event is committed.
 */
export function directStep<L extends Lease>(queues: QueueOperator<L>, stores: Stores, lease: L): Step {
  let keys: string[] | undefined;
  const cancelAll = async (): Promise<void> => {
    for (const key of keys ?? []) await queues.cancel?.({ key });
  };
  return {
    stores,
    cancel(key) {
      if (!queues.cancel) throw new BeeHiveError("InvalidState", "The provider cannot cancel events: remove the call.");
      (keys ??= []).push(key);
    },
    commit: (outputs) => (keys ? cancelAll().then(() => queues.commit(lease, outputs)) : queues.commit(lease, outputs)),
    discard() {},
  };
}
