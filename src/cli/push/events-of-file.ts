import { createReadStream } from "node:fs";
import type { ActorDescriptor } from "../../actors/actor.ts";
import { messageOf } from "../../base/error-text.ts";
import { declaredTypes } from "../../events/event-type.ts";
import type { Event } from "../../events/event.ts";
import { QueueName } from "../../events/queue-name.ts";
import { UsageError } from "../exit-code.ts";
import { decoded } from "../input/decoded.ts";
import { items } from "../input/items.ts";
import { placeOf } from "../input/place.ts";
import { eventOf } from "./event-maker.ts";

/**
 * Returns the events of a file of bodies, given as `QUEUE=FILE`; or as `FILE` when one queue has no publisher.
 *
 * @throws UsageError when the file or a value in it cannot be read, or the queue is not known.
 */
export async function eventsOfFile(text: string, descriptors: readonly ActorDescriptor[]): Promise<readonly Event[]> {
  const at = text.indexOf("=");
  const file = text.slice(at + 1);
  const queue = at < 0 ? entryOf(descriptors) : QueueName.parse(text.slice(0, at));
  const settings = {
    queue,
    type: queue.topic,
    cloudEvents: false,
    properties: {},
    correlationId: undefined,
    partitionKeyFrom: undefined,
    idFrom: undefined,
    delay: undefined,
    runId: "simulation",
    versions: { types: declaredTypes(), given: undefined },
  };
  const events: Event[] = [];
  try {
    for await (const item of items(decoded(createReadStream(file), "utf-8"), "auto")) {
      try {
        events.push(eventOf(item, settings));
      } catch (cause) {
        throw new UsageError(`${file}, ${placeOf(item)}: ${messageOf(cause)}`, { cause });
      }
    }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
  return events;
}

/** Returns the one topic or queue that actors read and none publishes to. */
function entryOf(descriptors: readonly ActorDescriptor[]): QueueName {
  const published = new Set(descriptors.flatMap(({ publishes }) => publishes.map(String)));
  const read = new Set(descriptors.map(({ queueName }) => String(queueName.destination)));
  const entries = [...read].filter((name) => !published.has(name));
  const [entry] = entries;
  if (entry !== undefined && entries.length === 1) return QueueName.parse(entry);
  throw new UsageError(
    `Say where the events go, as in --push ${entry ?? "OrderAccepted-"}=FILE. ` +
      (entries.length === 0 ? "Every queue has a publisher." : `Without a publisher are ${entries.join(", ")}.`),
  );
}
