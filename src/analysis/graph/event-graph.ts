import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { QueueName } from "../../events/queue-name.ts";

/**
 * The actors, queues and pulsers of an application, and the publications and subscriptions between them.
 *
 * Each list follows the flow of events from their sources. The order of modules does not change it.
 */
export interface EventGraph {
  readonly queues: readonly GraphQueue[];
  readonly actors: readonly GraphActor[];
  readonly pulsers: readonly GraphPulser[];
  readonly publications: readonly Publication[];
  readonly subscriptions: readonly Subscription[];
  /** True if publications have counts from a journal. */
  readonly observed: boolean;
}

/** A topic or a simple queue. */
export interface GraphQueue {
  readonly name: QueueName;
  /** The known types of its events. */
  readonly events: readonly GraphEvent[];
}

/** A type of events. One that was only observed has no more than a name. */
export interface GraphEvent {
  readonly name: string;
  readonly version: number;
  readonly schema: StandardSchemaV1 | undefined;
  readonly declared: boolean;
}

interface GraphActor {
  /** The name of its class. */
  readonly name: string;
  /** False for an actor that only a journal knows. */
  readonly declared: boolean;
}

interface GraphPulser {
  readonly name: string;
  /** The schedule as text: `every 5 minutes`. */
  readonly schedule: string;
}

/** A publisher: an actor, a pulser, or code outside the actors. */
export interface Publisher {
  readonly kind: "actor" | "pulser" | "outside";
  /** Empty for code outside the actors. */
  readonly name: string;
}

export interface Publication {
  readonly from: Publisher;
  /** A topic or a simple queue. */
  readonly to: QueueName;
  /** True if the code declares it; otherwise it was only observed. */
  readonly declared: boolean;
  /** The number of observed events; `undefined` without a journal. */
  readonly count: number | undefined;
}

/** An actor and the subscription or queue that it reads. */
export interface Subscription {
  readonly queueName: QueueName;
  readonly actor: string;
}

/** Returns a publisher as text. */
export function publisherText({ kind, name }: Publisher): string {
  if (kind === "outside") return "code outside the actors";
  return kind === "pulser" ? `the pulser ${name}` : name;
}
