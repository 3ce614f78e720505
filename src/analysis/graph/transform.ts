import type { EventGraph, Publication } from "./event-graph.ts";

/** The differences between the code and the journal. */
export interface Comparison {
  /** Observed publications that no code declares. */
  readonly undeclared: readonly Publication[];
  /** Declared publications without an event in the journal. */
  readonly unseen: readonly Publication[];
}

/** Compares declared with observed publications. Without a journal nothing differs. */
export function compare({ actors, publications, observed }: EventGraph): Comparison {
  if (!observed) return { undeclared: [], unseen: [] };
  const strangers = new Set(actors.filter(({ declared }) => !declared).map(({ name }) => name));
  // Ignores actors of other modules on the same queues, and former actors.
  const isOurs = ({ from }: Publication): boolean => !(from.kind === "actor" && strangers.has(from.name));
  return {
    undeclared: publications.filter((one) => !one.declared && isOurs(one)),
    unseen: publications.filter((one) => one.declared && one.count === 0),
  };
}

/**
 * Returns the graph without some actors, and without queues used by them alone.
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

/** Returns the graph for JSON: queues as their names, schemas as booleans. */
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
