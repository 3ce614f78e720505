import { numberProblems, valueText, wholeNumber } from "../../src/base/numbers.ts";
import { throwProblems } from "../../src/base/problems.ts";
import type { KafkaClient, KafkaPlace } from "./client.ts";

/** A place to seek, or to read from: of all partitions, or an offset by partition. */
export type SeekPlace = "beginning" | "end" | Date | { readonly offsets: Readonly<Record<number, number>> };

/**
 * Returns the offsets of a place, by partition: of all, or of those that it names.
 *
 * @param what the act that needs them, for the error.
 * @throws BeeHiveError `InvalidConfiguration` for an offset that is none.
 */
export async function offsetsAt(
  client: KafkaClient,
  topic: string,
  place: SeekPlace,
  what: string,
): Promise<ReadonlyMap<number, number>> {
  throwProblems(placeProblems(place), `Cannot ${what}`);
  if (typeof place === "string" || place instanceof Date) return await client.offsets(topic, placeOf(place));
  return new Map(Object.entries(place.offsets).map(([partition, offset]) => [Number(partition), offset]));
}

export function placeOf(place: "beginning" | "end" | Date): KafkaPlace {
  return place instanceof Date ? place.getTime() : place;
}

/** Returns whether a value is the beginning, the end or a date. */
export function isPlace(value: unknown): boolean {
  return value === "beginning" || value === "end" || (value instanceof Date && !Number.isNaN(value.getTime()));
}

function placeProblems(place: unknown): string[] {
  if (isPlace(place)) return [];
  const { offsets } = Object(place) as { readonly offsets?: unknown };
  if (typeof offsets !== "object" || offsets === null)
    return [`a place is "beginning", "end", a date or { offsets }, not ${valueText(place)}`];
  return Object.entries(offsets).flatMap(([partition, offset]) => [
    ...numberProblems("a partition", Number(partition), wholeNumber(0)),
    ...numberProblems(`the offset of partition ${partition}`, offset, wholeNumber(0)),
  ]);
}
