import { isBeeHiveError } from "../base/errors.ts";
import type { Provider } from "../contract/provider.ts";
import { isEventType } from "../events/event-type.ts";
import type { EventGraph } from "../graph/event-graph.ts";
import { makeEventGraph } from "../graph/make-event-graph.ts";
import { observedEdges, type ObservedEdge } from "../journal/observed-edges.ts";
import { journalOf } from "../journal/open-journal.ts";
import type { Application } from "./application.ts";
import { UsageError } from "./exit-code.ts";
import { openExistingProvider, urlWithoutOptions } from "./open-existing-provider.ts";

/**
 * Makes the event graph of modules.
 *
 * @param observed The URL of the provider whose journal adds the observed edges, if any.
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
  const provider = await openObserved(url);
  try {
    const edges = await observedEdges(journalOf(provider));
    if (edges.length === 0)
      throw new UsageError(
        `The journal of ${urlWithoutOptions(url)} has no events. Run a hive with journal: true there first.`,
      );
    return edges;
  } finally {
    await provider.close();
  }
}

/** Opens the provider of `--observed`. Errors show its URL without the options. */
export async function openObserved(url: string): Promise<Provider> {
  try {
    return await openExistingProvider(url, false);
  } catch (error) {
    if (!isBeeHiveError(error, "InvalidConfiguration") && !(error instanceof UsageError)) throw error;
    throw new UsageError(`--observed: ${error.message.replaceAll(url, urlWithoutOptions(url))}`, { cause: error });
  }
}
