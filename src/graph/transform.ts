import type { EventGraph, Publication } from "./event-graph.ts";

/** Where the code and the journal do not say the same. */
export interface Comparison {
  /** Events were seen on this way, and nothing declares it. */
  readonly undeclared: readonly Publication[];
  /** It is declared, and no event was seen on it for as long as the journal remembers. */
  readonly unseen: readonly Publication[];
}

/** Compares what is declared with what was observed. Nothing differs when nothing was observed. */
export function compare({ actors, publications, observed }: EventGraph): Comparison {
  if (!observed) return { undeclared: [], unseen: [] };
  const strangers = new Set(actors.filter(({ declared }) => !declared).map(({ name }) => name));
  // Actors of other modules may share the queues, and the journal remembers actors that are gone.
  const isOurs = ({ from }: Publication): boolean => !(from.kind === "actor" && strangers.has(from.name));
  return {
    undeclared: publications.filter((one) => !one.declared && isOurs(one)),
    unseen: publications.filter((one) => one.declared && one.count === 0),
  };
}

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
