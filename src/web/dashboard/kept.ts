import { QueueName } from "../../events/queue-name.ts";
import { HiveLog, logOf } from "../../hive/hive-log.ts";
import { shownEvent } from "./shown-event.ts";
import type { Watched } from "./watched.ts";
import type { KeptPage } from "./wire.ts";

const pageSize = 50;

/** Returns the topics that keep their events, or the reason why there are none. */
export async function keptTopics({
  provider: { queues, capabilities, name },
}: Watched): Promise<{ readonly topics: readonly string[]; readonly reason: string | undefined }> {
  const { log } = capabilities;
  if (!queues.log)
    return { topics: [], reason: `${name} keeps no events: ${typeof log === "string" ? log : "no log"}` };
  const topics = await queues.log.topics();
  return { topics: topics.map(String).toSorted(), reason: undefined };
}

/**
 * Returns a page of the kept events of a topic.
 *
 * @param options `before`: the end, exclusive; the newest events without it. `key`: a partition key.
 */
export async function keptPage(
  topic: string,
  { before, key }: { readonly before: number | undefined; readonly key: string | undefined },
  { provider }: Watched,
  seesBodies: boolean,
): Promise<KeptPage> {
  const log = new HiveLog(QueueName.parse(topic), logOf(provider), new AbortController().signal);
  const { first, next } = await log.range();
  const end = Math.min(before ?? next, next);
  const events: KeptPage["events"][number][] = [];
  // The events of a key lie far apart: all of them are read, and the last ones kept.
  const from = key === undefined ? Math.max(first, end - pageSize) : first;
  for await (const { position, published, event } of log.read({ from, to: end, key })) {
    events.push({ ...shownEvent(event, seesBodies), position, published: published.getTime() });
    if (events.length > pageSize) events.shift();
  }
  return { events: events.toReversed(), first, next };
}
