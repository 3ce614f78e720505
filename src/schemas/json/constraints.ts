import { isDeepStrictEqual } from "node:util";

type Schema = Readonly<Record<string, unknown>>;

/** Returns how a reader limits numbers more than a writer does, in words. */
export function valueProblems(reader: Schema, writer: Schema): readonly string[] {
  const lower = atLeast(writer, "minimum", "exclusiveMinimum");
  const upper = atLeast(negated(writer), "maximum", "exclusiveMaximum");
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = reader;
  const bounds: readonly (readonly [name: string, limit: unknown, holds: boolean])[] = [
    ["minimum", minimum, lower.value >= Number(minimum)],
    ["exclusiveMinimum", exclusiveMinimum, isAbove(lower, Number(exclusiveMinimum))],
    ["maximum", maximum, upper.value >= -Number(maximum)],
    ["exclusiveMaximum", exclusiveMaximum, isAbove(upper, -Number(exclusiveMaximum))],
  ];
  const isMultiple = multipleOf === undefined || writer["multipleOf"] === multipleOf;
  return [
    ...bounds.flatMap(([name, limit, holds]) => (limit === undefined || holds ? [] : [limited(name, limit)])),
    ...(isMultiple ? [] : [limited("multipleOf", multipleOf)]),
  ];
}

/** Returns how a reader limits texts more than a writer does, in words. */
export function stringProblems(reader: Schema, writer: Schema): readonly string[] {
  const same = (["format", "pattern"] as const).filter(
    (name) => reader[name] !== undefined && reader[name] !== writer[name],
  );
  return [...bounded(reader, writer, "minLength", "maxLength"), ...same.map((name) => limited(name, reader[name]))];
}

/** Returns how a reader limits the lengths of arrays more than a writer does, in words. */
export function lengthProblems(reader: Schema, writer: Schema): readonly string[] {
  const unique = reader["uniqueItems"] === true && writer["uniqueItems"] !== true;
  return [...bounded(reader, writer, "minItems", "maxItems"), ...(unique ? [limited("uniqueItems", true)] : [])];
}

function bounded(reader: Schema, writer: Schema, min: string, max: string): readonly string[] {
  const least = Number(reader[min] ?? 0);
  const most = Number(reader[max] ?? Infinity);
  return [
    ...(Number(writer[min] ?? 0) < least ? [limited(min, least)] : []),
    ...(Number(writer[max] ?? Infinity) > most ? [limited(max, most)] : []),
  ];
}

interface Bound {
  readonly value: number;
  readonly isExclusive: boolean;
}

/** Returns the lower bound of a schema. */
function atLeast(schema: Schema, inclusive: string, exclusive: string): Bound {
  const closed = Number(schema[inclusive] ?? -Infinity);
  const open = Number(schema[exclusive] ?? -Infinity);
  return open >= closed ? { value: open, isExclusive: open > -Infinity } : { value: closed, isExclusive: false };
}

function isAbove({ value, isExclusive }: Bound, limit: number): boolean {
  return value > limit || (value === limit && isExclusive);
}

/** Returns the upper bounds as lower bounds, with the other sign. */
function negated({ maximum, exclusiveMaximum }: Schema): Schema {
  return {
    ...(maximum !== undefined && { maximum: -Number(maximum) }),
    ...(exclusiveMaximum !== undefined && { exclusiveMaximum: -Number(exclusiveMaximum) }),
  };
}

function limited(name: string, limit: unknown): string {
  return `has the limit ${name} ${isDeepStrictEqual(limit, true) ? "" : JSON.stringify(limit)}`.trimEnd();
}
