import type { QueueSpec } from "../../src/contract/queue-operator.ts";
import type { Bindings, ProviderSurface } from "../../src/contract/surface.ts";
import { tuningFrom } from "./config.ts";
import { Names } from "./queues/names.ts";
import { duplicateWindow, lockDurationOf } from "./queues/topology.ts";

/**
 * Returns how a hive looks from outside: topics and queues of Service Bus. Asks nothing of the cloud.
 *
 * AsyncAPI has no binding for Service Bus, and that of AMQP 1.0 must be empty. So an extension holds the settings.
 */
export function azureSurface(url: string): ProviderSurface {
  const config = tuningFrom(url);
  const names = new Names(config.queuePrefix);
  const settingsOf = ({ ordered, leaseMs }: QueueSpec): object => ({
    requiresSession: ordered,
    lockDuration: lockDurationOf(leaseMs, config),
  });
  const bindingsOf = (settings: object): Bindings => ({ amqp1: {}, "x-servicebus": settings });
  const published = config.duplicateDetection
    ? { requiresDuplicateDetection: true, duplicateDetectionHistoryTimeWindow: duplicateWindow }
    : { requiresDuplicateDetection: false };
  return {
    servers: {
      servicebus: {
        host: "{namespace}.servicebus.windows.net",
        protocol: "amqps",
        protocolVersion: "1.0",
        description: "The namespace of Service Bus.",
        variables: { namespace: { description: "The name of the namespace." } },
      },
    },
    channel(spec) {
      const { name, publishedOnly = false } = spec;
      const entity = { [name.kind]: names.entity(name) };
      const received = name.kind === "topic" || publishedOnly ? {} : settingsOf(spec);
      return { servers: ["servicebus"], bindings: bindingsOf({ ...entity, ...published, ...received }) };
    },
    reading(spec) {
      const { topic, subscription, kind } = spec.name;
      return kind === "subscription" ? bindingsOf({ topic, subscription, ...settingsOf(spec) }) : {};
    },
  };
}
