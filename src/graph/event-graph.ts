import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { QueueName } from "../events/queue-name.ts";

/**
 * Who publishes what, and who reads it. Each list is in the order in which events flow, from where they come in, and
 * does not depend on the order of the parts.
 */
export interface EventGraph {
  readonly queues: readonly GraphQueue[];
  readonly actors: readonly GraphActor[];
  readonly pulsers: readonly GraphPulser[];
  readonly publications: readonly Publication[];
  readonly subscriptions: readonly Subscription[];
  /** Whether a journal was looked at, so that publications have counts. */
  readonly observed: boolean;
}

/** A topic or a simple queue. */
export interface GraphQueue {
  readonly name: QueueName;
  /** The types of events that go there, as far as they are known. */
  readonly events: readonly GraphEvent[];
}

/** A type of events, as the modules declare it; of one that was only observed nothing but the name is known. */
export interface GraphEvent {
  readonly name: string;
  readonly version: number;
  readonly schema: StandardSchemaV1 | undefined;
  readonly declared: boolean;
}

interface GraphActor {
  /** The name of its class. */
  readonly name: string;
  /** Not so for one that only a journal knows. */
  readonly declared: boolean;
}

interface GraphPulser {
  readonly name: string;
  /** For people: `every 5 minutes`. */
  readonly schedule: string;
}

/** Who publishes: an actor or a pulser, by its name, or code outside the actors. */
export interface Publisher {
  readonly kind: "actor" | "pulser" | "outside";
  /** Empty for code outside the actors. */
  readonly name: string;
}

export interface Publication {
  readonly from: Publisher;
  /** A topic or a simple queue. */
  readonly to: QueueName;
  /** Whether the code says so; else it was only observed. */
  readonly declared: boolean;
  /** How many events were observed; nothing when no journal was looked at. */
  readonly count: number | undefined;
}

/** An actor reads a subscription of a topic, or a simple queue. */
export interface Subscription {
  readonly queueName: QueueName;
  readonly actor: string;
}

/** Who publishes, for people. */
export function publisherText({ kind, name }: Publisher): string {
  if (kind === "outside") return "code outside the actors";
  return kind === "pulser" ? `the pulser ${name}` : name;
}
