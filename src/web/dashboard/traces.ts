import { BeeHiveError, isBeeHiveError } from "../../base/errors.ts";
import type { Event } from "../../events/event.ts";
import { QueueName } from "../../events/queue-name.ts";
import { HiveLog, logOf } from "../../hive/hive-log.ts";
import type { Trace } from "../../journal/trace/trace.ts";
import { traceItem } from "../../journal/trace/trace-item.ts";
import type { Watched } from "./watched.ts";

/** Maximum dead letters and kept events to read for one body. */
const maxRead = 10_000;
/** Clocks of processes differ, so the search in a topic begins earlier, in ms. */
const earlierMs = 60_000;

/** Returns everything that is known of an id. */
export async function traceOf(id: string, { hive, journal, descriptors, provider, clock }: Watched): Promise<Trace> {
  if (hive?.journal) return await hive.trace(id);
  if (!journal) throw new BeeHiveError("InvalidState", "There is no journal here; give createHive({ journal: true }).");
  return await traceItem(id, { journal, descriptors, now: clock.now(), queues: provider.queues });
}

/** A place to look for an event. */
export interface EventPlace {
  readonly id: string;
  /** The topic or queue that it was published to. */
  readonly destination: string;
  /** The subscription or queue of a branch. */
  readonly queue: string | undefined;
  /** When it was published, in ms since the epoch. */
  readonly time: number;
}

/**
 * Finds an event with its body: among the kept events of its topic, in its queue, or in the dead letters.
 *
 * The journal holds no bodies.
 */
export async function findEvent(place: EventPlace, watched: Watched): Promise<Event | undefined> {
  return (await inLog(place, watched)) ?? (await inQueue(place, watched)) ?? (await inLetters(place, watched));
}

async function inLog({ id, destination, time }: EventPlace, { provider }: Watched): Promise<Event | undefined> {
  if (!provider.queues.log) return undefined;
  try {
    const log = new HiveLog(QueueName.parse(destination), logOf(provider), new AbortController().signal);
    for await (const { event } of log.read({ from: new Date(time - earlierMs), limit: maxRead }))
      if (event.id === id) return event;
  } catch (error) {
    if (!isBeeHiveError(error, "InvalidState") && !isBeeHiveError(error, "QueueNotFound")) throw error;
  }
  return undefined;
}

async function inQueue({ id, queue }: EventPlace, { provider }: Watched): Promise<Event | undefined> {
  if (queue === undefined || provider.capabilities.peek !== true) return undefined;
  const name = QueueName.parse(queue);
  if (name.kind === "topic") return undefined;
  const found = (await provider.queues.peek?.(name, { id, limit: 1 })) ?? [];
  return found[0]?.event;
}

async function inLetters({ id, queue }: EventPlace, { provider }: Watched): Promise<Event | undefined> {
  if (queue === undefined) return undefined;
  const name = QueueName.parse(queue);
  if (name.kind === "topic") return undefined;
  let read = 0;
  for await (const { event } of provider.queues.deadLetters(name)) {
    if (event.id === id) return event;
    if (++read >= maxRead) break;
  }
  return undefined;
}
