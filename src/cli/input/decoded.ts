import { isUtf8 } from "node:buffer";
import { TextDecoder } from "node:util";
import { UsageError } from "../exit-code.ts";

/**
 * Decodes bytes as text. Bytes that are invalid in the encoding are an error, and never replaced.
 *
 * @param encoding A name of the Encoding Standard, such as `utf-8`, `latin1` or `utf-16le`.
 * @throws UsageError that names the line, counted from 1.
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
    const bytes = Buffer.concat([before, chunk]);
    if (text === undefined) throw wrongEncoding(decoder.encoding, line + countValidLines(bytes));
    line += text.split("\n").length - 1;
    before = unfinishedCharacter(bytes);
    yield text;
  }
  const rest = read(() => decoder.decode());
  if (rest === undefined) throw wrongEncoding(decoder.encoding, line);
  yield rest;
}

function decoderOf(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch {
    throw new UsageError(`--encoding ${encoding}: no such encoding; use for example utf-8, latin1 or utf-16le`);
  }
}

function read(decode: () => string): string | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

/** Returns the number of lines that are UTF-8 before the first that is not. */
function countValidLines(bytes: Uint8Array): number {
  for (let count = 0, start = 0; ; count++) {
    const end = bytes.indexOf(0x0a, start);
    if (end === -1 || !isUtf8(bytes.subarray(start, end))) return count;
    start = end + 1;
  }
}

/** Returns the bytes of an unfinished UTF-8 character at the end. */
function unfinishedCharacter(bytes: Uint8Array): Uint8Array {
  for (let length = 1; length <= Math.min(3, bytes.length); length++) {
    const byte = bytes[bytes.length - length] ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const whole = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    if (length < whole) return bytes.subarray(bytes.length - length);
    break;
  }
  return new Uint8Array();
}

function wrongEncoding(encoding: string, line: number): UsageError {
  const place = encoding === "utf-8" ? `line ${line}: ` : "";
  return new UsageError(`${place}it is not ${encoding.toUpperCase()}; name its encoding, such as --encoding latin1`);
}
