import type { ActorDescriptor, AnyActor, ProcessorActor } from "../actors/actor.ts";
import { runThrough } from "../actors/middleware/run-through.ts";
import type { Outcome } from "../actors/outcome.ts";
import { collect } from "../actors/output.ts";
import type { StoreWatch } from "../actors/store-calls.ts";
import { assertAttemptLeft, maxAttemptsOf } from "../actors/supervision.ts";
import { Bag } from "../base/bag.ts";
import { afterThisTurn, waitFor, type Clock } from "../base/clock.ts";
import { readable } from "../base/error-text.ts";
import { ConcurrencyConflict, isBeeHiveError } from "../base/errors.ts";
import { withFields, type Logger } from "../base/logger.ts";
import type { Turnstile } from "../base/turnstile.ts";
import type { Provider, Step } from "../contract/provider.ts";
import type { Lease } from "../contract/queue-operator.ts";
import type { Stores } from "../contract/stores.ts";
import { isExpired } from "../events/withdrawal.ts";
import { assertReadable } from "../events/unreadable.ts";
import type { ActorTelemetry, ProcessSpan, Telemetry } from "../telemetry/telemetry.ts";
import { Delivery, type DeliveryHome, type DeliveryObserver, type Spawn } from "./delivery.ts";
import { Disposal, disposeActor } from "./disposal.ts";
import { HeldKeys } from "./held-keys.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import { byDelivery, type LogEvents } from "./log-events.ts";
import { Polling, type PolledLoop } from "./polling.ts";
import { Reports } from "./reports.ts";
import { Settlement } from "./settlement.ts";
import type { SharedSlots } from "./shared-slots.ts";
import { stampOutputs, type StampRules } from "./stamp.ts";
import type { SubscriptionLoop } from "./subscription-loop.ts";

/** The parts that the delivery loops of one hive share. */
export interface DeliveryLoopParts {
  readonly provider: Provider;
  /** The stores of the provider, as `context.stores`. */
  readonly stores: Stores;
  /** Makes an actor, of the kind that the caller knows it to be, whose injected stores belong to `step`. */
  readonly resolve: <A extends AnyActor>(
    descriptor: ActorDescriptor,
    step: Pick<Step, "stores">,
    watch: StoreWatch,
  ) => A | Promise<A>;
  readonly keeper: LeaseKeeper;
  readonly turnstile: Turnstile;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly random: () => number;
  readonly logEvents: LogEvents;
  readonly observers: readonly DeliveryObserver[];
  /** Stops the whole hive, because the supervision of an actor requires it. */
  readonly stopHive: (reason: unknown) => void;
  readonly spawn: Spawn;
  /** Limits the runs of all loops together. @default No limit. */
  readonly slots?: SharedSlots | undefined;
}

/** How long a stop waits after its deadline for the last poll, in ms. */
const maxPollEndMs = 5_000;
/** Reruns of a step after concurrency conflicts; the next conflict is a failure like any other. */
const maxReruns = 20;

/**
 * Works on the events of one subscription: lease, keep alive, resolve, run, and commit, abandon or dead-letter.
 *
 * The article "Reactive Cloud Actors" calls it a factory actor.
 *
 * The way of one event is {@link deliver}, `#deliver`, `#runStep`, `#recover`; it reads from top to bottom.
 */
export class DeliveryLoop implements SubscriptionLoop, PolledLoop {
  descriptor: ActorDescriptor;
  readonly polling: Polling;
  readonly heldKeys: HeldKeys | undefined;
  readonly #parts: DeliveryLoopParts;
  readonly #logger: Logger;
  readonly #reports: Reports;
  readonly #home: DeliveryHome;
  readonly #telemetry: ActorTelemetry;
  readonly #settlement: Settlement;
  readonly #disposal = new Disposal();
  readonly #deliveries = new Bag<Delivery>();
  readonly #stamping: StampRules;
  readonly #maxAttempts: number;
  #stopped = false;
  #settled = 0;
  #committed = 0;

