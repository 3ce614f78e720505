import type { Event } from "../../src/events/event.ts";
import { attributesOf } from "../../src/events/cloud-events.ts";
import type { ProducedRecord } from "./client.ts";

/** How events become records. */
export interface RecordShape {
  readonly topic: string | ((event: Event) => string);
  readonly key: ((event: Event) => string | Uint8Array | undefined) | undefined;
  readonly headers: ((event: Event) => Readonly<Record<string, string>>) | undefined;
}

/** Attributes that are no headers of their own: one has another name, one is of use to the sender alone. */
const left = new Set(["datacontenttype", "beehivequeue"]);

/**
 * Makes the record of an event, as the Kafka protocol binding of CloudEvents says (binary content mode).
 *
 * An event without a body becomes a tombstone.
 */
export function recordOf(event: Event, { topic, key, headers }: RecordShape): ProducedRecord {
  const { body, contentType, properties } = event;
  const chosen = key ? key(event) : event.partitionKey;
  const attributes = Object.entries(attributesOf(event.toRecord()))
    .filter(([name]) => !left.has(name))
    .map(([name, value]) => [`ce_${name}`, String(value)] as const);
  const { traceparent } = properties;
  return {
    topic: typeof topic === "string" ? topic : topic(event),
    key: chosen === undefined ? undefined : bytesOf(chosen),
    value: body.length === 0 ? undefined : bytesOf(body),
    timestamp: event.timestamp.getTime(),
    headers: {
      "content-type": contentType,
      ...Object.fromEntries(attributes),
      ...(typeof traceparent === "string" && { traceparent }),
      ...headers?.(event),
    },
  };
}

function bytesOf(given: string | Uint8Array): Uint8Array {
  return typeof given === "string" ? Buffer.from(given) : given;
}
