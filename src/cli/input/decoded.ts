import { isUtf8 } from "node:buffer";
import { TextDecoder } from "node:util";
import { UsageError } from "../exit-code.ts";

/**
 * The text that bytes are. Nothing is replaced: bytes that are no text of the encoding end it with an error.
 *
 * @param encoding a name of the Encoding Standard, such as `utf-8`, `latin1` or `utf-16le`.
 * @throws UsageError that names the line, from 1.
 */
export async function* decoded(
  chunks: AsyncIterable<Uint8Array>,
  encoding: string,
): AsyncGenerator<string, void, undefined> {
  const decoder = decoderOf(encoding);
  let line = 1;
  let before: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    const text = read(() => decoder.decode(chunk, { stream: true }));
    if (text === undefined) throw notThat(decoder.encoding, line + goodLines(before, chunk));
    line += text.split("\n").length - 1;
    before = chunk;
    yield text;
  }
  const rest = read(() => decoder.decode());
  if (rest === undefined) throw notThat(decoder.encoding, line);
  yield rest;
}

function decoderOf(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch {
    throw new UsageError(`--encoding ${encoding}: no such encoding; use utf-8, latin1 or utf-16le, for instance`);
  }
}

function read(decode: () => string): string | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

/** How many lines of a chunk are UTF-8 before the first that is not; a character may have begun in the chunk before. */
function goodLines(before: Uint8Array, chunk: Uint8Array): number {
  for (let count = 0, start = 0; ; count++) {
    const end = chunk.indexOf(0x0a, start);
    const line = chunk.subarray(start, end === -1 ? undefined : end);
    const begun = count > 0 ? [0] : [0, 1, 2, 3];
    const good = begun.some((bytes) => isUtf8(Buffer.concat([before.subarray(before.length - bytes), line])));
    if (end === -1 || !good) return count;
    start = end + 1;
  }
}

function notThat(encoding: string, line: number): UsageError {
  const place = encoding === "utf-8" ? `line ${line}: ` : "";
  return new UsageError(`${place}it is not ${encoding.toUpperCase()}; name its encoding, such as --encoding latin1`);
}
