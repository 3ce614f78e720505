import type { ActorDescriptor, BatchContext, Batched } from "../../actors/actor.ts";
import type { ChildRun, SpawnOptions } from "../../actors/spawn.ts";
import { StoreCalls, type StoreWatch } from "../../actors/store-calls.ts";
import type { Clock } from "../../base/clock.ts";
import { readable } from "../../base/error-text.ts";
import { BeeHiveError } from "../../base/errors.ts";
import { withFields, type Logger } from "../../base/logger.ts";
import { checkedKey } from "../../contract/keys.ts";
import type { Stores } from "../../contract/stores.ts";
import type { Replayed } from "../../contract/topic-log.ts";
import type { Event } from "../../events/event.ts";
import type { DeliveryHome } from "../delivery.ts";
import type { AnyBatchStep } from "./batch-step.ts";
import type { BatchedDelivery } from "./batched-delivery.ts";

/** A run of an actor over a batch. The actor sees it as its context. */
export class BatchRun implements BatchContext, StoreWatch {
  readonly deliveries: readonly BatchedDelivery[];
  readonly events: readonly Event[];
  /** The step of the run, once it has begun. */
  step: AnyBatchStep | undefined;
  /** The calls of stores; `undefined` for an actor that gets none. */
  calls: StoreCalls | undefined;
  /** The events that the actor failed, with its errors. */
  readonly failures: ReadonlyMap<BatchedDelivery, unknown>;
  readonly #home: DeliveryHome;
  readonly #failures = new Map<BatchedDelivery, unknown>();
  #byEvent: Map<Event, BatchedDelivery> | undefined;
  readonly #controller = new AbortController();
  #over = false;

  constructor(deliveries: readonly BatchedDelivery[], home: DeliveryHome) {
    this.deliveries = deliveries;
    this.events = deliveries.map(({ event }) => event);
    this.failures = this.#failures;
    this.#home = home;
    for (const delivery of deliveries) delivery.onLost = (reason) => this.#controller.abort(reason);
  }

  get batch(): readonly Batched[] {
    return this.deliveries;
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

  get logger(): Logger {
    return withFields(this.#home.logger, { events: this.events.length, eventId: this.events[0]?.id });
  }

  get atomic(): boolean {
    return this.step?.atomic ?? false;
  }

  get attempt(): number {
    return this.deliveries.reduce((highest, { attempt }) => Math.max(highest, attempt), 0);
  }

  get replayed(): Replayed | undefined {
    return this.deliveries[0]?.replayed;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @throws the reason when the lease of one of the events is no longer held. */
  throwIfCancelled(): void {
    for (const delivery of this.deliveries) delivery.throwIfCancelled();
  }

  cancel(key: string): void {
    this.step?.cancel(checkedKey("a cancel key", key));
  }

  watch<T extends object>(store: T): T {
    return (this.calls ??= new StoreCalls(this)).watch(store);
  }

  spawn(name: string, run: ChildRun, options?: SpawnOptions): boolean {
    return this.#home.spawn(this.descriptor.name, name, run, options);
  }

  fail(event: Event, error: unknown): void {
    this.#byEvent ??= new Map(this.deliveries.map((one) => [one.event, one]));
    const delivery = this.#byEvent.get(event);
    if (!delivery)
      throw new BeeHiveError(
        "InvalidState",
        "context.fail was called with an event that is not of this batch: pass one of its events.",
      );
    if (this.#over)
      throw new BeeHiveError("InvalidState", "The batch is over: call context.fail before the actor returns.");
    if (!this.#failures.has(delivery))
      this.#failures.set(delivery, readable(error) ?? new Error(`${this.descriptor.name} failed the event`));
  }

  /** Ends the run: its actor can fail no more events. */
  end(): void {
    this.#over = true;
  }
}
