import type { EventGraph } from "./event-graph.ts";

/** The graph as JSON has it: queues by their names, schemas only by whether there is one. */
export function plainGraph({ queues, actors, pulsers, publications, subscriptions }: EventGraph): object {
  return {
    queues: queues.map(({ name, events }) => ({
      name: String(name),
      kind: name.kind,
      events: events.map(({ schema, ...event }) => ({ ...event, schema: schema !== undefined })),
    })),
    actors,
    pulsers,
    publications: publications.map((one) => ({ ...one, to: String(one.to) })),
    subscriptions: subscriptions.map((one) => ({ ...one, queueName: String(one.queueName) })),
  };
}
