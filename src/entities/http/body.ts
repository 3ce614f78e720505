import { BeeHiveError } from "../../base/errors.ts";
import { jsonErrorPlace } from "../../base/json-error.ts";

/** A body that is refused before it is read as an entity, with its status. */
export class RefusedBody extends BeeHiveError {
  readonly status: 400 | 413 | 415;

  constructor(status: 400 | 413 | 415, message: string) {
    super("InvalidEvent", message);
    this.status = status;
  }
}

/** Deeper values than any entity has: reading them would fill the stack. */
const maxDepth = 100;

/**
 * Returns the JSON of a request.
 *
 * A form of another site cannot send this media type, so that a browser asks before it sends one from there.
 *
 * @throws RefusedBody for another media type, too many bytes, or a text that is not JSON.
 */
export async function bodyOf(
  request: Request,
  maxBytes: number,
  mediaTypes: readonly string[] = ["application/json"],
): Promise<unknown> {
  const given = (request.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (!mediaTypes.includes(given ?? "")) throw new RefusedBody(415, `The body must be ${mediaTypes.join(" or ")}.`);
  const text = new TextDecoder().decode(await bytesOf(request, maxBytes));
  if (depthOf(text) > maxDepth) throw new RefusedBody(400, `The body is nested deeper than ${maxDepth} levels.`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The error of JSON.parse quotes the text.
    throw new RefusedBody(400, `The body is not JSON, wrong ${jsonErrorPlace(text) ?? "somewhere"}.`);
  }
}

async function bytesOf(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = (): RefusedBody => new RefusedBody(413, `The body is longer than ${maxBytes} bytes.`);
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body ?? []) {
    size += part.byteLength;
    if (size > maxBytes) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Returns how deep a JSON text is nested, without reading it. */
function depthOf(text: string): number {
  let [depth, deepest, inText] = [0, 0, false];
  for (let n = 0; n < text.length; n++) {
    const character = text[n];
    if (inText) {
      if (character === "\\") n++;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === "{" || character === "[") deepest = Math.max(deepest, ++depth);
    else if (character === "}" || character === "]") depth--;
  }
  return deepest;
}
