import type { ActorDescriptor, ProcessorActor } from "../actors/actor.ts";
import { Bag } from "../base/bag.ts";
import { afterThisTurn, waitFor, type Clock } from "../base/clock.ts";
import { deadLetterOf } from "../contract/dead-letter.ts";
import { Delivery, type DeliveryReport } from "./delivery.ts";
import { dispose, isDisposable } from "./disposal.ts";
import { readable } from "../base/error-text.ts";
import { BeeHiveError, ConcurrencyConflict, isBeeHiveError } from "../base/errors.ts";
import { HeldKeys } from "./held-keys.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import { byDelivery, type LogEvents } from "./log-events.ts";
import { withFields, type Logger } from "../base/logger.ts";
import { runThrough } from "../actors/middleware/run-through.ts";
import type { Outcome } from "../actors/outcome.ts";
import { collect } from "../actors/output.ts";
import { stampOutputs } from "./stamp.ts";
import type { Pause } from "../actors/pause.ts";
import { Polling } from "./polling.ts";
import type { Provider, Step } from "../contract/provider.ts";
import type { Lease } from "../contract/queue-operator.ts";
import { assertAttemptLeft, decide, FailureCount, maxAttemptsOf, type Decision } from "../actors/supervision.ts";
import type { ActorTelemetry, ProcessSpan, Telemetry } from "../telemetry/telemetry.ts";
import type { Turnstile } from "../base/turnstile.ts";
import { assertReadable } from "../events/unreadable.ts";

/** What the factory actors of one hive share. */
export interface FactoryActorParts {
  readonly provider: Provider;
  /** Makes an actor whose injected stores belong to `step`. */
  readonly resolve: (descriptor: ActorDescriptor, step: Step) => Promise<ProcessorActor>;
  readonly keeper: LeaseKeeper;
  readonly turnstile: Turnstile;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly random: () => number;
  readonly logEvents: LogEvents;
  readonly onDelivery?: ((report: DeliveryReport) => void) | undefined;
  readonly onPause?: ((descriptor: ActorDescriptor, pause: Pause) => void) | undefined;
  /** Stops the whole hive, because the supervision of an actor says so. */
  readonly stopHive: (reason: unknown) => void;
}

/** How long a stop waits for what is being settled, given back or disposed when its deadline has passed, in ms. */
const settlingMs = 5_000;
/** A step that others collide with is run again at once so many times; then the collision is a failure like any other. */
const maxReruns = 20;

/**
 * The factory actor of one subscription: leases its events, makes an actor for each, runs it, publishes
 * what it returns and commits, or abandons, or dead-letters. All of the delivery is on this page.
 */
export class FactoryActor {
  readonly descriptor: ActorDescriptor;
  readonly #parts: FactoryActorParts;
  readonly #logger: Logger;
  readonly #telemetry: ActorTelemetry;
  readonly #deliveries = new Bag<Delivery>();
  readonly #atomic: boolean;
  readonly #maxAttempts: number;
  /** How it asks for events, and whether it is paused. */
  readonly polling: Polling;
  #stopped = false;
  readonly #failures: FailureCount | undefined;
  /** The events of an ordered subscription that wait for their next attempt. */
  readonly heldKeys: HeldKeys | undefined;
  #settled = 0;

  constructor(descriptor: ActorDescriptor, parts: FactoryActorParts) {
    this.descriptor = descriptor;
    this.#parts = parts;
    this.#telemetry = parts.telemetry.actor(descriptor);
    this.#atomic = parts.provider.capabilities.atomicStep === true;
    this.#maxAttempts = maxAttemptsOf(descriptor);
    this.heldKeys = descriptor.ordered ? new HeldKeys() : undefined;
    this.#failures = descriptor.failureLimit && new FailureCount(descriptor.failureLimit);
    this.#logger = withFields(parts.logger, { actor: descriptor.name, subscription: descriptor.queueName.toString() });
    const { clock, provider } = parts;
    this.polling = new Polling(descriptor, {
      queues: provider.queues,
      clock,
      logger: this.#logger,
      inFlight: () => this.inFlight,
      take: (leases) => this.#take(leases),
      onPause: (pause) => parts.onPause?.(descriptor, pause),
    });
  }

