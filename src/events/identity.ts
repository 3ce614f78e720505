import { hash } from "node:crypto";
import { uuidOf } from "../base/uuid.ts";
import type { Event } from "./event.ts";

/**
 * Returns the identity of an event: its id, or with a `source` a hash of both.
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
