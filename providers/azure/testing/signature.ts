import { createHmac, timingSafeEqual } from "node:crypto";

/** Returns whether a shared access signature was made with `key`. */
export function isSignedWith(key: string, token: string): boolean {
  // Signed is the resource as written in the token, with its escapes in either case.
  const resource = /\bsr=([^&]*)/.exec(token)?.[1];
  const expiry = /\bse=(\d+)/.exec(token)?.[1];
  const signature = /\bsig=([^&]*)/.exec(token)?.[1];
  if (resource === undefined || expiry === undefined || signature === undefined) return false;
  const expected = createHmac("sha256", key).update(`${resource}\n${expiry}`).digest();
  const given = Buffer.from(decodeURIComponent(signature), "base64");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
