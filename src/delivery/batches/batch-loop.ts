import type { ActorDescriptor } from "../../actors/actor.ts";
import type { BatchSettings } from "../../actors/batch-options.ts";
import type { Outcome } from "../../actors/outcome.ts";
import { maxAttemptsOf } from "../../actors/supervision.ts";
import { Bag } from "../../base/bag.ts";
import { waitFor, type Timer } from "../../base/clock.ts";
import { withFields, type Logger } from "../../base/logger.ts";
import type { Lease } from "../../contract/queue-operator.ts";
import type { ActorTelemetry } from "../../telemetry/telemetry.ts";
import type { DeliveryLoopParts } from "../delivery-loop.ts";
import type { Delivery, DeliveryHome } from "../delivery.ts";
import { HeldKeys } from "../held-keys.ts";
import { Polling, type PolledLoop } from "../polling.ts";
import { Reports } from "../reports.ts";
import { Settlement } from "../settlement.ts";
import type { SubscriptionLoop } from "../subscription-loop.ts";
import { BatchWork, type BatchParts } from "./batch-work.ts";
import { BatchedDelivery } from "./batched-delivery.ts";

/** How long a stop waits after its deadline for the last poll, in ms. */
const maxPollEndMs = 5_000;

/**
 * Works on the events of one subscription in batches.
 *
 * An event waits in the batch that fills, with its lease renewed, until the batch is full or its interval has passed
 * since its first event. {@link BatchWork} then runs and settles it. While as many batches run as the parallelism
 * allows, the next one fills.
 */
export class BatchLoop implements SubscriptionLoop, PolledLoop {
  descriptor: ActorDescriptor;
  readonly polling: Polling;
  readonly heldKeys: HeldKeys | undefined;
  readonly #batch: BatchSettings;
  readonly #parts: DeliveryLoopParts;
  readonly #home: DeliveryHome;
  readonly #logger: Logger;
  readonly #reports: Reports;
  readonly #telemetry: ActorTelemetry;
  readonly #settlement: Settlement;
  readonly #ofWork: BatchParts;
  /** All events that are held. */
  readonly #deliveries = new Bag<Delivery>();
  /** The batch that fills. */
  #filling: BatchedDelivery[] = [];
  #interval: Timer | undefined;
  /** True once the interval of the batch that fills has passed. */
  #due = false;
  #running = 0;
  #stopping = false;
  #settled = 0;
  #committed = 0;

