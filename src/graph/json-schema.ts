import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What may hold anything, a `$ref` that is none among it. */
const data = new Set(["const", "enum", "default", "example", "examples"]);

/**
 * The JSON Schema (draft 7) of what is published, where the schema can tell, as those of zod and arktype can; nothing
 * where it cannot. References in it are to where it stands in its document.
 *
 * @param place where it will stand: `#/components/schemas/Order`.
 */
export function jsonSchemaOf(schema: StandardSchemaV1 | undefined, place: string): JsonSchema | undefined {
  if (!canTell(schema)) return undefined;
  try {
    const { $schema: _, ...rest } = schema["~standard"].jsonSchema.input({ target: "draft-07" });
    return moved(rest, place) as JsonSchema;
  } catch {
    // There are types without a JSON Schema, such as dates; libraries say so by throwing.
    return undefined;
  }
}

type Telling = StandardJSONSchemaV1 & StandardSchemaV1;

function canTell(schema: StandardSchemaV1 | undefined): schema is Telling {
  const { jsonSchema } = (schema?.["~standard"] ?? {}) as Partial<Telling["~standard"]>;
  return typeof jsonSchema?.input === "function";
}

function moved(value: unknown, place: string): unknown {
  if (Array.isArray(value)) return value.map((one) => moved(one, place));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]: [string, unknown]) => {
      if (key === "$ref" && typeof one === "string" && one.startsWith("#")) return [key, `${place}${one.slice(1)}`];
      return [key, data.has(key) ? one : moved(one, place)];
    }),
  );
}
