import { printable, printableLine } from "../../base/printable.ts";
import { redact, redactField } from "../../base/redact.ts";
import type { DeadLetter } from "../../contract/dead-letter.ts";
import type { Event } from "../../events/event.ts";

/** Returns a dead letter as JSON, without the body of its event. */
export function letterJson(letter: DeadLetter): Record<string, unknown> {
  const { id: letterId, event, reason, errorName, errorMessage, stack, firstSeen, lastSeen, ...rest } = letter;
  const { body: _, timestamp, enqueueTime, ...record } = event.toRecord();
  return {
    id: event.id,
    letterId,
    reason: redact(reason),
    errorName,
    errorMessage: redact(errorMessage),
    stack: stack === undefined ? undefined : redact(stack),
    ...rest,
    firstSeen: firstSeen.toISOString(),
    lastSeen: lastSeen.toISOString(),
    event: {
      ...record,
      url: event.url === undefined ? undefined : redact(event.url),
      properties: safeProperties(event),
      timestamp: new Date(timestamp).toISOString(),
      enqueueTime: enqueueTime === undefined ? undefined : new Date(enqueueTime).toISOString(),
    },
  };
}

/** Returns the body as text, cut after `maxLength` characters. Bytes are shown as base64. */
export function bodyText(event: Event, maxLength: number): { readonly body: string; readonly cut: number } {
  const shown = event.shownBody.body;
  const text = typeof shown === "string" ? shown : Buffer.from(shown).toString("base64");
  const body = text.slice(0, maxLength);
  return { body, cut: text.length - body.length };
}

/** Masks secrets in properties, which may be the headers of a request. */
function safeProperties({ properties }: Event): Record<string, unknown> {
  const safe = Object.entries(properties).map(([name, value]) => [
    name,
    redactField(name, typeof value === "string" ? redact(value) : value),
  ]);
  return Object.fromEntries(safe) as Record<string, unknown>;
}

/** Returns a dead letter as text for people. */
export function letterText(letter: DeadLetter, maxBody: number): string {
  const { event } = letter;
  const { body, cut } = bodyText(event, maxBody);
  const facts: [string, string | undefined][] = [
    ["letter", printableLine(letter.id)],
    ["event", printableLine(event.id)],
    ["type", printableLine(event.eventType)],
    ["from", letter.subscription],
    ["actor", letter.actor],
    ["happened", event.timestamp.toISOString()],
    ["correlation", event.correlationId && printableLine(event.correlationId)],
    ["causation", event.causationId && printableLine(event.causationId)],
    ["partition key", event.partitionKey && printableLine(event.partitionKey)],
    ["properties", Object.keys(event.properties).length === 0 ? undefined : JSON.stringify(safeProperties(event))],
    ["attempts", `${letter.attempts}, from ${letter.firstSeen.toISOString()} to ${letter.lastSeen.toISOString()}`],
    ["reason", redact(letter.reason)],
    ["error", redact(`${letter.errorName}: ${letter.errorMessage}`)],
  ];
  const lines = facts.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(14)}${value}`]));
  const stack = letter.stack === undefined ? [] : ["", redact(letter.stack)];
  const rest = cut > 0 ? [`(${cut} more characters; --max-body shows them)`] : [];
  return printable([...lines, ...stack, "", `body (${event.contentType})`, body, ...rest].join("\n"));
}
