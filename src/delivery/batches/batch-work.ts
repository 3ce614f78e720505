import type { ActorDescriptor, BatchActor } from "../../actors/actor.ts";
import { runBatchThrough } from "../../actors/middleware/run-through.ts";
import type { Outcome } from "../../actors/outcome.ts";
import { collect } from "../../actors/output.ts";
import { assertAttemptLeft } from "../../actors/supervision.ts";
import { afterThisTurn } from "../../base/clock.ts";
import { readable } from "../../base/error-text.ts";
import { BeeHiveError, ConcurrencyConflict, isBeeHiveError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Lease } from "../../contract/queue-operator.ts";
import { isExpired } from "../../events/withdrawal.ts";
import type { Event } from "../../events/event.ts";
import { assertReadable } from "../../events/unreadable.ts";
import type { BatchSpan } from "../../telemetry/telemetry.ts";
import type { DeliveryLoopParts } from "../delivery-loop.ts";
import type { DeliveryHome } from "../delivery.ts";
import { disposeActor, isDisposable } from "../disposal.ts";
import { byDelivery } from "../log-events.ts";
import type { Polling } from "../polling.ts";
import type { Settlement } from "../settlement.ts";
import type { StampRules } from "../stamp.ts";
import { BatchRun } from "./batch-run.ts";
import { beginBatch } from "./batch-step.ts";
import type { BatchedDelivery } from "./batched-delivery.ts";
import { KeyOrder } from "./key-order.ts";
import { stampBatch, type StampedOutputs } from "./stamp-batch.ts";

/** The parts that the batches of one subscription share. */
export interface BatchParts {
  readonly shared: DeliveryLoopParts;
  readonly home: DeliveryHome;
  readonly logger: Logger;
  readonly polling: Polling;
  readonly settlement: Settlement;
  readonly maxAttempts: number;
  /** Returns the settings as they are now. */
  readonly descriptor: () => ActorDescriptor;
  /** Called once for each event, after it was settled. */
  readonly ended: (delivery: BatchedDelivery, outcome: Outcome, durationMs: number, error: unknown) => void;
}

/** Reruns of a batch after conflicts and lost leases; the next one is a failure like any other. */
const maxReruns = 20;

const noOutputs: readonly Event[] = [];

/** The result of a run: the events that were committed with their outputs, and those that were not with the reasons. */
interface Ran {
  readonly committed: readonly BatchedDelivery[];
  readonly outputs: StampedOutputs;
  readonly failed: ReadonlyMap<BatchedDelivery, unknown>;
  readonly behind: readonly BatchedDelivery[];
}

/**
 * Works on the events of one batch, from the moment when it is complete until each event is settled.
 *
 * The way of a batch is {@link deliver}, `#admit`, `#work`, `#runStep`, `#settle`; it reads from top to bottom.
 */
export class BatchWork {
  readonly #parts: BatchParts;
  readonly #span: BatchSpan;
  readonly #order: KeyOrder;

  constructor(parts: BatchParts, span: BatchSpan) {
    this.#parts = parts;
    this.#span = span;
    this.#order = new KeyOrder(parts.descriptor().ordered);
  }

