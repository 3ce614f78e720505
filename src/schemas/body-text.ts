import { copyOf, textIn } from "../base/bytes.ts";
import { isJson, type Body } from "../events/body.ts";

/** Returns a body as bytes, text as UTF-8. */
export function bytesOf({ body }: Body): Uint8Array {
  return typeof body === "string" ? Buffer.from(body) : body;
}

/** Returns bytes as the body of a content type: text for JSON and other text, else bytes. */
export function asTravelled(contentType: string, bytes: Uint8Array): Body {
  const text = isJson(contentType) || /^text\/|[+/]xml\b|charset=/i.test(contentType) ? textIn(bytes) : undefined;
  return { contentType, body: text ?? copyOf(bytes) };
}
