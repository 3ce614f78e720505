import type * as Jose from "jose";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError, isBeeHiveError } from "../base/errors.ts";
import type { Codec, CodecEvent } from "../contract/codec.ts";
import { isEncrypted, type Body } from "../events/body.ts";
import { asTravelled, bytesOf } from "./body-text.ts";
import { peerPackage } from "./peer-package.ts";
import { plain } from "./plain.ts";

/** A key of 32 bytes, as bytes or as base64. */
export type EncryptionKey = Uint8Array | string;

/** The options of {@link encrypted}. */
export interface EncryptionOptions {
  /** The id of the key that encrypts: the newest, or that of the person whom the event is about. */
  readonly key: string | ((event: CodecEvent) => string);
  /**
   * The keys by their ids, or a function that finds one. Keep old keys for as long as their events are kept.
   *
   * `undefined` stands for a key that was thrown away.
   */
  readonly keys:
    | Readonly<Record<string, EncryptionKey>>
    | ((id: string) => EncryptionKey | undefined | Promise<EncryptionKey | undefined>);
}

const contentType = "application/jose";
const algorithms = { alg: "dir", enc: "A256GCM" } as const;

/**
 * Encrypts the bodies that another codec encoded, as JWE (RFC 7516: `dir`, `A256GCM`) with the id of the key.
 *
 * Needs the package `jose`. Reads bodies that are not encrypted as they are, so that it can be added later.
 *
 * @param inner @default JSON, text and bytes as they are
 * @throws BeeHiveError `InvalidConfiguration` for missing keys.
 * @example
 * encrypted(compressed(), { key: "2026-01", keys: { "2026-01": process.env.KEY_2026_01 ?? "" } });
 */
export function encrypted(inner: Codec = plain(), options: EncryptionOptions): Codec {
  const { key, keys } = options ?? {};
  if ((typeof key !== "string" && typeof key !== "function") || keys === undefined || keys === null)
    throw new BeeHiveError("InvalidConfiguration", "encrypted: give the id of a key, and the keys: { key, keys }.");
  if (typeof keys === "object") for (const [id, one] of Object.entries(keys)) checkedKey(id, one);
  const find = async (id: string): Promise<Uint8Array | undefined> => {
    const found = typeof keys === "function" ? await keys(id) : Object.hasOwn(keys, id) ? keys[id] : undefined;
    return found === undefined ? undefined : checkedKey(id, found);
  };
  return {
    async encode(body, event) {
      const encoded = await inner.encode(body, event);
      const id = typeof key === "function" ? key(event) : key;
      const secret = await find(id);
      if (!secret)
        throw new BeeHiveError(
          "InvalidEvent",
          `The event ${event.eventType} ${event.id} cannot be encrypted: there is no key "${id}".`,
        );
      return { contentType, body: await sealed(encoded, id, secret) };
    },
    async decode(travelling, event) {
      if (!isEncrypted(travelling.contentType)) return await inner.decode(travelling, event);
      return await inner.decode(await opened(travelling, find), event);
    },
  };
}

async function sealed(encoded: Body, kid: string, key: Uint8Array): Promise<string> {
  const { CompactEncrypt } = await jose();
  return await new CompactEncrypt(bytesOf(encoded))
    .setProtectedHeader({ ...algorithms, kid, cty: encoded.contentType })
    .encrypt(key);
}

async function opened(travelling: Body, find: (id: string) => Promise<Uint8Array | undefined>): Promise<Body> {
  const { compactDecrypt } = await jose();
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(
      bytesOf(travelling),
      async ({ kid }) => {
        const key = kid === undefined ? undefined : await find(kid);
        if (key) return key;
        throw unreadable(kid === undefined ? "it names no key" : `there is no key "${kid}"; it may be erased`);
      },
      { keyManagementAlgorithms: [algorithms.alg], contentEncryptionAlgorithms: [algorithms.enc] },
    );
    return asTravelled(protectedHeader.cty ?? "application/json", plaintext);
  } catch (cause) {
    // The errors of the key function may pass, such as those of a vault.
    if (isBeeHiveError(cause)) throw cause;
    const { code } = cause as { readonly code?: unknown };
    if (typeof code !== "string" || !code.startsWith("ERR_J")) throw unavailable(cause);
    throw unreadable("its key is another, or its bytes were changed", cause);
  }
}

function checkedKey(id: string, key: EncryptionKey): Uint8Array {
  const bytes = typeof key === "string" ? Buffer.from(key, "base64") : key;
  if (bytes.byteLength === 32) return bytes;
  throw new BeeHiveError(
    "InvalidConfiguration",
    `encrypted: the key "${id}" has ${bytes.byteLength} bytes; A256GCM takes 32. Make one with: openssl rand -base64 32`,
  );
}

function unreadable(reason: string, cause?: unknown): BeeHiveError {
  return new BeeHiveError("BodyUnreadable", `${reason}.`, { cause });
}

function unavailable(cause: unknown): BeeHiveError {
  return new BeeHiveError("Unavailable", `The keys cannot be read: ${messageOf(cause)}.`, { cause });
}

function jose(): Promise<typeof Jose> {
  return peerPackage("encrypted", "jose", () => import("jose"));
}
