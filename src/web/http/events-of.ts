import { uuidOf } from "../../base/uuid.ts";
import { adopted } from "../../events/adopted-event.ts";
import type { Event } from "../../events/event.ts";
import type { IngestHandler, Ingested, IngestRequest } from "./handler.ts";
import { hashOf } from "./idempotency.ts";
import type { SupervisedHandler } from "./supervised.ts";

/** Asks a handler for its events. Fixes their ids by the identity of the request, so that a repetition is a duplicate. */
export async function eventsOf(
  handler: SupervisedHandler,
  request: IngestRequest,
  identity: string | undefined,
): Promise<readonly Event[]> {
  const events = await handler.run(request, async (one: IngestHandler, own) => await listOf(await one.ingest(own)));
  if (identity === undefined) return events;
  return events.map((event, index) => {
    if (event.hasId) return event;
    return event.with({ id: uuidOf(hashOf([request.client, handler.name, identity, String(index)])) });
  });
}

async function listOf(ingested: Ingested): Promise<readonly Event[]> {
  if (ingested === undefined) return [];
  const own = adopted(ingested);
  if (own) return [own];
  const events: Event[] = [];
  for await (const one of ingested as AsyncIterable<unknown>) {
    const event = adopted(one);
    if (!event) throw new TypeError("ingest returned a value that is no event; make each with new Event(type, body)");
    events.push(event);
  }
  return events;
}
