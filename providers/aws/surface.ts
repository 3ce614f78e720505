import type { QueueSpec } from "../../src/contract/queue-operator.ts";
import type { Bindings, ProviderSurface, SurfaceServer } from "../../src/contract/surface.ts";
import { configFrom } from "./config.ts";
import { visibilitySeconds } from "./queues/lease.ts";
import { receivesFor, retentionSeconds } from "./queues/limits.ts";
import { deadNameOf, queueNameOf, topicNameOf } from "./queues/names.ts";

/** The versions of the bindings that AsyncAPI 3.1 knows. */
const sns = { bindingVersion: "0.1.0" };
const sqs = { bindingVersion: "0.2.0" };

/** Returns how a hive looks from outside: topics of SNS, and queues of SQS. Asks nothing of the cloud. */
export function awsSurface(url: string): ProviderSurface {
  const { region, prefix, endpoint } = configFrom(url);
  const server = (service: "sns" | "sqs", description: string): SurfaceServer => ({
    host: hostOf(service, region, endpoint),
    protocol: service,
    description,
    ...(region === undefined && endpoint === undefined && { variables: { region: { description: "The region." } } }),
  });
  return {
    servers: { sns: server("sns", "The topics."), sqs: server("sqs", "The queues and subscriptions.") },
    channel(spec, readers) {
      const { name, publishedOnly } = spec;
      if (name.kind === "topic") {
        // A topic is made for each kind of its subscriptions.
        const isFifoAlone = readers.length > 0 && readers.every((reader) => reader.ordered);
        const topic = topicNameOf(prefix, name, isFifoAlone);
        const ordering = { type: isFifoAlone ? "FIFO" : "standard", contentBasedDeduplication: false };
        return { servers: ["sns", "sqs"], bindings: { sns: { name: topic, ordering, ...sns } } };
      }
      // Only its reader knows whether a queue is ordered.
      if (publishedOnly) return { servers: ["sqs"], bindings: {} };
      const [queue, deadLetterQueue] = queuesOf(spec, prefix);
      return { servers: ["sqs"], bindings: { sqs: { queue, deadLetterQueue, ...sqs } } };
    },
    reading(spec): Bindings {
      if (spec.name.kind === "queue") return {};
      const endpointName = queueNameOf(prefix, spec.name, spec.ordered);
      const consumer = { protocol: "sqs", endpoint: { name: endpointName }, rawMessageDelivery: true };
      return {
        sns: { topic: { name: topicNameOf(prefix, spec.name, spec.ordered) }, consumers: [consumer], ...sns },
        sqs: { queues: queuesOf(spec, prefix), ...sqs },
      };
    },
  };
}

/** Returns a queue and that of its dead letters. */
function queuesOf(spec: QueueSpec, prefix: string): readonly [queue: object, dead: object] {
  const name = queueNameOf(prefix, spec.name, spec.ordered);
  const deadLetterQueue = { name: deadNameOf(name) };
  const kept = { fifoQueue: spec.ordered, messageRetentionPeriod: retentionSeconds };
  return [
    {
      name,
      ...kept,
      visibilityTimeout: visibilitySeconds(spec.leaseMs),
      redrivePolicy: { deadLetterQueue, maxReceiveCount: receivesFor(spec) },
    },
    { ...deadLetterQueue, ...kept },
  ];
}

function hostOf(service: string, region = "{region}", endpoint?: string): string {
  if (endpoint !== undefined) return new URL(endpoint).host;
  return `${service}.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}