  constructor(descriptor: ActorDescriptor, batch: BatchSettings, parts: DeliveryLoopParts) {
    const { clock, provider, random, stopHive } = parts;
    const { queues } = provider;
    const logger = withFields(parts.logger, { actor: descriptor.name, subscription: descriptor.queueName.toString() });
    const heldKeys = descriptor.ordered ? new HeldKeys() : undefined;
    const polling = new Polling(polledFor(descriptor, batch), {
      queues,
      clock,
      logger,
      loop: this,
      onPause: (pause) => {
        for (const observer of parts.observers) observer.paused?.(descriptor, pause);
      },
    });
    this.descriptor = descriptor;
    this.polling = polling;
    this.heldKeys = heldKeys;
    this.#batch = batch;
    this.#parts = parts;
    this.#home = { descriptor, clock, logger, stores: parts.stores, spawn: parts.spawn };
    this.#logger = logger;
    this.#reports = new Reports(parts.observers, logger);
    this.#telemetry = parts.telemetry.actor(descriptor);
    this.#settlement = new Settlement(descriptor, { queues, clock, logger, random, polling, heldKeys, stopHive });
    this.#ofWork = {
      shared: parts,
      home: this.#home,
      logger,
      polling,
      settlement: this.#settlement,
      maxAttempts: maxAttemptsOf(descriptor),
      descriptor: () => this.descriptor,
      ended: (delivery, outcome, durationMs, error) => this.#ended(delivery, outcome, durationMs, error),
    };
  }

  get inFlight(): number {
    return this.#deliveries.size;
  }

  /** While events are tried one at a time, those that run count as well. */
  get slotsTaken(): number {
    return this.polling.slots < this.#batch.size ? this.#deliveries.size : this.#filling.length;
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
    this.polling.use(polledFor(descriptor, this.#batch));
    this.#handOver();
  }

  async leave(): Promise<void> {
    this.polling.leave(true);
    // Gives the batch back that fills.
    this.#handOver();
    while (this.polling.hasLeft && this.#deliveries.size > 0)
      await Promise.all([...this.#deliveries].map(({ ended }) => ended));
  }

  async stop(deadline: Promise<void>): Promise<void> {
    this.#stopping = true;
    const polled = this.polling.stop();
    const given = this.#giveBack(this.#takeFilling());
    // An unresponsive provider must not delay the stop much beyond the deadline.
    await Promise.race([polled, deadline]);
    const drained = Promise.all([given, ...[...this.#deliveries].map(({ ended }) => ended)]);
    await Promise.race([drained, deadline]);
    const endings = [...this.#deliveries].map((delivery) => this.#settlement.end(delivery));
    await Promise.all([...endings, waitFor(polled, this.#parts.clock, maxPollEndMs)]);
  }

  async deliver(lease: Lease): Promise<Outcome> {
    const delivery = this.#begin(lease);
    await this.#run([delivery]);
    return delivery.outcome ?? "lease-lost";
  }

  /** Hands over the leases as they come, as many at a time as a batch may have. */
  async deliverBatch(leases: readonly Lease[]): Promise<void> {
    const { size } = this.#batch;
    for (let from = 0; from < leases.length; from += size) {
      const now = this.#parts.clock.now();
      const held = leases.slice(from, from + size).filter(({ expiresAt }) => expiresAt > now);
      await this.#run(held.map((lease) => this.#begin(lease)));
    }
  }

  /** Adds the leases of a poll to the batch that fills. After a stop it gives them back. */
  take(leases: readonly Lease[]): Promise<void> | undefined {
    if (leases.length === 0) return undefined;
    const deliveries = leases.map((lease) => this.#begin(lease));
    if (this.#stopping) return this.#giveBack(deliveries);
    this.#filling.push(...deliveries);
    this.#interval ??= this.#parts.clock.after(this.#batch.interval, () => {
      this.#due = true;
      this.#handOver();
    });
    this.#handOver();
    return undefined;
  }

  #begin(lease: Lease): BatchedDelivery {
    this.heldKeys?.release(lease);
    const delivery = new BatchedDelivery(lease, this.#home);
    this.#deliveries.add(delivery);
    delivery.keep(this.#parts.keeper, this.descriptor.lease);
    return delivery;
  }

  /** Hands the batch over if it is complete and another one may run. */
  #handOver(): void {
    if (this.#running >= this.descriptor.parallelism || this.#filling.length === 0) return;
    // During a pause, and while events are tried one at a time after it, no more events come.
    const most = Math.min(this.#batch.size, this.polling.slots);
    if (this.#due || this.#filling.length >= most) void this.#run(this.#takeFilling());
  }

  #takeFilling(): BatchedDelivery[] {
    this.#interval?.cancel();
    this.#interval = undefined;
    this.#due = false;
    const filled = this.#filling;
    this.#filling = [];
    this.polling.slotFreed();
    return filled;
  }

  /** Runs one batch until all of its events are settled. Never rejects. */
  async #run(deliveries: readonly BatchedDelivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    this.#running++;
    const working = this.#work(deliveries, (work) => work.deliver(deliveries));
    for (const delivery of deliveries) delivery.ended = working;
    await working;
    this.#running--;
    this.polling.slotFreed();
    this.#handOver();
  }

  async #giveBack(deliveries: readonly BatchedDelivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    await this.#work(deliveries, (work) => work.giveBack(deliveries));
  }

  async #work(deliveries: readonly BatchedDelivery[], act: (work: BatchWork) => Promise<void>): Promise<void> {
    try {
      const span = this.#telemetry.startBatch(deliveries.map(({ lease }) => lease));
      await act(new BatchWork(this.#ofWork, span));
      span.end();
    } catch (error) {
      // Telemetry runs application code, which may throw. An event left unsettled is redelivered when its lease ends.
      this.#logger.error({ err: error, events: deliveries.length }, "telemetry failed");
    } finally {
      for (const delivery of deliveries) this.#left(delivery);
    }
  }

  #ended(delivery: BatchedDelivery, outcome: Outcome, durationMs: number, error: unknown): void {
    delivery.outcome = outcome;
    this.#left(delivery);
    if (outcome === "committed") {
      this.#committed++;
      this.polling.proven();
    }
    if (this.#reports.unread) return;
    const { event, attempt, outputs } = delivery;
    this.#reports.tell({ event, descriptor: this.descriptor, attempt, outcome, durationMs, outputs, error });
  }

  /** Counts an event that is no longer held, once. */
  #left(delivery: BatchedDelivery): void {
    if (!this.#deliveries.delete(delivery)) return;
    void delivery.stopKeeping();
    this.#settled++;
  }
}

/** Returns the settings by which events are leased: as many as fit into a batch. */
function polledFor(descriptor: ActorDescriptor, { size }: BatchSettings): ActorDescriptor {
  return { ...descriptor, parallelism: size, elastic: undefined };
}