  constructor(descriptor: ActorDescriptor, parts: DeliveryLoopParts) {
    const { clock, provider, random, stopHive } = parts;
    const { queues } = provider;
    const logger = withFields(parts.logger, { actor: descriptor.name, subscription: descriptor.queueName.toString() });
    const heldKeys = descriptor.ordered ? new HeldKeys() : undefined;
    parts.slots?.join({ inFlight: () => this.inFlight, wake: () => this.polling.slotFreed() });
    const polling = new Polling(descriptor, {
      queues,
      clock,
      logger,
      loop: this,
      shared: parts.slots,
      onPause: (pause) => {
        for (const observer of parts.observers) observer.paused?.(descriptor, pause);
      },
    });
    this.descriptor = descriptor;
    this.polling = polling;
    this.heldKeys = heldKeys;
    this.#parts = parts;
    this.#logger = logger;
    this.#reports = new Reports(parts.observers, logger);
    this.#home = { descriptor, clock, logger, stores: parts.stores, spawn: parts.spawn };
    this.#telemetry = parts.telemetry.actor(descriptor);
    this.#settlement = new Settlement(descriptor, { queues, clock, logger, random, polling, heldKeys, stopHive });
    const { inheritPartitionKey } = descriptor;
    this.#stamping = { clock, atomic: provider.capabilities.atomicStep === true, inheritPartitionKey };
    this.#maxAttempts = maxAttemptsOf(descriptor);
  }

  get inFlight(): number {
    return this.#deliveries.size;
  }

  get slotsTaken(): number {
    return this.inFlight;
  }

  get settled(): number {
    return this.#settled;
  }

  get committed(): number {
    return this.#committed;
  }

