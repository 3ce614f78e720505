import type { QueueSpec } from "../contract/queue-operator.ts";
import type { QueueName } from "../events/queue-name.ts";
import type { ActorDescriptor } from "./actor.ts";
import { actorDefaults, destination } from "./descriptor.ts";
import type { Publisher } from "./publishes.ts";
import { maxAttemptsOf } from "./supervision.ts";

/**
 * Returns the topics, subscriptions and queues of actors and publishers, topics first.
 *
 * A topic is ordered when one of its subscriptions is, because a topic without order loses the order.
 */
export function queueSpecs(
  descriptors: readonly ActorDescriptor[],
  publishers: readonly Publisher[] = [],
): QueueSpec[] {
  const read = new Map<string, QueueSpec>();
  const published = new Map<string, QueueSpec>();
  const publish = (name: QueueName, spec: Omit<QueueSpec, "name">): void => {
    const ordered = spec.ordered || (published.get(name.toString())?.ordered ?? false);
    published.set(name.toString(), { ...spec, name, ordered });
  };
  const { lease, retry } = actorDefaults;
  for (const { publishes = [] } of publishers)
    for (const name of publishes)
      publish(destination(name), { ordered: false, leaseMs: lease, maxAttempts: retry.maxAttempts });
  for (const descriptor of descriptors) {
    const { queueName, publishes, ordered, lease: leaseMs } = descriptor;
    const spec = { ordered, leaseMs, maxAttempts: maxAttemptsOf(descriptor) };
    read.set(queueName.toString(), {
      ...spec,
      name: queueName,
      ...(descriptor.from !== undefined && { from: descriptor.from }),
    });
    if (queueName.kind === "subscription") publish(queueName.destination, spec);
    for (const name of publishes) publish(name, { ...spec, ordered: false });
  }
  const publishedOnly = [...published].filter(([name]) => !read.has(name)).map(([, spec]) => spec);
  return [...publishedOnly.map(markedAsPublished), ...read.values()];
}

function markedAsPublished(spec: QueueSpec): QueueSpec {
  return spec.name.kind === "queue" ? { ...spec, publishedOnly: true } : spec;
}
