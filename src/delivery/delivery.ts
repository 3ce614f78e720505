import type { ActorContext, ActorDescriptor } from "../actors/actor.ts";
import type { Outcome } from "../actors/outcome.ts";
import type { Pause } from "../actors/pause.ts";
import type { ChildRun, SpawnOptions } from "../actors/spawn.ts";
import { StoreCalls, type StoreWatch } from "../actors/store-calls.ts";
import type { Bagged } from "../base/bag.ts";
import type { Clock } from "../base/clock.ts";
import type { BeeHiveError } from "../base/errors.ts";
import { withFields, type Logger } from "../base/logger.ts";
import { checkedKey } from "../contract/keys.ts";
import type { Step } from "../contract/provider.ts";
import type { Lease } from "../contract/queue-operator.ts";
import type { Stores } from "../contract/stores.ts";
import type { Replayed } from "../contract/topic-log.ts";
import type { Event } from "../events/event.ts";
import type { KeptLease, LeaseHolder } from "./lease-keeper.ts";

/** A delivery of an event to an actor, after it ended. */
export interface DeliveryReport {
  /** The event as received: its `queueName` is the subscription. */
  readonly event: Event;
  readonly descriptor: ActorDescriptor;
  /** 1 for the first. */
  readonly attempt: number;
  readonly outcome: Outcome;
  /** The time from its start to its settlement, in ms. */
  readonly durationMs: number;
  /** The events that the step published, with their ids; empty unless it was committed. */
  readonly outputs: readonly Event[];
  /** The error of the step; `undefined` when it was committed. */
  readonly error: unknown;
}

/** Observes the deliveries of a hive. Errors of `delivered` are logged and change nothing. */
export interface DeliveryObserver {
  delivered?(report: DeliveryReport): void;
  /** Called when a pause of a subscription begins. */
  paused?(descriptor: ActorDescriptor, pause: Pause): void;
}

const over = Promise.resolve();
/** The parts that the deliveries of one subscription share. */
export interface DeliveryHome {
  readonly descriptor: ActorDescriptor;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The stores of the provider, outside of any step. Failures that no one awaits are logged. */
  readonly stores: Stores;
  /** Starts a child of the hive. */
  readonly spawn: Spawn;
}

/** Starts a child of the hive on behalf of an actor, unless one of that name lives. Returns whether it did. */
export type Spawn = (actor: string, name: string, run: ChildRun, options?: SpawnOptions) => boolean;

/** An event in work. Its actor sees it as its context. */
export class Delivery implements ActorContext, LeaseHolder, StoreWatch, Bagged {
  place = -1;
  readonly lease: Lease;
  /** Resolves when the delivery has been settled. */
  ended: Promise<unknown> = over;
  /** The kept lease and the step of the run under way. */
  kept: KeptLease | undefined;
  step: Step | undefined;
  /** True once the settlement has begun: the delivery must not be settled a second time. */
  settling = false;
  /** True once a stopping hive has abandoned the event of a running actor. */
  abandoned = false;
  /** The events that the step published; empty until it has committed. */
  outputs: readonly Event[] = [];
  /** Why the lease is no longer held; `undefined` while it is. */
  cancelledBy: BeeHiveError | undefined;
  readonly #home: DeliveryHome;
  /** The calls of stores in the run under way; `undefined` for an actor that gets none. */
  #calls: StoreCalls | undefined = undefined;
  #controller: AbortController | undefined;

  constructor(lease: Lease, home: DeliveryHome) {
    this.lease = lease;
    this.#home = home;
  }

  get descriptor(): ActorDescriptor {
    return this.#home.descriptor;
  }

  get clock(): Clock {
    return this.#home.clock;
  }

  get stores(): Stores {
    return this.#home.stores;
  }

  get atomic(): boolean {
    return this.step?.atomic ?? false;
  }

  get attempt(): number {
    return this.lease.attempt;
  }

  get replayed(): Replayed | undefined {
    return this.lease.replayed;
  }

  get logger(): Logger {
    const { id, eventType, correlationId } = this.lease.event;
    return withFields(this.#home.logger, { eventId: id, eventType, correlationId, attempt: this.attempt });
  }

  /** Made when it is first read: most actors never do. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.cancelledBy) this.#controller.abort(this.cancelledBy);
    return this.#controller.signal;
  }

  /** @throws the reason when the lease is no longer held. */
  throwIfCancelled(): void {
    if (this.cancelledBy) throw this.cancelledBy;
  }

  cancel(key: string): void {
    this.step?.cancel(checkedKey("a cancel key", key));
  }

  watch<T extends object>(store: T): T {
    return (this.#calls ??= new StoreCalls(this)).watch(store);
  }

  /** Ends the calls of stores of an actor that has returned. @throws BeeHiveError `InvalidState`, see `StoreCalls`. */
  endCalls(): void {
    this.#calls?.end();
  }

  /** Ends the calls of stores of a run. */
  closeCalls(): void {
    this.#calls?.close();
    this.#calls = undefined;
  }

  spawn(name: string, run: ChildRun, options?: SpawnOptions): boolean {
    return this.#home.spawn(this.descriptor.name, name, run, options);
  }

  abort(reason: BeeHiveError): void {
    this.cancelledBy ??= reason;
    this.#controller?.abort(reason);
  }
}
