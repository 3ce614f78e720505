import { systemClock } from "../clock.ts";
import { isEventType } from "../event-type.ts";
import type { EventGraph } from "../graph/event-graph.ts";
import { makeEventGraph } from "../graph/make-event-graph.ts";
import type { ObservedEdge } from "../graph/observed-edge.ts";
import { observedEdges } from "../journal/observed-edges.ts";
import { journalOf } from "../journal/open-journal.ts";
import { openProvider } from "../open-provider.ts";
import type { Application } from "./application.ts";
import { UsageError } from "./exit-code.ts";

/**
 * The graph of modules.
 *
 * @param observed the URL of the provider whose journal is looked at; none unless given.
 */
export async function graphOf(
  { descriptors, pulsers, exports, settings }: Application,
  observed: string | undefined,
): Promise<EventGraph> {
  return makeEventGraph({
    descriptors,
    pulsers,
    eventTypes: exports.filter(isEventType),
    entries: settings.entries,
    observed: observed === undefined ? undefined : await edgesOf(observed),
  });
}

async function edgesOf(url: string): Promise<readonly ObservedEdge[]> {
  if (url.startsWith("memory:"))
    throw new UsageError(
      "The journal of memory: ends with its process. Name another provider: --observed sqlite:./hive.db",
    );
  const provider = await openProvider(url, { clock: systemClock });
  try {
    const edges = await observedEdges(journalOf(provider));
    if (edges.length === 0)
      throw new UsageError(`There is no event in the journal of ${url}. Does a hive with a journal run there?`);
    return edges;
  } finally {
    await provider.close();
  }
}
