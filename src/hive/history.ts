import { BeeHiveError } from "../base/errors.ts";
import type { TopicLog } from "../contract/topic-log.ts";
import type { Event } from "../events/event.ts";
import { HiveLog, type LoggedEvent } from "./hive-log.ts";

/** Selects the events of one entity by their partition key, or of one process by its correlation id. */
export type HistoryOf = { readonly key: string } | { readonly correlationId: string };

/** Returns the kept events of an entity or a process, in the order of their publication. */
export async function historyOf(log: TopicLog, of: HistoryOf): Promise<readonly LoggedEvent[]> {
  const { key, correlationId } = (of ?? {}) as { readonly key?: unknown; readonly correlationId?: unknown };
  if ((typeof key === "string") === (typeof correlationId === "string"))
    throw new BeeHiveError("InvalidKey", "Say whose history: { key } or { correlationId }, a text.");
  const belongs = (event: Event): boolean => event.correlationId === correlationId || event.id === correlationId;
  const found: LoggedEvent[] = [];
  for (const topic of await log.topics()) {
    const events = new HiveLog(topic, log, new AbortController().signal).read(typeof key === "string" ? { key } : {});
    for await (const one of events) if (typeof key === "string" || belongs(one.event)) found.push(one);
  }
  return found.toSorted((one, other) => one.published.getTime() - other.published.getTime());
}
