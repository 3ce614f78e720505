import { createFileRegistry, fromBinary, type DescMessage, type Registry } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { messageOf } from "../../base/error-text.ts";
import { BeeHiveError } from "../../base/errors.ts";

/** The message of a schema, and the types that it uses. */
export interface Message {
  readonly message: DescMessage;
  readonly registry: Registry;
}

/** Returns the first message of the last file. @throws BeeHiveError `InvalidConfiguration` for no descriptor set. */
export function messageIn(schema: string): Message {
  try {
    const set = fromBinary(FileDescriptorSetSchema, Buffer.from(schema, "base64"));
    const registry = createFileRegistry(set);
    const message = registry.getFile(set.file.at(-1)?.name ?? "")?.messages[0];
    if (message) return { message, registry };
  } catch (cause) {
    throw new BeeHiveError("InvalidConfiguration", `A Protobuf schema is no descriptor set: ${messageOf(cause)}.`, {
      cause,
    });
  }
  throw new BeeHiveError("InvalidConfiguration", "The last file of a Protobuf schema has no message.");
}
