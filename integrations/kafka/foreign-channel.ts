import type { ForeignChannel, SurfaceServer } from "../../src/contract/surface.ts";
import type { KafkaClient } from "./client.ts";

/** The version of the bindings that AsyncAPI 3.1 knows. */
const version = { bindingVersion: "0.5.0" };

/**
 * Returns a topic of Kafka in the terms of AsyncAPI.
 *
 * @param topic `undefined` where each event names its own.
 * @param group The consumer group of a source.
 */
export function foreignChannel(client: KafkaClient, topic: string | undefined, group?: string): ForeignChannel {
  return {
    servers: serversOf(client),
    address: topic,
    bindings: {
      channel: { kafka: { ...(topic !== undefined && { topic }), ...version } },
      operation: { kafka: { ...(group !== undefined && { groupId: { type: "string", enum: [group] } }), ...version } },
    },
  };
}

function serversOf({ cluster }: KafkaClient): readonly SurfaceServer[] {
  const protocol = cluster?.tls ? "kafka-secure" : "kafka";
  const description = "A broker of Kafka.";
  if (cluster) return cluster.brokers.map((host) => ({ host, protocol, description }));
  return [{ host: "{broker}", protocol, description, variables: { broker: { description: "The broker." } } }];
}
