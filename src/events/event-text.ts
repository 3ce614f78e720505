import { isJson } from "./body.ts";
import type { EventRecord } from "./event-record.ts";

/** An event as `JSON.stringify` writes it: times as ISO texts, a JSON body as a value. */
export type PlainEvent = Omit<EventRecord, "timestamp" | "enqueueTime" | "body"> & {
  readonly timestamp: string;
  readonly enqueueTime?: string | undefined;
  /** JSON as a value, other text as it is. */
  readonly body?: unknown;
  /** The body if it is bytes. */
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
    // A body that is not JSON is shown as text.
    return body;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** The shown part of an event: all but its body. */
interface Shown extends Omit<EventRecord, "timestamp" | "enqueueTime" | "body"> {
  readonly timestamp: Date;
  readonly enqueueTime?: Date | undefined;
  readonly byReference: boolean;
  readonly bodySize: number;
}

/** Returns the text of an event for `console.log`, without its body. */
export function inspected(
  this: Shown,
  _depth: number,
  options: object,
  inspect: (value: unknown, options: object) => string,
): string {
  const { id, queueName, timestamp, enqueueTime, contentType, url, byReference, delivery } = this;
  const { partitionKey, correlationId, causationId, properties = {} } = this;
  const all = {
    id,
    queueName,
    timestamp,
    enqueueTime,
    contentType,
    // A shared body has no size before it is serialised.
    ...(byReference ? { byReference } : { bodySize: this.bodySize }),
    url,
    partitionKey,
    correlationId,
    causationId,
    delivery: delivery === "log" ? delivery : undefined,
    properties: Object.keys(properties).length === 0 ? undefined : properties,
  };
  const shown = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return `Event ${this.eventType} ${inspect(shown, options)}`;
}
