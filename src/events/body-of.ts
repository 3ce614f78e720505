import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Received } from "../base/json-value.ts";

const typeAlone: StandardSchemaV1 = {
  "~standard": { version: 1, vendor: "beehive-actors", validate: (value) => ({ value }) },
};

/**
 * Declares the body of an event type by a TypeScript type alone.
 *
 * Nothing is checked when the program runs. `eventType<Order>("OrderAccepted")` does the same, but hides the name of the
 * type from the compiler, which then tells types apart by their bodies alone.
 *
 * @example
 * const SeatHeld = eventType("SeatHeld", bodyOf<{ id: string }>());
 * const SeatReleased = eventType("SeatReleased", bodyOf<{ id: string }>());
 */
export function bodyOf<Body>(): StandardSchemaV1<Body, Received<Body>> {
  return typeAlone as StandardSchemaV1<Body, Received<Body>>;
}

/** Returns whether a schema is that of {@link bodyOf}, which checks nothing. */
export function isTypeAlone(schema: unknown): boolean {
  const { vendor } = (schema as StandardSchemaV1 | undefined)?.["~standard"] ?? {};
  return vendor === typeAlone["~standard"].vendor;
}
