import type { EventGraph } from "./event-graph.ts";

/** Returns the groups of actors in cycles, in the order of the flow. */
export function cyclesOf({ actors, publications, subscriptions }: EventGraph): string[][] {
  const next = new Map(
    actors.map(({ name }) => {
      const targets = new Set(
        publications.flatMap(({ from, to }) => (from.kind === "actor" && from.name === name ? [String(to)] : [])),
      );
      const readers = subscriptions.filter(({ queueName }) => targets.has(String(queueName.destination)));
      return [name, [...new Set(readers.map(({ actor }) => actor))]];
    }),
  );
  const reachable = new Map(actors.map(({ name }) => [name, reachableFrom(name, next)]));
  const done = new Set<string>();
  return actors.flatMap(({ name }) => {
    if (done.has(name) || !reachable.get(name)?.has(name)) return [];
    const group = actors
      .map((one) => one.name)
      .filter((other) => reachable.get(name)?.has(other) && reachable.get(other)?.has(name));
    for (const one of group) done.add(one);
    return [group];
  });
}

/** Returns the actors that are reachable; itself only over a cycle. */
function reachableFrom(name: string, next: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  for (const waiting = [...(next.get(name) ?? [])]; waiting.length > 0;) {
    const one = waiting.pop() as string;
    if (reached.has(one)) continue;
    reached.add(one);
    waiting.push(...(next.get(one) ?? []));
  }
  return reached;
}
