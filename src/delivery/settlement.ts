import type { ActorDescriptor } from "../actors/actor.ts";
import type { Outcome } from "../actors/outcome.ts";
import { decide, FailureCount, type Decision } from "../actors/supervision.ts";
import { waitFor, type Clock } from "../base/clock.ts";
import { BeeHiveError, isBeeHiveError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { deadLetterOf } from "../contract/dead-letter.ts";
import type { Lease, QueueOperator } from "../contract/queue-operator.ts";
import type { Delivery } from "./delivery.ts";
import type { HeldKeys } from "./held-keys.ts";
import type { Polling } from "./polling.ts";

export interface SettlementParts {
  readonly queues: QueueOperator;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly polling: Polling;
  readonly heldKeys: HeldKeys | undefined;
  /** Stops the hive, because the supervision of the actor requires it. */
  readonly stopHive: (reason: unknown) => void;
}

/** How long a stop waits after its deadline for one delivery to be settled, in ms. */
const maxSettlingMs = 5_000;

/** Settles every delivery of one subscription that did not commit. */
export class Settlement {
  readonly #descriptor: ActorDescriptor;
  readonly #parts: SettlementParts;
  readonly #failures: FailureCount | undefined;

  constructor(descriptor: ActorDescriptor, parts: SettlementParts) {
    this.#descriptor = descriptor;
    this.#parts = parts;
    this.#failures = descriptor.failureLimit && new FailureCount(descriptor.failureLimit);
  }

  /**
   * Abandons an event that arrived while the subscription is paused, delayed until the pause ends.
   *
   * Such events come from a host that delivers itself, or from a poll that ended after the pause began.
   */
  async abandonWhilePaused(delivery: Delivery): Promise<Outcome> {
    delivery.settling = true;
    const { queues, polling } = this.#parts;
    await queues.abandon(delivery.lease, { delayMs: polling.refusedMs, countAttempt: false });
    return "abandoned";
  }

  /** Gives an event back that waited for its batch, or behind a failed event of its key. Counts no attempt. */
  async giveBack(delivery: Delivery): Promise<Outcome> {
    delivery.settling = true;
    const { queues, logger, polling } = this.#parts;
    try {
      await queues.abandon(delivery.lease, { delayMs: polling.refusedMs, countAttempt: false });
      return "abandoned";
    } catch (error) {
      logger.warn(
        { err: error, eventId: delivery.lease.event.id },
        "the event could not be given back, it will be delivered again when its lease ends",
      );
      return "lease-lost";
    }
  }

  /** Drops an event that has expired. */
  async dropExpired(delivery: Delivery): Promise<Outcome> {
    delivery.settling = true;
    const { queues, logger } = this.#parts;
    const { event } = delivery.lease;
    await queues.commit(delivery.lease, []);
    logger.info({ eventId: event.id, eventType: event.eventType, expires: event.expires }, "the event has expired");
    return "expired";
  }

  /** Settles a delivery whose step failed, as its supervision decides. A lease that was lost cannot be settled. */
  async settleFailure(delivery: Delivery, error: unknown): Promise<Outcome> {
    return (
      this.#whyOver(delivery, error) ??
      (await this.#settleOne(delivery, error).finally(() => this.#countFailure(error)))
    );
  }

  /** Settles the events of a batch that failed together, which is one failure of their actor. */
  async settleFailures(deliveries: readonly Delivery[], error: unknown): Promise<readonly Outcome[]> {
    let failed = 0;
    const outcomes = await Promise.all(
      deliveries.map(
        async (delivery) => this.#whyOver(delivery, error) ?? (await this.#settleOne(delivery, error, failed++ === 0)),
      ),
    );
    if (failed > 0) this.#countFailure(error);
    return outcomes;
  }

  /** Returns whether an error counts an attempt of an event. */
  counts(error: unknown, { lease, settling }: Delivery): boolean {
    if (isBeeHiveError(error, "LeaseLost")) return false;
    const { action } = decide(
      error,
      lease.attempt,
      this.#descriptor,
      0,
      settling && isBeeHiveError(error, "Throttled"),
    );
    return action === "retry" || action === "dead-letter";
  }

  /** Returns the outcome of a delivery that cannot be settled any more. */
  #whyOver(delivery: Delivery, error: unknown): Outcome | undefined {
    if (delivery.abandoned) return "abandoned";
    if (!delivery.cancelledBy && !isBeeHiveError(error, "LeaseLost")) return undefined;
    this.#parts.logger.warn(fieldsOf(delivery.lease, error), "the lease was lost, the event will be delivered again");
    return "lease-lost";
  }

  async #settleOne(delivery: Delivery, error: unknown, isFirst = true): Promise<Outcome> {
    const { lease } = delivery;
    const { clock, logger, random } = this.#parts;
    // The actor succeeded but the commit was throttled, so this must not count as an attempt.
    const uncounted = delivery.settling && isBeeHiveError(error, "Throttled");
    delivery.settling = true;
    try {
      const waitedMs = clock.now() - lease.firstSeen;
      const decision = decide(error, lease.attempt, this.#descriptor, random(), uncounted, waitedMs);
      return await this.#settle(lease, decision, error, isFirst);
    } catch (settling) {
      logger.error(
        { ...fieldsOf(lease, error), settling },
        "the event could not be settled, it will be delivered again when its lease ends",
      );
      return "lease-lost";
    }
  }

  /** @param isFirst False for the others of a batch, after which nothing is paused or stopped again. */
  async #settle(lease: Lease, decision: Decision, error: unknown, isFirst: boolean): Promise<Outcome> {
    const { queues, clock, logger, polling, heldKeys } = this.#parts;
    const fields = fieldsOf(lease, error);
    switch (decision.action) {
      case "retry":
        logger.warn({ ...fields, delayMs: decision.delayMs }, "the actor failed, the event will be tried again");
        await queues.abandon(lease, { delayMs: decision.delayMs, countAttempt: true });
        heldKeys?.hold(lease, decision.delayMs, clock.now());
        return "retried";
      case "dead-letter":
        logger.error({ ...fields, reason: decision.reason }, "the event was dead-lettered");
        await queues.deadLetter(lease, deadLetterOf(this.#origin(lease), decision.reason, error));
        return "dead-lettered";
      case "abandon":
        logger[decision.usual ? "debug" : "warn"]({ ...fields, delayMs: decision.delayMs }, decision.why);
        await queues.abandon(lease, { delayMs: decision.delayMs, countAttempt: false });
        heldKeys?.hold(attemptsBefore(lease), decision.delayMs, clock.now());
        return "abandoned";
      case "pause":
        if (isFirst) polling.pause(decision, error);
        await queues.abandon(lease, { delayMs: decision.pauseMs, countAttempt: false });
        heldKeys?.hold(attemptsBefore(lease), decision.pauseMs, clock.now());
        return "abandoned";
      case "stop":
        if (isFirst) this.#stopHive(error);
        await queues.abandon(lease, { delayMs: 0, countAttempt: false });
        return "abandoned";
    }
  }

  /** Pauses the subscription or stops the hive at the failure limit, however the single events were settled. */
  #countFailure(error: unknown): void {
    const decision = this.#failures?.add(this.#parts.clock.now(), error);
    if (decision?.action === "pause") this.#parts.polling.pause(decision, error);
    if (decision?.action === "stop") this.#stopHive(error);
  }

  #stopHive(error: unknown): void {
    this.#parts.logger.error({ err: error }, "the supervision of the actor stops the hive");
    this.#parts.stopHive(error);
  }

  /** Ends a delivery that outlived the deadline of a stop. Takes {@link maxSettlingMs} at most. */
  async end(delivery: Delivery): Promise<void> {
    const ending = delivery.settling ? delivery.ended : this.#abandonUnfinished(delivery);
    let settled = false;
    await waitFor(
      ending.then(() => (settled = true)),
      this.#parts.clock,
      maxSettlingMs,
    );
    if (!settled)
      this.#parts.logger.warn(
        { eventId: delivery.lease.event.id },
        "the hive stops while the provider settles the event; unless that succeeds, it is delivered again",
      );
  }

  /** Cancels the actor and abandons its event without counting an attempt. */
  async #abandonUnfinished(delivery: Delivery): Promise<void> {
    const { queues, logger } = this.#parts;
    const eventId = delivery.lease.event.id;
    delivery.abandoned = true;
    delivery.abort(
      new BeeHiveError("LeaseLost", "The hive stopped before the actor finished; the event was abandoned."),
    );
    delivery.step?.discard();
    await delivery.kept?.stop();
    try {
      await queues.abandon(delivery.lease, { delayMs: 0, countAttempt: false });
      logger.warn({ eventId }, "the hive stops, the event was abandoned");
    } catch (error) {
      logger.warn({ err: error, eventId }, "the hive stops, the event will be delivered again when its lease ends");
    }
  }

  #origin({ event, attempt, firstSeen }: Lease): Parameters<typeof deadLetterOf>[0] {
    return {
      event,
      actor: this.#descriptor.name,
      subscription: this.#descriptor.queueName.toString(),
      attempts: attempt,
      firstSeen: new Date(firstSeen),
      lastSeen: new Date(this.#parts.clock.now()),
    };
  }
}

function fieldsOf({ event, attempt }: Lease, error: unknown): object {
  return { err: error, eventId: event.id, eventType: event.eventType, attempt };
}

function attemptsBefore({ event, attempt }: Lease): Pick<Lease, "event" | "attempt"> {
  return { event, attempt: attempt - 1 };
}
