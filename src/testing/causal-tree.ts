import type { ActorDescriptor } from "../actors/actor.ts";
import type { DeliveryReport } from "../delivery/delivery.ts";
import type { Event } from "../events/event.ts";
import type { Recorder } from "./recorder.ts";
import type { CausalDelivery, CausalEvent } from "./causal-event.ts";
import { causalText } from "./causal-text.ts";

/**
 * What followed from what. The order does not depend on how actors interleaved, and the text holds neither ids nor
 * times, so that it can be kept in a file and compared.
 */
export class CausalTree {
  /** What was pushed from outside, in that order. */
  readonly roots: readonly CausalEvent[];

  constructor(roots: readonly CausalEvent[]) {
    this.roots = roots;
  }

  /** One line for each event and each attempt, what followed from it indented below. */
  toString(): string {
    return causalText(this.roots);
  }
}

/** The tree of what was recorded. */
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
