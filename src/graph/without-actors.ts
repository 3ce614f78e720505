import type { EventGraph } from "./event-graph.ts";

/**
 * The graph without some actors, such as one that reads everything and would hide the rest, and without the queues
 * that nobody else has to do with.
 */
export function withoutActors(graph: EventGraph, names: readonly string[]): EventGraph {
  if (names.length === 0) return graph;
  const left = new Set(names);
  const publications = graph.publications.filter(({ from }) => !(from.kind === "actor" && left.has(from.name)));
  const subscriptions = graph.subscriptions.filter(({ actor }) => !left.has(actor));
  const used = new Set([
    ...publications.map(({ to }) => String(to)),
    ...subscriptions.map(({ queueName }) => String(queueName.destination)),
  ]);
  return {
    ...graph,
    publications,
    subscriptions,
    actors: graph.actors.filter(({ name }) => !left.has(name)),
    queues: graph.queues.filter(({ name }) => used.has(String(name))),
  };
}