  get leases(): readonly Lease[] {
    return [...this.#deliveries].map(({ lease }) => lease);
  }

  start(): void {
    this.polling.start();
  }

  use(descriptor: ActorDescriptor): void {
    this.descriptor = descriptor;
    this.polling.use(descriptor);
  }

  async leave(): Promise<void> {
    this.polling.leave(true);
    while (this.polling.hasLeft && this.#deliveries.size > 0)
      await Promise.all([...this.#deliveries].map(({ ended }) => ended));
  }

  async stop(deadline: Promise<void>): Promise<void> {
    const polled = this.polling.stop();
    // An unresponsive provider must not delay the stop much beyond the deadline.
    await Promise.race([polled, deadline]);
    const drained = Promise.all([...this.#deliveries].map(({ ended }) => ended));
    await Promise.race([drained, deadline]);
    this.#stopped = true;
    const endings = [...this.#deliveries].map((delivery) => this.#settlement.end(delivery));
    // Events of the last poll are abandoned as well; otherwise they stay leased to this process until the lease ends.
    await Promise.all([...endings, waitFor(polled, this.#parts.clock, maxPollEndMs)]);
  }

  /** Starts the deliveries of a poll. After a stop it abandons them, and returns a promise to wait for. */
  take(leases: readonly Lease[]): Promise<void> | undefined {
    if (this.#stopped)
      return Promise.all(leases.map((lease) => this.#settlement.end(this.#begin(lease)))).then(() => undefined);
    for (const lease of leases) void this.deliver(lease);
    return undefined;
  }

  deliver(lease: Lease): Promise<Outcome> {
    const delivery = this.#begin(lease);
    this.#deliveries.add(delivery);
    return (delivery.ended = this.#deliver(delivery));
  }

  async deliverBatch(leases: readonly Lease[]): Promise<void> {
    await Promise.all(leases.map((lease) => this.deliver(lease)));
  }

  #begin(lease: Lease): Delivery {
    this.heldKeys?.release(lease);
    return new Delivery(lease, this.#home);
  }

  /** Takes one delivery from its lease to its settlement. Never rejects, and always frees its slot. */
  async #deliver(delivery: Delivery): Promise<Outcome> {
    const { lease } = delivery;
    let outcome: Outcome = "lease-lost";
    try {
      const span = this.#telemetry.start(lease.event, lease.attempt);
      let failure: unknown;
      try {
        assertAttemptLeft(lease, this.#maxAttempts, this.#parts.keeper.losses);
        assertReadable(lease.event);
        outcome = isExpired(lease.event, this.#parts.clock)
          ? await this.#settlement.dropExpired(delivery)
          : this.polling.refuses
            ? await this.#settlement.abandonWhilePaused(delivery)
            : await this.#runStep(delivery, span);
      } catch (error) {
        ({ outcome, failure } = await this.#recover(delivery, span, readable(error)));
      }
      if (outcome === "committed") {
        this.#committed++;
        this.polling.proven();
      }
      this.#report(delivery, outcome, span.end(outcome, failure), failure);
    } catch (error) {
      // Telemetry runs application code, which may throw. An event left unsettled is redelivered when its lease ends.
      this.#logger.error({ err: error, eventId: lease.event.id, outcome }, "telemetry failed");
    } finally {
      this.#deliveries.delete(delivery);
      this.#settled++;
      this.polling.slotFreed();
    }
    return outcome;
  }

  /** Runs the step once. After a conflict on `collided`, such runs take turns with others that collided there. */
  async #runStep(delivery: Delivery, span: ProcessSpan, collided?: string): Promise<"committed"> {
    const { lease } = delivery;
    // Few locals, and no `await` on values that are there already: both cost memory and a microtask for each event.
    const parts = this.#parts;
    const kept = (delivery.kept = parts.keeper.keep(lease, this.descriptor.lease, delivery, span.startedAt));
    delivery.settling = false;
    const entering = parts.slots?.enter();
    if (entering) await entering;
    const leave = collided === undefined ? undefined : await parts.turnstile.enter(collided);
    // Let collided steps go first: new steps of this turn would otherwise always commit before them and starve them.
    if (!leave && parts.turnstile.occupied) await new Promise<void>((resolve) => afterThisTurn(resolve));
    let actor: ProcessorActor | undefined;
    try {
      delivery.throwIfCancelled();
      const step = (delivery.step = parts.provider.beginStep(lease));
      const making = parts.resolve<ProcessorActor>(this.descriptor, step, delivery);
      actor = making instanceof Promise ? await making : making;
      const returned = await span.run(runThrough, this.descriptor.middleware, actor, lease.event, delivery);
      const collected = span.run(collect, returned, delivery);
      const own = collected instanceof Promise ? await collected : collected;
      delivery.endCalls();
      const outputs = step.published ? [...own, ...step.published] : own;
      if (kept.stop()) await kept.renewal;
      delivery.throwIfCancelled();
      delivery.settling = true;
      const stamped = stampOutputs(lease.event, outputs, span.headers(), this.#stamping, lease.replayed);
      const sorted = byDelivery(stamped);
      const committing = step.commit(sorted.business);
      if (committing) await committing;
      delivery.outputs = stamped;
      parts.logEvents.send(sorted.log);
      parts.telemetry.sent(stamped);
      return "committed";
    } finally {
      if (kept.stop()) await kept.renewal;
      delivery.closeCalls();
      delivery.step?.discard();
      leave?.();
      parts.slots?.leave();
      if (actor && this.#disposal.isDisposable(actor)) await disposeActor(actor, this.#logger);
    }
  }

  /** Runs a step again after each concurrency conflict; settles any other failure. */
  async #recover(
    delivery: Delivery,
    span: ProcessSpan,
    error: unknown,
  ): Promise<{ readonly outcome: Outcome; readonly failure: unknown }> {
    let failure = error;
    for (let reruns = 0; reruns < maxReruns; reruns++) {
      if (!isBeeHiveError(failure, "ConcurrencyConflict") || delivery.cancelledBy) break;
      this.#logger.debug(
        { eventId: delivery.lease.event.id, reruns },
        "an item changed after the step read it, running the step again",
      );
      try {
        const collided = failure instanceof ConcurrencyConflict ? failure.resource : "";
        return { outcome: await this.#runStep(delivery, span, collided), failure: undefined };
      } catch (again) {
        failure = again;
      }
    }
    if (delivery.kept) failure = this.#parts.keeper.explained(failure, delivery.kept);
    return { outcome: await this.#settlement.settleFailure(delivery, failure), failure };
  }

  #report({ lease, outputs }: Delivery, outcome: Outcome, durationMs: number, error: unknown): void {
    if (this.#reports.unread) return;
    const { event, attempt } = lease;
    this.#reports.tell({ event, descriptor: this.descriptor, attempt, outcome, durationMs, outputs, error });
  }
}