  /** Runs the actor over the events that it may see, and settles all. Never rejects. */
  async deliver(deliveries: readonly BatchedDelivery[]): Promise<void> {
    const admitted = await Promise.all(deliveries.map((one) => this.#admit(one)));
    await this.#work(deliveries.filter((_, index) => admitted[index]));
  }

  /** Gives back events that waited for their batch. Never rejects. */
  async giveBack(deliveries: readonly BatchedDelivery[]): Promise<void> {
    await this.#stopKeeping(deliveries);
    await Promise.all(
      deliveries.map(async (one) => this.#end(one, await this.#parts.settlement.giveBack(one), undefined)),
    );
  }

  /** Returns whether the actor may see an event; settles it otherwise. */
  async #admit(delivery: BatchedDelivery): Promise<boolean> {
    const { shared, settlement, polling, maxAttempts, descriptor } = this.#parts;
    const { lease, event } = delivery;
    try {
      delivery.throwIfCancelled();
      assertAttemptLeft(lease, maxAttempts, shared.keeper.losses);
      assertReadable(event);
      if (isExpired(event, shared.clock)) {
        await this.#stopKeeping([delivery]);
        this.#end(delivery, await settlement.dropExpired(delivery), undefined);
        return false;
      }
      if (polling.refuses) {
        await this.giveBack([delivery]);
        return false;
      }
      delivery.body = descriptor().event?.read(event);
      return true;
    } catch (error) {
      await this.#fail([delivery], readable(error));
      return false;
    }
  }

  /** Runs the actor, again after conflicts and lost leases, and on halves where its options say so. */
  async #work(deliveries: readonly BatchedDelivery[]): Promise<void> {
    let left = await this.#inTurn(deliveries);
    let collided: string | undefined;
    for (let reruns = 0; left.length > 0; reruns++) {
      let ran: Ran | undefined;
      let failure: unknown;
      try {
        ran = await this.#runStep(left, collided);
      } catch (error) {
        failure = readable(error);
      }
      if (ran) return await this.#settle(ran);
      const lost = await this.#lostOf(left, failure);
      if (lost.length > 0) {
        await this.#fail(lost, failure);
        left = left.filter((one) => !lost.includes(one));
      }
      if (reruns < maxReruns && (lost.length > 0 || isBeeHiveError(failure, "ConcurrencyConflict"))) {
        this.#parts.logger.debug({ events: left.length, reruns }, "running the batch again");
        collided = failure instanceof ConcurrencyConflict ? failure.resource : undefined;
        continue;
      }
      return await this.#failOrSplit(left, failure);
    }
  }

  /** Runs the step of a batch once, and commits what the actor did not fail. */
  async #runStep(deliveries: readonly BatchedDelivery[], collided: string | undefined): Promise<Ran> {
    const { shared, home, descriptor, logger } = this.#parts;
    const { middleware } = descriptor();
    const span = this.#span;
    this.#keep(deliveries);
    const entering = shared.slots?.enter();
    if (entering) await entering;
    const leave = collided === undefined ? undefined : await shared.turnstile.enter(collided);
    // Let collided steps go first, as every new step does.
    if (!leave && shared.turnstile.occupied) await new Promise<void>((resolve) => afterThisTurn(resolve));
    const run = new BatchRun(deliveries, home);
    let actor: BatchActor | undefined;
    try {
      run.throwIfCancelled();
      const step = (run.step = beginBatch(shared.provider, deliveries.map(leaseOf)));
      actor = await shared.resolve<BatchActor>(descriptor(), step, run);
      const returned = await span.run(runBatchThrough, middleware, actor, run.events, run);
      const own = await span.run(collect, returned, run);
      run.calls?.end();
      const outputs = [...own, ...(step.published ?? [])];
      run.end();
      const { good, behind } = this.#order.sorted(deliveries, run.failures);
      const stamped = stampBatch(good, run.failures.keys(), outputs, span, this.#stamping(run));
      const failed = new Map(run.failures);
      if (good.length > 0) {
        await this.#stopKeeping(good);
        run.throwIfCancelled();
        for (const one of good) one.settling = true;
        const all = good.flatMap((one) => stamped.get(one) ?? noOutputs);
        const { business, log } = byDelivery(all);
        const refused = await step.commit(good.map(leaseOf), business);
        for (const one of good) if (refused.has(one.lease)) failed.set(one, refused.get(one.lease));
        shared.logEvents.send(log);
      }
      return { committed: good.filter((one) => !failed.has(one)), outputs: stamped, failed, behind };
    } finally {
      run.end();
      run.calls?.close();
      run.step?.discard();
      leave?.();
      shared.slots?.leave();
      if (actor && isDisposable(actor)) await disposeActor(actor, logger);
    }
  }

  #stamping({ atomic, descriptor: { inheritPartitionKey } }: BatchRun): StampRules {
    return { clock: this.#parts.shared.clock, atomic, inheritPartitionKey };
  }

  /** Ends the committed events of a run, and settles the others by themselves. */
  async #settle({ committed, outputs, failed, behind }: Ran): Promise<void> {
    for (const one of committed) {
      one.outputs = outputs.get(one) ?? noOutputs;
      this.#end(one, "committed", undefined);
    }
    await Promise.all([...failed].map(([one, error]) => this.#fail([one], error)));
    await this.giveBack(behind);
    for (const some of outputs.values()) this.#parts.shared.telemetry.sent(some);
  }

  async #failOrSplit(deliveries: readonly BatchedDelivery[], error: unknown): Promise<void> {
    const [first] = deliveries;
    const { batch } = this.#parts.descriptor();
    const splits = batch?.onThrow === "split" && deliveries.length > 1;
    if (!first || !splits || !this.#parts.settlement.counts(error, first)) return this.#fail(deliveries, error);
    this.#keep(deliveries);
    const half = Math.ceil(deliveries.length / 2);
    await this.#work(deliveries.slice(0, half));
    await this.#work(deliveries.slice(half));
  }

  /** Fails events together. Of each key in order the first one fails, and the others wait behind it. */
  async #fail(deliveries: readonly BatchedDelivery[], error: unknown): Promise<void> {
    const { shared, settlement } = this.#parts;
    const { failed, behind } = this.#order.failed(deliveries);
    await this.#stopKeeping(failed);
    const [first] = failed;
    const explained = first?.kept ? shared.keeper.explained(error, first.kept) : error;
    const outcomes = await settlement.settleFailures(failed, explained);
    failed.forEach((one, index) => this.#end(one, outcomes[index] ?? "lease-lost", explained));
    await this.giveBack(behind);
  }

  /** Returns the events that may run now; gives back those whose key an event of this batch holds. */
  async #inTurn(deliveries: readonly BatchedDelivery[]): Promise<readonly BatchedDelivery[]> {
    const { good, behind } = this.#order.sorted(deliveries, new Map());
    await this.giveBack(behind);
    return good;
  }

  /** Returns the events whose leases have ended, after a commit that was refused for one of them or a run cut short. */
  async #lostOf(deliveries: readonly BatchedDelivery[], error: unknown): Promise<readonly BatchedDelivery[]> {
    if (isBeeHiveError(error, "LeaseLost") && deliveries.every(({ cancelledBy }) => !cancelledBy)) {
      const { shared, descriptor } = this.#parts;
      const held = await shared.provider.queues.renew(deliveries.map(leaseOf), descriptor().lease).catch(() => []);
      deliveries.forEach((one, index) => {
        if (held[index] !== true) one.abort(error instanceof BeeHiveError ? error : lostLease());
      });
    }
    return deliveries.filter(({ cancelledBy }) => cancelledBy !== undefined);
  }

  /** Has the leases renewed. */
  #keep(deliveries: readonly BatchedDelivery[]): void {
    const { shared, descriptor } = this.#parts;
    for (const one of deliveries) {
      one.settling = false;
      one.keep(shared.keeper, descriptor().lease);
    }
  }

  /** Ends the renewals, so that none crosses a settlement. */
  async #stopKeeping(deliveries: readonly BatchedDelivery[]): Promise<void> {
    await Promise.all(deliveries.map((one) => one.stopKeeping()));
  }

  #end(delivery: BatchedDelivery, outcome: Outcome, error: unknown): void {
    let durationMs = 0;
    try {
      durationMs = this.#span.settled(outcome, error);
    } catch (err) {
      // Telemetry runs application code, which may throw.
      this.#parts.logger.error({ err, eventId: delivery.event.id, outcome }, "telemetry failed");
    }
    this.#parts.ended(delivery, outcome, durationMs, error);
  }
}

function leaseOf({ lease }: BatchedDelivery): Lease {
  return lease;
}

function lostLease(): BeeHiveError {
  return new BeeHiveError("LeaseLost", "The lease ended before its event was settled.");
}
