import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeStream } from "node:stream/web";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { Clock } from "../../base/clock.ts";
import { Refusal, unread } from "./refusal.ts";

/** The limits of a body. */
export interface BodyLimits {
  /** The most bytes, as sent and decompressed. */
  readonly maxBytes: number;
  /** The longest time to send it, in ms. */
  readonly timeMs: number;
  readonly clock: Clock;
}

const decoders: ReadonlyMap<string, (() => Transform) | undefined> = new Map([
  ["identity", undefined],
  ["", undefined],
  ["gzip", () => createGunzip()],
  ["x-gzip", () => createGunzip()],
  ["deflate", () => createInflate()],
  ["br", () => createBrotliDecompress()],
]);

/**
 * Reads a body, decompressed. Stops at the first byte over the limit: a bomb does not unfold.
 *
 * @throws Refusal 413, 415, 408 for a body that comes too slowly, 400 for broken compression.
 */
export async function readBody(request: Request, { maxBytes, timeMs, clock }: BodyLimits): Promise<Uint8Array> {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  if (!decoders.has(encoding)) throw unread(415, "The content-encoding is unknown; use gzip, deflate or br, or none.");
  const tooLarge = (): Refusal => unread(413, `The body is larger than ${maxBytes} bytes. Send less at a time.`);
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
  if (!request.body) return new Uint8Array();
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.byteLength;
      if (size > maxBytes) throw tooLarge();
      yield chunk;
    }
  };
  const parts: Uint8Array[] = [];
  const collect = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of counted(chunks)) parts.push(chunk);
  };
  const over = new AbortController();
  const timer = clock.after(timeMs, () => over.abort());
  try {
    const [sent, decoder] = [Readable.fromWeb(request.body as NodeStream<Uint8Array>), decoders.get(encoding)];
    if (decoder) await pipeline(sent, counted, decoder(), collect, { signal: over.signal });
    else await pipeline(sent, collect, { signal: over.signal });
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (over.signal.aborted) throw unread(408, `The body did not come within ${timeMs} ms.`);
    if (request.signal.aborted) throw unread(400, "The client ended the request.");
    throw unread(400, decoders.get(encoding) ? `The body is not ${encoding}.` : "The body cannot be read.");
  } finally {
    timer.cancel();
  }
  return Buffer.concat(parts);
}
