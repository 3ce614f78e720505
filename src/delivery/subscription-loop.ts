import type { ActorDescriptor } from "../actors/actor.ts";
import type { Outcome } from "../actors/outcome.ts";
import type { Lease } from "../contract/queue-operator.ts";
import type { HeldKeys } from "./held-keys.ts";
import type { Polling } from "./polling.ts";

/** The work on the events of one subscription, from lease to settlement. */
export interface SubscriptionLoop {
  /** Its settings may change while it runs, see {@link use}. */
  readonly descriptor: ActorDescriptor;
  /** Leases events as slots come free, and knows about pauses. */
  readonly polling: Polling;
  /** The partition keys that failing events of an ordered subscription hold back. */
  readonly heldKeys: HeldKeys | undefined;
  /** The number of events that are held now: worked on, or waiting for their batch. */
  readonly inFlight: number;
  /** The number of deliveries that have ended so far, with any outcome. */
  readonly settled: number;
  /** The number of events that were committed so far. */
  readonly committed: number;
  /** The leases that are held now. */
  readonly leases: readonly Lease[];
  start(): void;
  /** Works with other settings from the next event on. */
  use(descriptor: ActorDescriptor): void;
  /** Leaves the subscription to other processes. Resolves when no event of it is held here. */
  leave(): Promise<void>;
  /**
   * Stops leasing and waits for the deliveries under way until `deadline` resolves.
   *
   * Unfinished events are then abandoned without counting an attempt.
   */
  stop(deadline: Promise<void>): Promise<void>;
  /**
   * Works on one lease and settles it. Resolves with the outcome, never rejects.
   *
   * For hosts that hand over leases themselves, such as functions in a cloud.
   */
  deliver(lease: Lease): Promise<Outcome>;
  /** Works on several leases, in batches where the actor takes batches. Never rejects. */
  deliverBatch(leases: readonly Lease[]): Promise<void>;
}

/** Returns the slots of a subscription now. The polling of one that takes batches counts the events of a batch. */
export function parallelismOf({ descriptor, polling }: Pick<SubscriptionLoop, "descriptor" | "polling">): number {
  return descriptor.elastic ? polling.size : descriptor.parallelism;
}
