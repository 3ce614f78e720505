import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Keywords whose values are data: a `$ref` in them is no reference. */
const data = new Set(["const", "enum", "default", "example", "examples"]);

/**
 * Returns the JSON Schema (draft 7) of an event; `undefined` if its library, unlike zod, has none.
 *
 * @param place The place of the schema in its document, for references: `#/components/schemas/Order`.
 */
export function jsonSchemaOf(schema: StandardSchemaV1 | undefined, place: string): JsonSchema | undefined {
  if (!canTell(schema)) return undefined;
  try {
    const { $schema: _, ...rest } = schema["~standard"].jsonSchema.input({ target: "draft-07" });
    return moved(rest, place);
  } catch {
    // Libraries throw for types without a JSON Schema, such as dates.
    return undefined;
  }
}

type Telling = StandardJSONSchemaV1 & StandardSchemaV1;

function canTell(schema: StandardSchemaV1 | undefined): schema is Telling {
  const { jsonSchema } = (schema?.["~standard"] ?? {}) as Partial<Telling["~standard"]>;
  return typeof jsonSchema?.input === "function";
}

/** Returns whether a schema of a document is JSON Schema, and none of another format. */
export function isJsonSchema(schema: JsonSchema): boolean {
  return !("schemaFormat" in schema);
}

/** Returns a schema whose references lead to its place in a document. One of another format stays as it is. */
export function moved(schema: JsonSchema, place: string): JsonSchema {
  return isJsonSchema(schema) ? (movedPart(schema, place) as JsonSchema) : schema;
}

function movedPart(value: unknown, place: string): unknown {
  if (Array.isArray(value)) return value.map((one) => movedPart(one, place));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]: [string, unknown]) => {
      if (key === "$ref" && typeof one === "string" && one.startsWith("#")) return [key, `${place}${one.slice(1)}`];
      return [key, data.has(key) ? one : movedPart(one, place)];
    }),
  );
}
