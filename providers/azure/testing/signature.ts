import { createHmac, timingSafeEqual } from "node:crypto";

/** Whether a shared access signature was made with `key`. */
export function isSignedWith(key: string, token: string): boolean {
  // What is signed is the resource as it stands in the token, in whichever case its escapes are.
  const resource = /\bsr=([^&]*)/.exec(token)?.[1];
  const expiry = /\bse=(\d+)/.exec(token)?.[1];
  const signature = /\bsig=([^&]*)/.exec(token)?.[1];
  if (resource === undefined || expiry === undefined || signature === undefined) return false;
  const expected = createHmac("sha256", key).update(`${resource}\n${expiry}`).digest();
  const given = Buffer.from(decodeURIComponent(signature), "base64");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
