import { promisify } from "node:util";
import {
  brotliCompress,
  brotliCompressSync,
  brotliDecompress,
  brotliDecompressSync,
  gunzip,
  gunzipSync,
  gzip,
  gzipSync,
} from "node:zlib";
import { BeeHiveError } from "../base/errors.ts";
import { checkedNumber, checkedOptions } from "../base/checked-number.ts";
import { wholeNumber } from "../base/numbers.ts";
import type { Codec } from "../contract/codec.ts";
import type { Body } from "../events/body.ts";
import { asTravelled, bytesOf } from "./body-text.ts";
import { plain } from "./plain.ts";

/** The options of {@link compressed}. */
export interface CompressionOptions {
  /** @default "gzip" */
  readonly algorithm?: "gzip" | "br" | undefined;
  /** The size from which bodies are compressed, in bytes. @default 1_024 */
  readonly minBytes?: number | undefined;
  /** The largest body that is decompressed, in bytes: a few kilobytes can hold gigabytes. @default 16_777_216 */
  readonly maxBytes?: number | undefined;
}

const packs = { gzip: promisify(gzip), br: promisify(brotliCompress) } as const;
const packsNow = { gzip: gzipSync, br: brotliCompressSync } as const;
const unpacks = { gzip: promisify(gunzip), br: promisify(brotliDecompress) } as const;
const unpacksNow = { gzip: gunzipSync, br: brotliDecompressSync } as const;

/** Bodies up to this size are worked on at once: to hand them to another thread costs more. */
const maxNow = 32_768;

const suffix = /\+(gzip|br)(?=\s*(?:;|$))/i;

/**
 * Compresses the bodies that another codec encoded. Their content type ends in `+gzip` or `+br`.
 *
 * Reads both algorithms, and bodies that are not compressed: small ones, and those from before.
 *
 * @param inner @default JSON, text and bytes as they are
 * @throws BeeHiveError `InvalidConfiguration` for a wrong option.
 * @example
 * await createHive({ actors, provider, codec: compressed() });
 */
export function compressed(inner: Codec = plain(), options: CompressionOptions = {}): Codec {
  checkedOptions("compressed", options);
  const { algorithm = "gzip" } = options;
  if (!Object.hasOwn(packs, algorithm))
    throw new BeeHiveError("InvalidConfiguration", `compressed: algorithm must be gzip or br, not "${algorithm}".`);
  const minBytes = checkedNumber("compressed", "minBytes", options.minBytes ?? 1_024, wholeNumber(0));
  const maxBytes = checkedNumber("compressed", "maxBytes", options.maxBytes ?? 16_777_216, wholeNumber(1));
  return {
    async encode(body, event) {
      const encoded = await inner.encode(body, event);
      const bytes = bytesOf(encoded);
      if (bytes.byteLength < minBytes) return encoded;
      if (bytes.byteLength > maxBytes)
        throw new BeeHiveError(
          "TooLarge",
          `The body of the event ${event.eventType} ${event.id} has ` +
            `${bytes.byteLength} bytes; readers decompress at most ${maxBytes}. Raise maxBytes of compressed().`,
        );
      const pack = bytes.byteLength > maxNow ? packs[algorithm] : packsNow[algorithm];
      const packed = await pack(bytes);
      if (packed.byteLength >= bytes.byteLength) return encoded;
      const contentType = encoded.contentType.replace(/\s*(;|$)/, `+${algorithm}$1`);
      return { contentType, body: new Uint8Array(packed) };
    },
    async decode(travelling, event) {
      return await inner.decode(await unpacked(travelling, maxBytes), event);
    },
  };
}

async function unpacked(travelling: Body, maxBytes: number): Promise<Body> {
  const algorithm = suffix.exec(travelling.contentType)?.[1]?.toLowerCase();
  if (algorithm !== "gzip" && algorithm !== "br") return travelling;
  const contentType = travelling.contentType.replace(suffix, "");
  let bytes: Uint8Array;
  try {
    const unpack = bytesOf(travelling).byteLength > maxNow ? unpacks[algorithm] : unpacksNow[algorithm];
    bytes = await unpack(bytesOf(travelling), { maxOutputLength: maxBytes });
  } catch (cause) {
    const { code } = cause as { readonly code?: unknown };
    const reason =
      code === "ERR_BUFFER_TOO_LARGE"
        ? `it has more than ${maxBytes} bytes when it is decompressed: raise maxBytes of compressed() to read it`
        : `its bytes are not ${algorithm === "br" ? "brotli" : algorithm}`;
    throw new BeeHiveError("BodyUnreadable", `${reason}.`, { cause });
  }
  return asTravelled(contentType, bytes);
}
