import { BeeHiveError } from "../base/errors.ts";
import { formatNames, type FormatName } from "./format.ts";

/*
 * The wire format of Confluent: a zero, the id of the schema in four bytes, for Protobuf the indexes of the message,
 * and the body. Readers and writers in other languages understand it.
 */

const prefix = "application/vnd.confluent.";

/** Returns the content type of framed bodies. */
export function framedType(format: FormatName): string {
  return `${prefix}${format}`;
}

/** Returns the format of a framed body by its content type; `undefined` for one that is not framed. */
export function framedFormat(contentType: string): FormatName | undefined {
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase();
  return formatNames.find((format) => type === framedType(format));
}

/** The indexes of the first message of a file, as Confluent writes them: a single zero. */
const firstMessage = Buffer.from([0]);

/** Returns a body behind the id of its schema. */
export function framed(format: FormatName, id: string, body: Uint8Array): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(Number(id), 1);
  return new Uint8Array(Buffer.concat([head, ...(format === "protobuf" ? [firstMessage] : []), body]));
}

/** Returns the id of the schema and the body. @throws BeeHiveError `BodyUnreadable` for bytes without a frame. */
export function unframed(format: FormatName, bytes: Uint8Array): { readonly id: string; readonly body: Uint8Array } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < 5 || buffer[0] !== 0) throw unreadable("it does not begin with a zero and the id of a schema");
  const id = `${buffer.readUInt32BE(1)}`;
  if (format !== "protobuf") return { id, body: bytes.subarray(5) };
  if (buffer[5] === 0) return { id, body: bytes.subarray(6) };
  // The same as a list of one index.
  if (buffer[5] === 2 && buffer[6] === 0) return { id, body: bytes.subarray(7) };
  throw unreadable("its message is not the first of its file");
}

function unreadable(reason: string): BeeHiveError {
  return new BeeHiveError("BodyUnreadable", `${reason}.`);
}
