import { printable } from "../../base/printable.ts";
import { redact, redactField } from "../../base/redact.ts";
import { isJson } from "../../events/body.ts";
import type { Event } from "../../events/event.ts";
import { indented } from "../../events/json-source.ts";
import type { ShownEvent } from "./wire.ts";

/** Maximum characters of a body: a page shows no megabytes. */
const maxBody = 100_000;

/** Returns an event for the page. It has no body where the operator may not see it. */
export function shownEvent(event: Event, seesBodies: boolean): ShownEvent {
  const { eventType: type, partitionKey: key, correlationId, causationId, contentType } = event;
  const text = seesBodies ? textOf(event) : undefined;
  return {
    id: event.id,
    type,
    time: event.timestamp.getTime(),
    key,
    correlationId,
    causationId,
    contentType,
    properties: safeProperties(event),
    body: text?.slice(0, maxBody),
    cutAt: text !== undefined && text.length > maxBody ? text.length : undefined,
  };
}

/** Returns the body as text: JSON with indents, bytes as base64. */
function textOf(event: Event): string {
  const { body, contentType } = event.shownBody;
  if (typeof body !== "string") return Buffer.from(body).toString("base64");
  return isJson(contentType) ? (indented(body) ?? printable(body)) : printable(body);
}

/** Masks secrets in properties, which may be the headers of a request. */
function safeProperties({ properties }: Event): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]): [string, unknown] => [
      name,
      redactField(name, typeof value === "string" ? redact(value) : value),
    ]),
  );
}
