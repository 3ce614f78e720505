import { Event, type EventOptions } from "../../events/event.ts";
import { QueueName } from "../../events/queue-name.ts";
import { jsonSchemaOf } from "../../analysis/graph/json-schema.ts";
import { parsed } from "./letters.ts";
import type { Watched } from "./watched.ts";
import type { Sending, TypeRow } from "./wire.ts";

/** Returns the types of event that the application declares. */
export function typesOf({ eventTypes }: Watched): readonly TypeRow[] {
  return eventTypes
    .map(({ name, version, queueName, entry, schema }) => ({
      name,
      isEntry: entry,
      version,
      destination: queueName ?? QueueName.topic(name).toString(),
      schema: jsonSchemaOf(schema, "#"),
    }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** Publishes an event. A declared type checks its body. @throws BeeHiveError `InvalidEvent`. */
export async function send(sending: Sending, { hive, provider, eventTypes }: Watched): Promise<string> {
  const event = eventOf(sending, eventTypes);
  if (hive) await hive.push(event);
  else await provider.queues.push([event]);
  return event.id;
}

function eventOf({ type, body, destination, key, id }: Sending, eventTypes: Watched["eventTypes"]): Event {
  const options: EventOptions = {
    ...(destination ? { queueName: destination } : {}),
    ...(key ? { partitionKey: key } : {}),
    ...(id ? { id } : {}),
  };
  const declared = eventTypes.find(({ name }) => name === type);
  const value = parsed(body);
  const event = declared ? declared.create(value, options) : new Event(type, value, options);
  // The text as it is written: numbers keep all their digits.
  return Event.fromRecord({ ...event.toRecord(), body: body.trim() });
}
