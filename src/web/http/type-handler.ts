import { messageOf } from "../../base/error-text.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import { throwProblems } from "../../base/problems.ts";
import { isCoded } from "../../events/body.ts";
import type { Event } from "../../events/event.ts";
import { isEventType, type AnyEventType, type EventType } from "../../events/event-type.ts";
import { versionOf } from "../../events/event-version.ts";
import { checkedItem } from "./checked-item.ts";
import type { IngestHandler, IngestItem, IngestProblem, IngestRequest } from "./handler.ts";

/**
 * Returns a handler of several event types. One type alone is a handler as it is.
 *
 * It joins CloudEvents of these types. At the path of its name it also takes bodies of the only type, as JSON.
 *
 * @example
 * ingestion(hive, { handlers: { orders: accepting(OrderAccepted, OrderCancelled) }, authorize });
 */
export function accepting(...types: readonly AnyEventType[]): IngestHandler {
  throwProblems(
    types.length > 0 && types.every(isEventType) ? [] : ["accepting takes event types, made with eventType(…)"],
    "The handler cannot be made",
  );
  const known = types as readonly EventType<unknown>[];
  const byName = new Map(known.map((type) => [type.name, type]));
  const only = known.length === 1 ? known[0] : undefined;
  const typeOf = ({ event }: IngestItem): EventType<unknown> | undefined =>
    event ? byName.get(event.eventType) : only;
  return {
    join: ({ items }) => items.length > 0 && items.every(({ event }) => event && byName.has(event.eventType)),
    validate: (request) =>
      request.items.flatMap((item) => {
        const type = typeOf(item);
        if (type) return problemsOf(item, type);
        const problem = `it must be a CloudEvent of the type ${[...byName.keys()].join(" or ")}`;
        return [{ path: item.path, problem }];
      }),
    ingest: ({ items, to }) =>
      items.map((item) => {
        const type = typeOf(item) as EventType<unknown>;
        return item.event ? placed(item.event, type, to) : type.create(item.value);
      }),
  };
}

/** Returns a received CloudEvent with the destination of its type. Its sender has no say in that. */
function placed(event: Event, { name, queueName }: EventType<unknown>, to: IngestRequest["to"]): Event {
  // Ids are unique within one source only: without one, an id from outside could be that of an event of the hive.
  const { source = to === undefined ? "/ingest" : `/ingest/${to}` } = event.properties;
  return event.with({ queueName: queueName ?? `${name}-`, properties: Object.freeze({ ...event.properties, source }) });
}

function problemsOf(item: IngestItem, type: EventType<unknown>): readonly IngestProblem[] {
  const { event, path, value } = item;
  if (value === undefined) return [{ path, problem: "it has no body" }];
  // Readers would decode it: who sends it must not choose how.
  if (event && isCoded(event.contentType)) return [{ path, problem: "its content type is for codecs" }];
  if (event && versionOf(event) !== type.version) return unreadable(event, path, type);
  return type.schema ? checkedItem(item, type.schema).problems : [];
}

/** An event may be of an older version, which its type upcasts. */
function unreadable(event: Event, path: string, type: EventType<unknown>): readonly IngestProblem[] {
  try {
    type.read(event);
    return [];
  } catch (error) {
    if (!isBeeHiveError(error, "BodyUnreadable")) throw error;
    return [{ path, problem: messageOf(error) }];
  }
}
