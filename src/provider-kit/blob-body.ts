import { BeeHiveError } from "../base/errors.ts";
import { kindOf } from "../events/event-checks.ts";
import type { BlobBody } from "../contract/stores.ts";

/**
 * Returns the bytes of a blob's body, texts as UTF-8.
 *
 * @throws BeeHiveError `InvalidItem` for a body other than text, bytes or a stream of them.
 */
export function blobBytes(body: BlobBody): Uint8Array | AsyncIterable<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  if (typeof body === "string") return encoded(body);
  if (isStream(body)) return bytesOf(body);
  throw notBytes("A blob is written", body);
}

async function* bytesOf(stream: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, void, undefined> {
  // The first half of a surrogate pair at the end of a part.
  let half = "";
  for await (const part of stream) {
    if (typeof part !== "string" && !(part instanceof Uint8Array)) throw notBytes("Each part of a blob is", part);
    if (typeof part !== "string") {
      if (half !== "") throw notText();
      yield part;
      continue;
    }
    const text = half + part;
    half = /[\ud800-\udbff]$/.exec(text)?.[0] ?? "";
    yield encoded(text.slice(0, text.length - half.length));
  }
  if (half !== "") throw notText();
}

/** Returns the UTF-8 of a text. Half of a surrogate pair throws: UTF-8 cannot hold it. */
function encoded(text: string): Uint8Array {
  if (!text.isWellFormed()) throw notText();
  return Buffer.from(text);
}

function isStream(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === "object" && body !== null && (Symbol.asyncIterator in body || Symbol.iterator in body);
}

function notBytes(what: string, value: unknown): BeeHiveError {
  return new BeeHiveError(
    "InvalidItem",
    `${what} from text or bytes (a Uint8Array), or from a stream of them; not from ${kindOf(value)}.`,
  );
}

function notText(): BeeHiveError {
  return new BeeHiveError(
    "InvalidItem",
    "A blob cannot be written from text that is not well-formed Unicode: it has half of a surrogate pair. Write bytes.",
  );
}
