/** Avro: small binary bodies, and readers that resolve the schema of the writer. Needs the package `avsc`. */
import avsc from "avsc";
import { messageOf } from "../../base/error-text.ts";
import { BeeHiveError } from "../../base/errors.ts";
import type { CompiledSchema, SchemaFormat } from "../format.ts";
import { parsedSchema } from "../parsed-schema.ts";
import { Base64Bytes } from "./base64-bytes.ts";
import { avroIncompatibilities } from "./compare.ts";

/**
 * Returns the format of Avro. `bytes` and `fixed` are base64 in the JSON of a body.
 *
 * A union of several records is written with the name of the type: `{ "shop.Card": { ... } }`.
 *
 * @example
 * schemaCodec({ registry: schemaFolder("schemas"), formats: [avro()] });
 */
export function avro(): SchemaFormat {
  return {
    name: "avro",
    contentType: "application/avro",
    compile: (schema) => new AvroSchema(typeOf(schema)),
    incompatibilities: (reader, writer, newer) =>
      avroIncompatibilities(parsedSchema(reader, "Avro schema"), parsedSchema(writer, "Avro schema"), newer),
  };
}

function typeOf(schema: string): avsc.Type {
  const parsed = parsedSchema(schema, "Avro schema") as avsc.Schema;
  try {
    return avsc.Type.forSchema(parsed, { typeHook: Base64Bytes.hook() });
  } catch (cause) {
    throw new BeeHiveError("InvalidConfiguration", `An Avro schema cannot be used: ${messageOf(cause)}.`, { cause });
  }
}

class AvroSchema implements CompiledSchema {
  readonly #type: avsc.Type;
  readonly #resolvers = new WeakMap<AvroSchema, avsc.Resolver>();

  constructor(type: avsc.Type) {
    this.#type = type;
  }

  encode(value: unknown): Uint8Array {
    const problems: string[] = [];
    // The values of a body do not belong in errors.
    const errorHook = (path: string[], found: unknown, type: avsc.Type): void => {
      const unknown = undeclared(found, type);
      if (unknown.length === 0) problems.push(`${placeOf(path)} is no ${textOf(type)}`);
      for (const name of unknown) problems.push(`${placeOf([...path, name])} is not in it`);
    };
    if (!this.#type.isValid(value, { errorHook, noUndeclaredFields: true }))
      throw new BeeHiveError("InvalidEvent", `Its schema forbids the body: ${problems.slice(0, 20).join("; ")}.`);
    return new Uint8Array(this.#type.toBuffer(value));
  }

  decode(body: Uint8Array, reader: CompiledSchema = this): string {
    const to = reader instanceof AvroSchema ? reader : this;
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const resolver = to === this ? undefined : this.#resolverOf(to);
    try {
      return JSON.stringify(to.#type.fromBuffer(bytes, resolver));
    } catch {
      // The errors of avsc quote values.
      throw new BeeHiveError("BodyUnreadable", "its bytes are not of its schema.");
    }
  }

  #resolverOf(reader: AvroSchema): avsc.Resolver {
    const known = this.#resolvers.get(reader);
    if (known) return known;
    try {
      const made = reader.#type.createResolver(this.#type);
      this.#resolvers.set(reader, made);
      return made;
    } catch (cause) {
      throw new BeeHiveError("BodyUnreadable", `this code cannot read its schema: ${messageOf(cause)}.`, { cause });
    }
  }
}

function placeOf(path: readonly string[]): string {
  return path.length === 0 ? "the body" : `\`${path.join(".")}\``;
}

/** Returns the fields of a record that its type does not have. */
function undeclared(value: unknown, type: avsc.Type): readonly string[] {
  if (!(type instanceof avsc.types.RecordType) || typeof value !== "object" || value === null) return [];
  const known = new Set(type.fields.map(({ name }) => name));
  return Object.keys(value).filter((name) => !known.has(name));
}

function textOf(type: avsc.Type): string {
  if (type.typeName.startsWith("union")) return "value of its union";
  return type.typeName.startsWith("logical") ? "base64" : (type.branchName ?? type.typeName);
}
