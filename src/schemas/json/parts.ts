/** A JSON Schema, or a part of it. */
export type JsonSchemaDocument = boolean | Readonly<Record<string, unknown>>;

/** A JSON Schema that is an object. */
export type Schema = Readonly<Record<string, unknown>>;

/** Keywords that say nothing about the values that are valid. */
export const annotations: ReadonlySet<string> = new Set([
  "components",
  ...["$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "example", "examples"],
  ...["deprecated", "readOnly", "writeOnly", "contentMediaType", "contentEncoding"],
]);

const allTypes = ["null", "boolean", "integer", "number", "string", "array", "object"] as const;

/** Returns whether a schema is `{ not: {} }`, as which libraries write a value that cannot be. */
export function isNothing({ not }: Schema): boolean {
  return not === true || (typeof not === "object" && not !== null && Object.keys(not).length === 0);
}

export function targetOf(reference: string, root: unknown): unknown {
  if (!reference.startsWith("#")) return undefined;
  const names = reference.slice(1).split("/").slice(1);
  return names.reduce<unknown>((at, name) => {
    const key = decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~");
    return Object.hasOwn(Object(at) as object, key) ? (at as Schema)[key] : undefined;
  }, root);
}

/** Returns the values of a schema that lists them. */
export function valuesOf({ const: constant, enum: values }: Schema): readonly unknown[] | undefined {
  if (constant !== undefined) return [constant];
  return Array.isArray(values) ? values : undefined;
}

/** Returns the schemas of which a writer chooses one; `undefined` for a writer without a choice. */
export function branchesOf(writer: Schema): readonly Schema[] | undefined {
  const { type, anyOf, oneOf, ...rest } = writer;
  const choices = (anyOf ?? oneOf) as readonly unknown[] | undefined;
  if (choices) {
    const common = type === undefined ? rest : { ...rest, type };
    if (Object.keys(common).every((name) => annotations.has(name))) return choices as readonly Schema[];
    return choices.map((choice) => ({ allOf: [common, choice] }));
  }
  return Array.isArray(type) ? type.map((one: unknown) => ({ ...rest, type: one })) : undefined;
}

/** Returns one object schema for several; `undefined` when they are no objects, or name a property twice. */
export function mergedObject(parts: readonly Schema[]): Schema | undefined {
  if (!parts.some((part) => part["type"] === "object")) return undefined;
  const known = new Set(["type", "properties", "required", ...annotations]);
  const merges = parts.every(
    (part) => (part["type"] ?? "object") === "object" && Object.keys(part).every((name) => known.has(name)),
  );
  const names = parts.flatMap((part) => Object.keys(propertiesOf(part)));
  if (!merges || new Set(names).size !== names.length) return undefined;
  return {
    type: "object",
    properties: Object.assign({}, ...parts.map(propertiesOf)) as unknown,
    required: [...new Set(parts.flatMap(requiredOf))],
  };
}

export function typesOf(schema: Schema): readonly string[] {
  const { type } = schema;
  const given = (Array.isArray(type) ? type : [type]) as readonly string[];
  const types = type === undefined ? allTypes : given;
  return types.includes("number") && !types.includes("integer") ? [...types, "integer"] : types;
}

export function typeText(types: readonly string[]): string {
  const named = types.includes("number") ? types.filter((type) => type !== "integer") : types;
  return named.length >= allTypes.length - 1 ? "any type" : named.join(" or ");
}

export function propertiesOf({ properties }: Schema): Schema {
  return (properties ?? {}) as Schema;
}

export function requiredOf({ required }: Schema): readonly string[] {
  return Array.isArray(required) ? (required as readonly string[]) : [];
}

/** Returns the schemas of the first items, and of the rest. */
export function itemsOf({ items, prefixItems, additionalItems }: Schema): {
  readonly first: readonly unknown[];
  readonly rest: unknown;
} {
  if (Array.isArray(prefixItems)) return { first: prefixItems, rest: items ?? true };
  if (Array.isArray(items)) return { first: items, rest: additionalItems ?? true };
  return { first: [], rest: items ?? true };
}
