import type { EventGraph } from "./event-graph.ts";

/**
 * Returns the graph in the order of the flow: from outside and pulsers, through readers, to their events.
 *
 * Unreachable parts come last. Equal parts are sorted by name.
 */
export function inFlowOrder(graph: EventGraph): EventGraph {
  const { queues, actors, pulsers, publications, subscriptions } = graph;
  const reached: string[] = [];
  const actorsReached: string[] = [];

  const reach = (queue: string): void => {
    for (const waiting = [queue]; waiting.length > 0;) {
      const name = waiting.shift() as string;
      if (reached.includes(name)) continue;
      reached.push(name);
      for (const actor of readersOf(name).filter((one) => !actorsReached.includes(one))) {
        actorsReached.push(actor);
        waiting.push(...targetsOf("actor", actor));
      }
    }
  };
  const readersOf = (queue: string): string[] =>
    subscriptions
      .flatMap(({ queueName, actor }) => (String(queueName.destination) === queue ? [actor] : []))
      .toSorted();
  const targetsOf = (kind: string, name?: string): string[] =>
    publications
      .flatMap(({ from, to }) => (from.kind === kind && (name ?? from.name) === from.name ? [String(to)] : []))
      .toSorted();

  const published = new Set(publications.map(({ to }) => String(to)));
  const names = queues.map(({ name }) => String(name)).toSorted();
  const sources = names.filter((name) => !published.has(name));
  for (const queue of [...targetsOf("outside"), ...targetsOf("pulser"), ...sources, ...names]) reach(queue);

  const queueRank = rankOf(reached);
  const actorRank = rankOf([...actorsReached, ...actors.map(({ name }) => name).toSorted()]);
  const pulserRank = rankOf(pulsers.map(({ name }) => name).toSorted());
  const publisherRank = ({ from }: EventGraph["publications"][number]): number[] => {
    if (from.kind === "actor") return [2, actorRank(from.name)];
    return from.kind === "pulser" ? [1, pulserRank(from.name)] : [0];
  };
  return {
    ...graph,
    queues: sorted(queues, ({ name }) => [queueRank(String(name))]).map(({ name, events }) => ({
      name,
      events: events.toSorted((a, b) => compareText(a.name, b.name) || a.version - b.version),
    })),
    actors: sorted(actors, ({ name }) => [actorRank(name)]),
    pulsers: sorted(pulsers, ({ name }) => [pulserRank(name)]),
    publications: sorted(publications, (one) => [...publisherRank(one), queueRank(String(one.to))]),
    subscriptions: sorted(subscriptions, ({ queueName, actor }) => [
      queueRank(String(queueName.destination)),
      actorRank(actor),
    ]),
  };
}

function rankOf(names: readonly string[]): (name: string) => number {
  const ranks = new Map<string, number>();
  for (const name of names) if (!ranks.has(name)) ranks.set(name, ranks.size);
  return (name) => ranks.get(name) ?? ranks.size;
}

function sorted<T>(list: readonly T[], keyOf: (one: T) => readonly number[]): T[] {
  return list.toSorted((a, b) => {
    const [left, right] = [keyOf(a), keyOf(b)];
    const at = left.findIndex((key, index) => key !== right[index]);
    return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
  });
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
