import { publisherText } from "../../analysis/graph/event-graph.ts";
import type { Fork } from "../../analysis/graph/forks.ts";
import type { ForkRow } from "./wire.ts";

/**
 * Returns a replaced topic as a row.
 *
 * @param edges The events of the last hour by destination; `undefined` without a journal.
 */
export function forkRow(
  { topic, later, readers, bridges, publications }: Fork,
  edges: readonly { readonly destination: string; readonly count: number }[] | undefined,
): ForkRow {
  return {
    topic,
    later,
    readers: readers.map(({ queueName, actor }) => ({ queue: queueName.toString(), actor })),
    bridges,
    publishers: [...new Set(publications.map(({ from }) => publisherText(from)))],
    events: edges?.filter(({ destination }) => destination === `${topic}-`).reduce((sum, { count }) => sum + count, 0),
  };
}
