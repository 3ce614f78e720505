import { existsSync } from "node:fs";
import { systemClock } from "../clock.ts";
import { isBeeHiveError } from "../errors.ts";
import { isEventType } from "../event-type.ts";
import type { EventGraph } from "../graph/event-graph.ts";
import { makeEventGraph } from "../graph/make-event-graph.ts";
import type { ObservedEdge } from "../graph/observed-edge.ts";
import { observedEdges } from "../journal/observed-edges.ts";
import { journalOf } from "../journal/open-journal.ts";
import { openProvider } from "../open-provider.ts";
import type { Provider } from "../provider.ts";
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
  if (/^memory:/i.test(url))
    throw new UsageError(
      "The journal of memory: ends with its process. Name another provider: --observed sqlite:./hive.db",
    );
  const provider = await openThere(url);
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

/** Opens what is there: who looks makes nothing. What is wrong with the URL is told without its options. */
async function openThere(url: string): Promise<Provider> {
  try {
    if (!(await isThere(url)))
      throw new UsageError(`There is no file for --observed ${placeOf(url)}; looking at a journal makes none.`);
    return await openProvider(url, { clock: systemClock });
  } catch (error) {
    if (!isBeeHiveError(error, "InvalidConfiguration")) throw error;
    throw new UsageError(`--observed: ${error.message.replaceAll(url, placeOf(url))}`, { cause: error });
  }
}

/** Whether there is a file, for `sqlite:` makes one; the clouds make nothing when they are opened. */
async function isThere(url: string): Promise<boolean> {
  if (!url.startsWith("sqlite:")) return true;
  const { configFrom } = await import("../../providers/sqlite/config.ts");
  return existsSync(configFrom(url).file);
}

/** A URL without its options, among which somebody may have put a secret. */
function placeOf(url: string): string {
  return url.split("?", 1)[0] ?? "";
}
