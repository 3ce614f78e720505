import { textIn } from "../../base/bytes.ts";
import { Refusal } from "./refusal.ts";

/** The headers of the attributes that tell how to read the others. */
const prefix = "ce-";

/**
 * Returns the CloudEvent of a request in binary mode: its attributes are headers, its data is the body.
 *
 * @throws Refusal 400 for a header or a body that cannot be read.
 */
export function binaryEvent(headers: Headers, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const attributes: [name: string, value: unknown][] = [];
  for (const [name, value] of headers)
    if (name.startsWith(prefix)) attributes.push([name.slice(prefix.length), attribute(name, value)]);
  const contentType = headers.get("content-type") ?? undefined;
  // Built from entries: an assignment to `__proto__` would change what the object inherits.
  const event = Object.fromEntries(attributes.filter(([name]) => name !== "data" && name !== "data_base64"));
  if (contentType !== undefined) event["datacontenttype"] = contentType;
  if (bytes.byteLength === 0) return event;
  const text = textIn(bytes);
  const isJson = /^application\/(?:.*\+)?json\b/i.test(contentType ?? "application/json");
  if (isJson || text === undefined) event["data_base64"] = Buffer.from(bytes).toString("base64");
  else event["data"] = text;
  return event;
}

/** Values of headers are percent-encoded, by the HTTP binding of CloudEvents. */
function attribute(name: string, value: string): string {
  try {
    return decodeURIComponent(value.replaceAll(/^"(.*)"$/g, "$1"));
  } catch {
    throw new Refusal(400, `The header ${name} is not percent-encoded.`);
  }
}
