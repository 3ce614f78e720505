import { createHash } from "node:crypto";

/**
 * The id of a copy of a message: always the same for the same message and purpose, so that a copy made again after a
 * crash is dropped as a duplicate; and another than the message's own, which would be dropped at once.
 */
export function copyId(...of: readonly unknown[]): string {
  const hex = createHash("sha256").update(of.join("\n")).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
