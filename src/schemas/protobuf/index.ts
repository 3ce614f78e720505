/** Protobuf: small binary bodies, told apart by the numbers of their fields. Needs the package `@bufbuild/protobuf`. */
import {
  fromBinary,
  fromJson,
  toBinary,
  toJson,
  type DescMessage,
  type JsonValue,
  type Registry,
} from "@bufbuild/protobuf";
import { messageOf } from "../../base/error-text.ts";
import { BeeHiveError } from "../../base/errors.ts";
import type { CompiledSchema, SchemaFormat } from "../format.ts";
import { protobufIncompatibilities } from "./compare.ts";
import { messageIn, type Message } from "./message-in.ts";

/**
 * Returns the format of Protobuf. A body is the JSON of Protobuf: `int64` as a text, `bytes` as base64.
 *
 * A schema is a descriptor set, as `buf build -o 1.binpb` and `protoc --descriptor_set_out --include_imports` write it.
 * The body is the first message of its last file.
 *
 * @example
 * schemaCodec({ registry: schemaFolder("schemas"), formats: [protobuf()] });
 */
export function protobuf(): SchemaFormat {
  return {
    name: "protobuf",
    contentType: "application/protobuf",
    compile: (schema) => new ProtobufSchema(messageIn(schema)),
    incompatibilities: (reader, writer, newer) =>
      protobufIncompatibilities(messageIn(reader).message, messageIn(writer).message, newer),
  };
}

class ProtobufSchema implements CompiledSchema {
  readonly #message: DescMessage;
  readonly #registry: Registry;

  constructor({ message, registry }: Message) {
    this.#message = message;
    this.#registry = registry;
  }

  encode(value: unknown): Uint8Array {
    try {
      return toBinary(this.#message, fromJson(this.#message, value as JsonValue, { registry: this.#registry }));
    } catch (cause) {
      throw new BeeHiveError("InvalidEvent", `Its schema forbids the body: ${withoutValues(messageOf(cause))}.`);
    }
  }

  /** Fields have their names from the reader; those that it does not know are left out. */
  decode(body: Uint8Array, reader: CompiledSchema = this): string {
    const to = reader instanceof ProtobufSchema ? reader : this;
    try {
      const json = toJson(to.#message, fromBinary(to.#message, body), { registry: to.#registry });
      return JSON.stringify(json);
    } catch (cause) {
      throw new BeeHiveError("BodyUnreadable", "its bytes are not of its schema.", { cause });
    }
  }
}

/** Leaves out what follows a colon, where the library quotes the value. */
function withoutValues(message: string): string {
  return message.split(": ", 1)[0] ?? "";
}
