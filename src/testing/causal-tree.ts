import type { ActorDescriptor } from "../actors/actor.ts";
import type { Outcome } from "../actors/outcome.ts";
import { messageOf } from "../base/error-text.ts";
import type { DeliveryReport } from "../delivery/delivery.ts";
import type { Event } from "../events/event.ts";
import type { QueueName } from "../events/queue-name.ts";
import type { Recorder } from "./recording-provider.ts";

/** An event and everything that followed from it. */
export interface CausalEvent {
  readonly event: Event;
  /** True if any actor reads its destination. */
  readonly read: boolean;
  /** Sorted by subscription, then by attempt. */
  readonly deliveries: readonly CausalDelivery[];
}

/** An attempt of an actor at an event. */
export interface CausalDelivery {
  readonly actor: string;
  readonly queueName: QueueName;
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly error: unknown;
  /** The events that the attempt published, in the order of the actor. */
  readonly outputs: readonly CausalEvent[];
}

/**
 * Events and everything that followed from them. Returned by `TestHive.tree`.
 *
 * Its order does not depend on how actors interleave. Its text holds no ids and no times, so it can be kept in a file
 * and compared.
 */
export class CausalTree {
  /** The events pushed from outside, in order. */
  readonly roots: readonly CausalEvent[];

  constructor(roots: readonly CausalEvent[]) {
    this.roots = roots;
  }

  /** Returns a line for each event and each attempt, with later events indented below. */
  toString(): string {
    return causalText(this.roots);
  }
}

/** Builds the tree of the recorded events. */
export function causalTree(recorder: Recorder, descriptors: readonly ActorDescriptor[]): CausalTree {
  const deliveries = new Map<string, DeliveryReport[]>();
  const followed = new Set<string>();
  for (const report of recorder.deliveries) {
    const known = deliveries.get(report.event.id);
    if (known) known.push(report);
    else deliveries.set(report.event.id, [report]);
    for (const { id } of report.outputs) followed.add(id);
  }
  const destinations = new Set(descriptors.map(({ queueName }) => String(queueName.destination)));
  const nodes = new Map<string, CausalEvent>();

  const eventNode = (event: Event): CausalEvent => {
    const met = nodes.get(event.id);
    if (met) return met;
    const children: CausalDelivery[] = [];
    const node = { event, read: destinations.has(event.queueName), deliveries: children };
    nodes.set(event.id, node);
    children.push(...(deliveries.get(event.id) ?? []).toSorted(bySubscription).map(deliveryNode));
    return node;
  };
  const deliveryNode = ({ descriptor, attempt, outcome, error, outputs }: DeliveryReport): CausalDelivery => ({
    actor: descriptor.name,
    queueName: descriptor.queueName,
    attempt,
    outcome,
    error,
    outputs: outputs.map(eventNode),
  });

  const pushed = new Map(recorder.pushed.map((event) => [event.id, event]));
  return new CausalTree([...pushed.values()].filter(({ id }) => !followed.has(id)).map(eventNode));
}

function bySubscription(one: DeliveryReport, other: DeliveryReport): number {
  const [a, b] = [one.event.queueName, other.event.queueName];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Returns trees of events as text; a repeated event refers to its first place. */
function causalText(roots: readonly CausalEvent[]): string {
  const met = new Set<CausalEvent>();
  const lines: string[] = [];

  const writeEvent = (node: CausalEvent, indent: string): void => {
    lines.push(`${indent}${titleOf(node)}${met.has(node) ? " (see above)" : ""}`);
    if (met.has(node)) return;
    met.add(node);
    for (const delivery of node.deliveries) writeDelivery(delivery, `${indent}  `);
  };
  const writeDelivery = (delivery: CausalDelivery, indent: string): void => {
    lines.push(`${indent}${lineOf(delivery)}`);
    for (const output of delivery.outputs) writeEvent(output, `${indent}  `);
  };

  for (const root of roots) writeEvent(root, "");
  return lines.map((line) => `${line}\n`).join("");
}

/** Returns the type of an event, and its destination if it is another topic. */
function titleOf({ event, read }: CausalEvent): string {
  const notes = [
    ...(event.queueName === `${event.eventType}-` ? [] : [`to ${event.queueName}`]),
    ...(event.delivery === "log" ? ["log"] : []),
    ...(read ? [] : ["read by nobody"]),
  ];
  return notes.length === 0 ? event.eventType : `${event.eventType} (${notes.join(", ")})`;
}

function lineOf({ actor, queueName, attempt, outcome, error }: CausalDelivery): string {
  const reader = `${queueName.subscription || queueName.topic}: ${actor}`;
  const again = attempt === 1 ? "" : `, attempt ${attempt}`;
  return `${reader}${again} → ${outcome}${error === undefined ? "" : `: ${withoutIds(firstLine(messageOf(error)))}`}`;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** Replaces UUIDs and times, which differ from run to run. */
function withoutIds(text: string): string {
  return text
    .replaceAll(/[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}/gi, "<id>")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>");
}
