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
