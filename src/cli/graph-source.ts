import { isBeeHiveError } from "../base/errors.ts";
import type { Provider } from "../contract/provider.ts";
import { isEventType } from "../events/event-type.ts";
import { queueSpecs } from "../actors/topology.ts";
import type { Finding } from "../analysis/graph/finding.ts";
import type { EventGraph } from "../analysis/graph/event-graph.ts";
import { makeEventGraph } from "../analysis/graph/make-event-graph.ts";
import { observedEdges, type ObservedEdge } from "../journal/observed-edges.ts";
import { journalOf } from "../journal/open-journal.ts";
import { publishedOutside, type Application } from "./application.ts";
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
    publishes: publishedOutside(options),
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

/** Returns the subscriptions and queues of a provider that no actor of the modules reads or publishes to. */
export async function unreadAt(url: string, { descriptors, publishers }: Application): Promise<readonly Finding[]> {
  const provider = await openObserved(url);
  try {
    const known = new Set(queueSpecs(descriptors, publishers).map(({ name }) => name.toString()));
    const unread = ((await provider.queues.names?.()) ?? []).filter((name) => !known.has(name.toString()));
    return unread.map((name) => ({
      rule: "unread-subscription",
      severity: "warning",
      where: name.toString(),
      message:
        "It is there, but no actor of these modules reads it, so that its events pile up. beehive setup --prune deletes it.",
    }));
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