  /** How many events are being worked on now. */
  get inFlight(): number {
    return this.#deliveries.size;
  }

  /** How many deliveries have ended so far, in whichever way. */
  get settled(): number {
    return this.#settled;
  }

  /** What is being worked on now. */
  get leases(): readonly Lease[] {
    return [...this.#deliveries].map(({ lease }) => lease);
  }

  start(): void {
    this.polling.start();
  }

  /**
   * Stops leasing, lets what is being worked on finish until `deadline` resolves, then gives the rest back
   * without counting it as an attempt.
   */
  async stop(deadline: Promise<void>): Promise<void> {
    const polled = this.polling.stop();
    // A provider that does not answer is waited for hardly longer than actors are.
    await Promise.race([polled, deadline]);
    const drained = Promise.all([...this.#deliveries].map(({ ended }) => ended));
    await Promise.race([drained, deadline]);
    this.#stopped = true;
    const givenBack = [...this.#deliveries].map((delivery) => this.#giveBack(delivery));
    // What the last poll brings yet goes back, too: nobody else could have it before its lease ends.
    await Promise.all([...givenBack, waitFor(polled, this.#parts.clock, settlingMs)]);
  }

  /** Starts what a poll brought. When the hive has stopped meanwhile it goes back, which is waited for. */
  #take(leases: readonly Lease[]): Promise<void> | undefined {
    if (this.#stopped)
      return Promise.all(leases.map((lease) => this.#giveBack(this.#delivery(lease)))).then(() => undefined);
    for (const lease of leases) void this.deliver(lease);
    return undefined;
  }

  /** Gives back until the pause is over what a host handed over meanwhile, or a poll brought that was to end. */
  async #postpone(delivery: Delivery): Promise<Outcome> {
    delivery.settling = true;
    await this.#parts.provider.queues.abandon(delivery.lease, { delayMs: this.polling.pausedMs, countAttempt: false });
    return "abandoned";
  }

  /**
   * Works on one lease and settles it; answers how it ended, never rejects. Public for hosts that hand leases over
   * themselves, such as functions in a cloud.
   */
  deliver(lease: Lease): Promise<Outcome> {
    const delivery = this.#delivery(lease);
    this.#deliveries.add(delivery);
    return (delivery.ended = this.#deliver(delivery));
  }

  #delivery(lease: Lease): Delivery {
    this.heldKeys?.released(lease);
    return new Delivery(lease, this.descriptor, this.#parts.clock, this.#logger);
  }

  /** One delivery from its lease to its settlement. Never rejects, and whatever happens its slot comes free. */
  async #deliver(delivery: Delivery): Promise<Outcome> {
    const { event, attempt } = delivery.lease;
    let outcome: Outcome = "lease-lost";
    try {
      const span = this.#telemetry.start(event, attempt);
      let failure: unknown;
      try {
        assertAttemptLeft(delivery.lease, this.#maxAttempts, this.#parts.keeper.losses);
        assertReadable(event);
        outcome = this.polling.pausedMs > 0 ? await this.#postpone(delivery) : await this.#runStep(delivery, span);
      } catch (error) {
        ({ outcome, failure } = await this.#recover(delivery, span, readable(error)));
      }
      if (outcome === "committed") this.polling.proven();
      this.#report(delivery, outcome, span.end(outcome, failure), failure);
    } catch (error) {
      // Telemetry runs what the application set up for it. What it kept from being settled comes back.
      this.#logger.error({ err: error, eventId: event.id, outcome }, "telemetry failed");
    } finally {
      this.#deliveries.delete(delivery);
      this.#settled++;
      this.polling.slotFreed();
    }
    return outcome;
  }

  /** What an observer throws changes nothing of the delivery. */
  #report({ lease, outputs }: Delivery, outcome: Outcome, durationMs: number, error: unknown): void {
    const { event, attempt } = lease;
    try {
      this.#parts.onDelivery?.({ event, descriptor: this.descriptor, attempt, outcome, durationMs, outputs, error });
    } catch (thrown) {
      this.#logger.error({ err: thrown, eventId: event.id }, "onDelivery failed");
    }
  }

  /** One run of the step; after a collision, one at a time with the others that collided there. */
  async #runStep(delivery: Delivery, span: ProcessSpan, collided?: string): Promise<"committed"> {
    const { lease } = delivery;
    const { provider, keeper, resolve, turnstile, logEvents, telemetry } = this.#parts;
    const kept = (delivery.kept = keeper.keep(lease, this.descriptor.lease, delivery));
    delivery.settling = false;
    const leave = collided === undefined ? undefined : await turnstile.enter(collided);
    // Those that collided go first: what begins in the same turn would commit before them each time, and they never.
    if (!leave && turnstile.occupied) await new Promise<void>((resolve) => afterThisTurn(resolve));
    let actor: ProcessorActor | undefined;
    try {
      delivery.assertOurs();
      const step = (delivery.step = provider.beginStep(lease));
      actor = await resolve(this.descriptor, step);
      const returned = await span.run(runThrough, this.descriptor.middleware, actor, lease.event, delivery);
      const collected = span.run(collect, returned, delivery);
      // Here and below: waiting for what is there already costs more than all else on this page, so it is not done.
      const outputs = collected instanceof Promise ? await collected : collected;
      if (kept.stop()) await kept.renewal;
      delivery.assertOurs();
      delivery.settling = true;
      const stamped = stampOutputs(lease.event, outputs, span.headers(), this.#atomic);
      const { business, log } = byDelivery(stamped);
      await step.commit(business);
      delivery.outputs = stamped;
      logEvents.send(log);
      telemetry.sent(stamped);
      return "committed";
    } finally {
      if (kept.stop()) await kept.renewal;
      delivery.step?.discard();
      leave?.();
      if (actor && isDisposable(actor)) await this.#dispose(actor);
    }
  }

  /** After a run that threw: runs the step again for as long as others collide with it, else settles the failure. */
  async #recover(
    delivery: Delivery,
    span: ProcessSpan,
    error: unknown,
  ): Promise<{ readonly outcome: Outcome; readonly failure: unknown }> {
    let failure = error;
    for (let reruns = 0; reruns < maxReruns; reruns++) {
      if (!isBeeHiveError(failure, "ConcurrencyConflict") || delivery.over) break;
      this.#logger.debug(
        { eventId: delivery.lease.event.id, reruns },
        "others changed what the step read, running it again",
      );
      try {
        const collided = failure instanceof ConcurrencyConflict ? failure.resource : "";
        return { outcome: await this.#runStep(delivery, span, collided), failure: undefined };
      } catch (again) {
        failure = again;
      }
    }
    if (delivery.kept) failure = this.#parts.keeper.explained(failure, delivery.kept);
    return { outcome: await this.#settleFailure(delivery, failure), failure };
  }

  /** Settles a delivery whose step failed: nothing when it is no longer ours, else what its supervision decides. */
  async #settleFailure(delivery: Delivery, error: unknown): Promise<Outcome> {
    const { lease } = delivery;
    const fields = { err: error, eventId: lease.event.id, eventType: lease.event.eventType, attempt: lease.attempt };
    if (delivery.givenBack) return "abandoned";
    if (delivery.over || isBeeHiveError(error, "LeaseLost")) {
      this.#logger.warn(fields, "the lease was lost, the event will be delivered again");
      return "lease-lost";
    }
    // The actor did its part, and its provider asked to slow down when that was committed.
    const uncounted = delivery.settling && isBeeHiveError(error, "Throttled");
    delivery.settling = true;
    try {
      const waitedMs = this.#parts.clock.now() - lease.firstSeen;
      const decision = decide(error, lease.attempt, this.descriptor, this.#parts.random(), uncounted, waitedMs);
      return await this.#settle(lease, decision, error);
    } catch (settling) {
      this.#logger.error(
        { ...fields, settling },
        "the event could not be settled, it will come back when its lease ends",
      );
      return "lease-lost";
    } finally {
      this.#countFailure(error);
    }
  }

  async #settle(lease: Lease, decision: Decision, error: unknown): Promise<Outcome> {
    const { queues } = this.#parts.provider;
    const fields = { err: error, eventId: lease.event.id, eventType: lease.event.eventType, attempt: lease.attempt };
    switch (decision.action) {
      case "retry":
        this.#logger.warn({ ...fields, delayMs: decision.delayMs }, "the actor failed, the event will be tried again");
        await queues.abandon(lease, { delayMs: decision.delayMs, countAttempt: true });
        this.heldKeys?.holds(lease, decision.delayMs, this.#parts.clock.now());
        return "retried";
      case "dead-letter":
        this.#logger.error({ ...fields, reason: decision.reason }, "the event was given up and is in the dead letters");
        await queues.deadLetter(lease, deadLetterOf(this.#origin(lease), decision.reason, error));
        return "dead-lettered";
      case "abandon":
        this.#logger.warn({ ...fields, delayMs: decision.delayMs }, decision.why);
        await queues.abandon(lease, { delayMs: decision.delayMs, countAttempt: false });
        return "abandoned";
      case "pause":
        this.polling.pause(decision, error);
        await queues.abandon(lease, { delayMs: decision.pauseMs, countAttempt: false });
        return "abandoned";
      case "stop":
        this.#stopHive(error);
        await queues.abandon(lease, { delayMs: 0, countAttempt: false });
        return "abandoned";
    }
  }

  /** A subscription that fails too often is paused, or stops the hive, whatever became of the single events. */
  #countFailure(error: unknown): void {
    const decision = this.#failures?.add(this.#parts.clock.now(), error);
    if (decision?.action === "pause") this.polling.pause(decision, error);
    if (decision?.action === "stop") this.#stopHive(error);
  }

  #stopHive(error: unknown): void {
    this.#logger.error({ err: error }, "the supervision of the actor stops the hive");
    this.#parts.stopHive(error);
  }

  /** Ends a delivery that was not over before the deadline; within {@link settlingMs}. */
  #giveBack(delivery: Delivery): Promise<void> {
    const ending = delivery.settling ? delivery.ended : this.#takeAway(delivery);
    return waitFor(ending, this.#parts.clock, settlingMs);
  }

  /** Takes a delivery away from its actor. */
  async #takeAway(delivery: Delivery): Promise<void> {
    delivery.givenBack = true;
    delivery.cancel(
      new BeeHiveError("LeaseLost", "The hive stopped before the actor finished; the event was given back."),
    );
    delivery.step?.discard();
    await delivery.kept?.stop();
    try {
      await this.#parts.provider.queues.abandon(delivery.lease, { delayMs: 0, countAttempt: false });
      this.#logger.warn({ eventId: delivery.lease.event.id }, "stopping, the event was given back");
    } catch (error) {
      this.#logger.warn(
        { err: error, eventId: delivery.lease.event.id },
        "stopping, the event will come back when its lease ends",
      );
    }
  }

  #origin({ event, attempt, firstSeen }: Lease): Parameters<typeof deadLetterOf>[0] {
    return {
      event,
      actor: this.descriptor.name,
      subscription: this.descriptor.queueName.toString(),
      attempts: attempt,
      firstSeen: new Date(firstSeen),
      lastSeen: new Date(this.#parts.clock.now()),
    };
  }

  /** A disposal that fails changes nothing of the step. */
  async #dispose(actor: ProcessorActor): Promise<void> {
    try {
      await dispose(actor);
    } catch (error) {
      this.#logger.warn({ err: error }, "the actor could not be disposed");
    }
  }
}
