import type { ActorContext, ActorDescriptor } from "../actors/actor.ts";
import type { Bagged } from "../base/bag.ts";
import type { Clock } from "../base/clock.ts";
import type { BeeHiveError } from "../base/errors.ts";
import type { KeptLease, LeaseHolder } from "./lease-keeper.ts";
import { withFields, type Logger } from "../base/logger.ts";
import type { Step } from "../contract/provider.ts";
import type { Event } from "../events/event.ts";
import type { Lease } from "../contract/queue-operator.ts";
import type { Outcome } from "../actors/outcome.ts";

/** How one delivery of an event to an actor ended. */
export interface DeliveryReport {
  /** As it was received: its `queueName` is the subscription. */
  readonly event: Event;
  readonly descriptor: ActorDescriptor;
  /** 1 for the first. */
  readonly attempt: number;
  readonly outcome: Outcome;
  /** How long it took, in ms, its settlement included. */
  readonly durationMs: number;
  /** What the step published, with the ids under which it went; nothing unless it was committed. */
  readonly outputs: readonly Event[];
  /** What the step failed with; `undefined` when it was committed. */
  readonly error: unknown;
}

/** One event being worked on; the context that its actor sees. */
export class Delivery implements ActorContext, LeaseHolder, Bagged {
  place = -1;
  readonly lease: Lease;
  readonly descriptor: ActorDescriptor;
  readonly clock: Clock;
  /** Resolves when the delivery has been settled. */
  ended: Promise<unknown> = Promise.resolve();
  /** What keeps the lease of the run under way, and the step of that run. */
  kept: KeptLease | undefined;
  step: Step | undefined;
  /** The settlement has begun: nobody else may settle any more. */
  settling = false;
  /** The hive stopped and took the event away from its actor. */
  givenBack = false;
  /** What the step published, once it has committed. */
  outputs: readonly Event[] = [];
  /** Why the delivery is no longer ours, once it is not. */
  over: BeeHiveError | undefined;
  readonly #logger: Logger;
  #controller: AbortController | undefined;

  constructor(lease: Lease, descriptor: ActorDescriptor, clock: Clock, logger: Logger) {
    this.lease = lease;
    this.descriptor = descriptor;
    this.clock = clock;
    this.#logger = logger;
  }

  get attempt(): number {
    return this.lease.attempt;
  }

  get logger(): Logger {
    const { id, eventType, correlationId } = this.lease.event;
    return withFields(this.#logger, { eventId: id, eventType, correlationId, attempt: this.attempt });
  }

  /** Made when an actor asks for it: most never do. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.over) this.#controller.abort(this.over);
    return this.#controller.signal;
  }

  /** @throws the reason when the delivery is no longer ours. */
  assertOurs(): void {
    if (this.over) throw this.over;
  }

  cancel(reason: BeeHiveError): void {
    this.over ??= reason;
    this.#controller?.abort(reason);
  }
}
