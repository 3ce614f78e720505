import { randomBytes } from "node:crypto";

const prefix = randomBytes(6).toString("base64url");
let count = 0;

/** A text that no process made before: a random prefix for this process and a count. */
export function nextEtag(): string {
  return `${prefix}.${(++count).toString(36)}`;
}
