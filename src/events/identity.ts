import { hash } from "node:crypto";
import type { Event } from "./event.ts";

/**
 * Returns a unique name of an event: its id; with a `source`, a hash of the source and the id.
 *
 * CloudEvents ids are unique within one source only. Use the identity as an idempotency key.
 *
 * @example
 * await stock.increment("Shop", sku, -1, { once: identityOf(event) });
 */
export function identityOf({ id, properties }: Pick<Event, "id" | "properties">): string {
  const source = properties["source"];
  if (typeof source !== "string" || source === "") return id;
  // JSON separates the two unambiguously.
  return uuidOf(hash("sha256", JSON.stringify([source, id]), "hex"));
}

/**
 * Returns the first 16 bytes of a hash as a UUID of version 8, the version for custom ids (RFC 9562).
 *
 * V8 copies its short parts, so that a remembered id does not keep the whole hash alive.
 */
export function uuidOf(hex: string): string {
  const variant = "89ab"[Number.parseInt(hex.charAt(16), 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
