import { actorDescription, actorsFrom, type ActorClass, type ActorDescriptor, type ActorOptions } from "beehive-actors";
import * as prismoActors from "../../../../samples/prismo/actors/index.ts";
import * as prismoEvents from "../../../../samples/prismo/events.ts";
import { isEventType } from "../../../../src/events/event-type.ts";
import type { EventGraph } from "../../../../src/analysis/graph/event-graph.ts";
import { makeEventGraph, type EventGraphParts } from "../../../../src/analysis/graph/make-event-graph.ts";
import type { ObservedEdge } from "../../../../src/journal/observed-edges.ts";
import * as web from "./web.ts";

/** For each subscription its publications, or all of its options. */
export type ActorParts = Readonly<Record<string, readonly string[] | ActorOptions>>;

/** Returns an actor class with this name and these subscriptions. */
export function actorOf(name: string, subscriptions: ActorParts): ActorClass {
  const { [name]: actorType = Object } = {
    [name]: class {
      async processAsync(): Promise<void> {}
    },
  };
  for (const [queueName, options] of Object.entries(subscriptions).toReversed())
    actorDescription(
      queueName,
      Array.isArray(options) ? { publishes: options } : (options as ActorOptions),
    )(actorType as ActorClass);
  return actorType as ActorClass;
}

export async function descriptorsOf(...classes: readonly ActorClass[]): Promise<ActorDescriptor[]> {
  return [...actorsFrom(classes)];
}

export async function graphOf(
  classes: readonly ActorClass[],
  parts: Partial<EventGraphParts> = {},
): Promise<EventGraph> {
  return makeEventGraph({ descriptors: await descriptorsOf(...classes), ...parts });
}

/** A journal of the small web, with an actor that the code does not know, and an undeclared publication. */
export const observed: readonly ObservedEdge[] = [
  { from: undefined, eventType: "Uploaded", destination: "Uploads", count: 1_234 },
  { from: undefined, eventType: "DayEnded", destination: "DayEnded-", count: 7 },
  { from: "IntakeActor", eventType: "Parsed", destination: "Parsed-", count: 1_200 },
  { from: "OldActor", eventType: "Parsed", destination: "Parsed-", count: 3 },
  { from: "SplitActor", eventType: "RowRead", destination: "RowRead-", count: 1_234_567 },
  { from: "SplitActor", eventType: "Invoice", destination: "Invoices", count: 4 },
  { from: "AuditActor", eventType: "Invoice", destination: "Invoices", count: 5 },
];

export async function webGraph(parts: Partial<EventGraphParts> = {}): Promise<EventGraph> {
  const descriptors = actorsFrom(web);
  const eventTypes = (Object.values(web) as readonly unknown[]).filter(isEventType);
  return makeEventGraph({ descriptors, eventTypes, pulsers: [web.dayEnded], ...parts });
}

export async function prismoGraph(): Promise<EventGraph> {
  const descriptors = actorsFrom(prismoActors);
  return makeEventGraph({ descriptors, eventTypes: Object.values(prismoEvents).filter(isEventType) });
}
