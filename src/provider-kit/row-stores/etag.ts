import { randomBytes } from "node:crypto";

const prefix = randomBytes(6).toString("base64url");
let count = 0;

/** Returns a new etag: a random prefix of this process, and a count. */
export function nextEtag(): string {
  return `${prefix}.${(++count).toString(36)}`;
}
