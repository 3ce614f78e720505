import { isBeeHiveError } from "../base/errors.ts";
import { isEventType } from "../events/event-type.ts";
import type { EventGraph } from "../graph/event-graph.ts";
import { makeEventGraph } from "../graph/make-event-graph.ts";
import { observedEdges, type ObservedEdge } from "../journal/observed-edges.ts";
import { journalOf } from "../journal/open-journal.ts";
import type { Provider } from "../contract/provider.ts";
import type { Application } from "./application.ts";
import { UsageError } from "./exit-code.ts";
import { openThere, placeOf } from "./open-there.ts";

/**
 * The graph of modules.
 *
 * @param observed the URL of the provider whose journal is looked at; none unless given.
 */
export async function graphOf(
  { descriptors, pulsers, options, exports, settings }: Application,
  observed: string | undefined,
): Promise<EventGraph> {
  return makeEventGraph({
    descriptors,
    pulsers,
    publishes: options.publishes,
    eventTypes: exports.filter(isEventType),
    entries: settings.entries,
    observed: observed === undefined ? undefined : await edgesOf(observed),
  });
}

async function edgesOf(url: string): Promise<readonly ObservedEdge[]> {
  const provider = await open(url);
  try {
    const edges = await observedEdges(journalOf(provider));
    if (edges.length === 0)
      throw new UsageError(
        `There is no event in the journal of ${placeOf(url)}. Does a hive with a journal run there?`,
      );
    return edges;
  } finally {
    await provider.close();
  }
}

/** What is wrong with the URL is told without its options. */
async function open(url: string): Promise<Provider> {
  try {
    return await openThere(url, false);
  } catch (error) {
    if (!isBeeHiveError(error, "InvalidConfiguration") && !(error instanceof UsageError)) throw error;
    throw new UsageError(`--observed: ${error.message.replaceAll(url, placeOf(url))}`, { cause: error });
  }
}
