import type { Event } from "../events/event.ts";
import type { Outcome } from "../actors/outcome.ts";
import type { QueueName } from "../events/queue-name.ts";

/** An event and everything that followed from it. */
export interface CausalEvent {
  readonly event: Event;
  /** Whether any actor reads where it went. */
  readonly read: boolean;
  /** By subscription, in the order of their names; of one subscription in the order of the attempts. */
  readonly deliveries: readonly CausalDelivery[];
}

/** One attempt of one actor at an event. */
export interface CausalDelivery {
  readonly actor: string;
  readonly queueName: QueueName;
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly error: unknown;
  /** What the attempt published, in the order in which the actor returned it. */
  readonly outputs: readonly CausalEvent[];
}
