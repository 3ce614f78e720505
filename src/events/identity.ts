import { hash } from "node:crypto";
import type { Event } from "./event.ts";

/**
 * Names an event among all events: its id, and for an event with a `source` a hash of the source and the id.
 *
 * CloudEvents ids are unique within one source only, so two producers may both send a "1". Use the identity wherever
 * the same event must be known again, as for the idempotency key of a counter:
 *
 * ```ts
 * await stock.increment("Shop", sku, -1, { once: identityOf(event) });
 * ```
 */
export function identityOf({ id, properties }: Pick<Event, "id" | "properties">): string {
  const source = properties["source"];
  if (typeof source !== "string" || source === "") return id;
  // JSON keeps the two apart.
  return uuidOf(hash("sha256", JSON.stringify([source, id]), "hex"));
}

/**
 * The first 16 bytes of a hash as a UUID of version 8, the one for ids made by a rule of one's own (RFC 9562). Its parts
 * are too short to be views of the hash, which would keep all of it alive for as long as the id is remembered.
 */
export function uuidOf(hex: string): string {
  const variant = "89ab"[Number.parseInt(hex.charAt(16), 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
