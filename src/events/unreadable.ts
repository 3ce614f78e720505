import { createHash } from "node:crypto";
import { isBeeHiveError, BeeHiveError } from "../base/errors.ts";
import { unicodeEscape } from "../base/printable.ts";
import { kindOf, unreadableProperty as property } from "./event-checks.ts";
import { Event, type EventProperty, type EventRecord } from "./event.ts";

const maxReason = 500;

/**
 * Makes an event of a received record. A bad message must not end a poll, nor hold its key.
 *
 * The event of a bad record has all that an event can carry, escapes for the rest, and a reason: {@link assertReadable}
 * then dead-letters it.
 */
export function receivedEvent(record: EventRecord): Event {
  try {
    return Event.fromRecord(record);
  } catch (error) {
    if (!isBeeHiveError(error, "InvalidEvent")) throw error;
    return Event.fromRecord(mended(record, error.message));
  }
}

/** @throws BeeHiveError `InvalidEvent` with the reason if the event comes from a bad record. */
export function assertReadable({ properties }: Event): void {
  const reason = properties[property];
  if (reason === undefined) return;
  throw new BeeHiveError("InvalidEvent", `The message cannot be read. ${reason}`);
}

function mended(record: EventRecord, reason: string): EventRecord {
  const { id, eventType, queueName, body, timestamp } = record;
  const text = (value: unknown): string | undefined => (value === undefined ? undefined : escaped(value));
  return {
    id: header(id),
    eventType: header(eventType),
    queueName,
    timestamp: isTime(timestamp) ? timestamp : 0,
    contentType: text(record.contentType) ?? "application/octet-stream",
    body: typeof body === "string" ? body.toWellFormed() : body instanceof Uint8Array ? body : "",
    url: text(record.url),
    properties: { ...mendedProperties(record.properties), [property]: reason.slice(0, maxReason) },
    correlationId: text(record.correlationId),
    causationId: text(record.causationId),
    partitionKey: text(record.partitionKey),
    delivery: "business",
  };
}

/** Returns an id or type that providers can carry, different for each invalid one. */
function header(text: unknown): string {
  const whole = escaped(text);
  if (whole.length > 0 && whole.length <= 128) return whole;
  return `${whole.slice(0, 80)}~${createHash("sha256").update(whole).digest("hex").slice(0, 40)}`;
}

/** Returns the text with escapes for what cannot travel. Different texts stay different. */
function escaped(value: unknown): string {
  const text = typeof value === "string" ? value : kindOf(value);
  return text.replace(
    // oxlint-disable-next-line no-control-regex -- control characters are what is escaped
    /[\u0000-\u001f\u007f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    unicodeEscape,
  );
}

function mendedProperties(properties: unknown): Record<string, EventProperty> {
  if (typeof properties !== "object" || properties === null) return {};
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]: [string, unknown]) => [
      escaped(name),
      typeof value === "boolean" || Number.isFinite(value) ? (value as EventProperty) : escaped(value),
    ]),
  );
}

function isTime(ms: unknown): boolean {
  return typeof ms === "number" && !Number.isNaN(new Date(ms).getTime());
}
