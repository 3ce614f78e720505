import type { QueueName } from "../../../src/events/queue-name.ts";
import type { ServiceBusPlace } from "../places.ts";
import type { Names } from "./names.ts";

/** Advice about a connection string from the policy of a queue or topic. */
export const entityPathAdvice: string =
  "Take the connection string of the namespace, under its Shared access policies: " +
  "the key of one queue or topic has no rights to others";

/** Returns a problem when the connection string is for one entity alone and others are needed. */
export function entityPathProblems(place: ServiceBusPlace, queues: readonly QueueName[], names: Names): string[] {
  const only = entityPathOf(place);
  const others = queues.filter((name) => only !== undefined && names.entity(name) !== only);
  if (others.length === 0) return [];
  return [
    `the connection string of Service Bus is that of "${only}" alone (EntityPath=${only}), ` +
      `and "${others[0]}" is needed. ` +
      entityPathAdvice,
  ];
}

function entityPathOf(place: ServiceBusPlace): string | undefined {
  if ("connectionString" in place) return /;\s*EntityPath\s*=\s*([^;\s]+)/i.exec(place.connectionString)?.[1];
  if (!("client" in place)) return undefined;
  // `undefined` when the internals of the SDK (7.9.5) have changed.
  const { _connectionContext: context } = place.client as unknown as {
    readonly _connectionContext?: { readonly config?: { readonly entityPath?: string } };
  };
  return context?.config?.entityPath;
}
