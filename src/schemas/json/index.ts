/** JSON Schema: bodies stay JSON, and carry the id of their schema. Needs the package `ajv`. */
import { Ajv, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { textIn } from "../../base/bytes.ts";
import { messageOf } from "../../base/error-text.ts";
import { BeeHiveError } from "../../base/errors.ts";
import { jsonErrorPlace } from "../../base/json-error.ts";
import type { CompiledSchema, SchemaFormat } from "../format.ts";
import { parsedSchema } from "../parsed-schema.ts";
import { jsonIncompatibilities } from "./compare.ts";
import type { JsonSchemaDocument } from "./parts.ts";

/**
 * Returns the format of JSON Schema, from draft 7 on. Formats such as `date-time` are not checked.
 *
 * @example
 * schemaCodec({ registry: schemaFolder("schemas"), formats: [jsonSchema()] });
 */
export function jsonSchema(): SchemaFormat {
  return {
    name: "json",
    contentType: "application/json",
    compile: (schema) => compiled(validatorOf(documentOf(schema))),
    incompatibilities(reader, writer, newer) {
      const accepts = (schema: JsonSchemaDocument, value: unknown): boolean => validatorOf(schema)(value);
      return jsonIncompatibilities(documentOf(reader), documentOf(writer), newer, accepts);
    },
  };
}

const options = {
  strict: false,
  validateFormats: false,
  allErrors: true,
  validateSchema: false,
  logger: false,
} as const;

function validatorOf(schema: JsonSchemaDocument): ValidateFunction {
  try {
    if (typeof schema === "boolean") return new Ajv(options).compile(schema);
    // Each schema has a validator of its own: two versions may have the same id.
    const { $id: _, $schema = "", ...rest } = schema;
    return String($schema).includes("2020-12") ? new Ajv2020(options).compile(rest) : new Ajv(options).compile(rest);
  } catch (cause) {
    throw new BeeHiveError("InvalidConfiguration", `A JSON Schema cannot be used: ${messageOf(cause)}.`, { cause });
  }
}

function documentOf(schema: string): JsonSchemaDocument {
  const parsed = parsedSchema(schema, "JSON Schema");
  if (typeof parsed === "boolean" || (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)))
    return parsed as JsonSchemaDocument;
  throw new BeeHiveError("InvalidConfiguration", "A JSON Schema must be an object, true or false.");
}

function compiled(validate: ValidateFunction): CompiledSchema {
  return {
    encode(value) {
      if (!validate(value))
        throw new BeeHiveError("InvalidEvent", `Its schema forbids the body: ${problemsOf(validate)}.`);
      return JSON.stringify(value);
    },
    decode(body) {
      const text = textIn(body);
      if (text === undefined) throw new BeeHiveError("BodyUnreadable", "its bytes are not UTF-8.");
      const place = jsonErrorPlace(text);
      if (place !== undefined) throw new BeeHiveError("BodyUnreadable", `it is not JSON, wrong ${place}.`);
      return text;
    },
  };
}

/** Returns the problems with their paths. The messages of ajv hold no values of the body. */
function problemsOf({ errors }: ValidateFunction): string {
  const texts = (errors ?? []).map(({ instancePath, message = "is wrong", keyword }) => {
    const path = instancePath.slice(1).replaceAll("/", ".");
    return `${path === "" ? "the body" : `\`${path}\``} ${keyword === "const" ? "is another constant" : message}`;
  });
  return [...new Set(texts)].slice(0, 20).join("; ");
}
