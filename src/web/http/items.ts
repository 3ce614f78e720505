import { textIn } from "../../base/bytes.ts";
import { messageOf } from "../../base/error-text.ts";
import { jsonErrorPlace } from "../../base/json-error.ts";
import { fromCloudEvent, fromCloudEventText } from "../../events/cloud-events.ts";
import { printableLine } from "../../base/printable.ts";
import type { Event } from "../../events/event.ts";
import { elementTexts } from "../../events/json-source.ts";
import { binaryEvent } from "./binary-event.ts";
import type { IngestItem } from "./handler.ts";
import { Refusal } from "./refusal.ts";
import { assertHarmless } from "./harmless.ts";

/** The media types of lines of JSON. */
const lineTypes: ReadonlySet<string> = new Set([
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
  "application/x-jsonlines",
]);

/**
 * Returns the values in a body, by its content type.
 *
 * @throws Refusal 400 for what is no JSON, with the place; 422 for what is no CloudEvent; 413 for too many.
 */
export function itemsIn(headers: Headers, bytes: Uint8Array, maxItems: number): readonly IngestItem[] {
  const type = mediaType(headers.get("content-type"));
  const assertFew = ({ length }: readonly unknown[]): void => {
    if (length > maxItems)
      throw new Refusal(413, `The request has ${length} items; send at most ${maxItems} at a time.`);
  };
  if (headers.has("ce-specversion")) return [binaryItem(headers, bytes)];
  if (type === "application/cloudevents+json") return [structured(textOf(bytes), "")];
  if (type === "application/cloudevents-batch+json") {
    const text = textOf(bytes);
    const events = jsonOf(text);
    if (!Array.isArray(events)) throw new Refusal(400, "A batch of CloudEvents is an array.");
    assertFew(events);
    return elementTexts(text).map((one, index) => structured(one, String(index)));
  }
  if (lineTypes.has(type)) {
    const lines = textOf(bytes)
      .split("\n")
      .map((line) => line.trim());
    const kept = lines.flatMap((line, index) => (line === "" ? [] : [{ line, number: index + 1 }]));
    assertFew(kept);
    return kept.map(({ line, number }, index) => item(jsonOf(line, `Line ${number}`, String(index)), String(index)));
  }
  if (isJsonType(type)) {
    const value = jsonOf(textOf(bytes));
    if (!Array.isArray(value)) return [item(value, "")];
    assertFew(value);
    return value.map((one, index) => item(one, String(index)));
  }
  return [item(textIn(bytes) ?? bytes, "")];
}

/**
 * Returns the words that tell why a body was not read as JSON: its content type. `undefined` for one that was.
 *
 * Its sender may not know of the type: `fetch` and curl add one of their own.
 */
export function typeNote(headers: Headers, items: readonly IngestItem[]): string | undefined {
  const type = mediaType(headers.get("content-type"));
  // The data of a binary CloudEvent without a type is JSON.
  const isJson = isJsonType(type) || lineTypes.has(type) || (type === "" && headers.has("ce-specversion"));
  if (isJson) return undefined;
  const [value] = items.length === 1 ? items.map((one) => one.value) : [];
  if (typeof value !== "string" && !(value instanceof Uint8Array)) return undefined;
  const kind = typeof value === "string" ? "text" : "bytes";
  const cause = type === "" ? "it has no content type" : `of its content type, ${printableLine(type.slice(0, 80))}`;
  return (
    `The body was read as ${kind}, because ${cause}. ` +
    "Send JSON with content-type: application/json, a CloudEvent with application/cloudevents+json."
  );
}

function isJsonType(type: string): boolean {
  return type === "application/json" || type.endsWith("+json");
}

/** Returns the media type of a header, without its parameters. */
export function mediaType(contentType: string | null): string {
  return contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function item(value: unknown, path: string, event?: Event): IngestItem {
  return { value, event, path };
}

function structured(text: string, path: string): IngestItem {
  jsonOf(text, "The CloudEvent", path);
  return ofEvent(() => fromCloudEventText(text), path);
}

function binaryItem(headers: Headers, bytes: Uint8Array): IngestItem {
  return ofEvent(() => fromCloudEvent(binaryEvent(headers, bytes)), "");
}

function ofEvent(read: () => Event, path: string): IngestItem {
  try {
    const event = read();
    // An event without data has no value; its handler says whether that is right.
    const value = event.bodySize === 0 ? undefined : event.getBody<unknown>();
    assertHarmless(value, path);
    return item(value, path, event);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(422, "The request holds what is no CloudEvent.", {
      problems: [{ path, problem: messageOf(error) }],
    });
  }
}

function textOf(bytes: Uint8Array): string {
  const text = textIn(bytes);
  if (text === undefined) throw new Refusal(400, "The body is not UTF-8.");
  return text.replace(/^\ufeff/, "");
}

function jsonOf(text: string, what = "The body", at = ""): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The error of JSON.parse quotes the text; bodies do not belong in errors.
    throw new Refusal(400, `${what} is not JSON, wrong ${jsonErrorPlace(text) ?? "somewhere"}.`);
  }
  assertHarmless(value, at);
  return value;
}
