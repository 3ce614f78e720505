import { isJson } from "../events/body.ts";
import type { Event, EventProperty } from "../events/event.ts";

/** What a test means when it says that two events are equal: all but ids, times, and what traces them. */
export interface EventFacts {
  readonly eventType: string;
  readonly queueName: string;
  readonly body: unknown;
  readonly contentType?: string;
  readonly partitionKey?: string;
  readonly properties?: Readonly<Record<string, EventProperty>>;
  readonly url?: string;
  readonly delivery?: "log";
}

/** The facts of an event; those that are as usual are left out, so that a difference is easy to read. */
export function factsOf(event: Event): EventFacts {
  const { eventType, queueName, contentType, partitionKey, url } = event;
  const { traceparent: _parent, tracestate: _state, ...properties } = event.properties;
  return {
    eventType,
    queueName,
    body: event.body.length === 0 || !isJson(contentType) ? event.body : event.getBody(),
    ...(contentType === "application/json" ? {} : { contentType }),
    ...(partitionKey === undefined ? {} : { partitionKey }),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(url === undefined ? {} : { url }),
    ...(event.delivery === "log" ? { delivery: event.delivery } : {}),
  };
}
