import { isJson } from "./body.ts";
import type { Event, EventRecord } from "./event.ts";

/** An event as `JSON.stringify` writes it: times as ISO texts, the body as a value where it is JSON. */
export type PlainEvent = Omit<EventRecord, "timestamp" | "enqueueTime" | "body"> & {
  readonly timestamp: string;
  readonly enqueueTime?: string | undefined;
  /** JSON as a value, other text as it is. */
  readonly body?: unknown;
  /** In place of the body when that is bytes. */
  readonly bodyBase64?: string | undefined;
};

export function plainEvent({ timestamp, enqueueTime, body, ...rest }: EventRecord): PlainEvent {
  return {
    ...rest,
    timestamp: new Date(timestamp).toISOString(),
    enqueueTime: enqueueTime === undefined ? undefined : new Date(enqueueTime).toISOString(),
    ...(typeof body === "string" ? { body: valueOf(body, rest.contentType) } : { bodyBase64: base64(body) }),
  };
}

function valueOf(body: string, contentType: string): unknown {
  if (body === "") return undefined;
  if (!isJson(contentType)) return body;
  try {
    return JSON.parse(body);
  } catch {
    // A body that is not the JSON it claims to be is shown as it is.
    return body;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** The event in a line or a few for people, without its body. */
export function eventText(event: Event, inspect: (value: unknown) => string): string {
  const { id, queueName, timestamp, contentType, url, enqueueTime, delivery } = event;
  const { correlationId, causationId, partitionKey, properties } = event;
  const all: Readonly<Record<string, unknown>> = {
    id,
    queueName,
    timestamp,
    enqueueTime,
    contentType,
    bodySize: event.byReference ? undefined : event.bodySize,
    byReference: event.byReference || undefined,
    url,
    partitionKey,
    correlationId,
    causationId,
    delivery: delivery === "log" ? delivery : undefined,
    properties: Object.keys(properties).length === 0 ? undefined : properties,
  };
  const told = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return `Event ${event.eventType} ${inspect(told)}`;
}
