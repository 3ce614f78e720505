import { messageOf } from "../../base/error-text.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import type { Codec } from "../../contract/codec.ts";
import { isJson } from "../../events/body.ts";
import { Refusal } from "./refusal.ts";

/** The headers and the body of a request. */
export interface Content {
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

/**
 * Returns a body in a format such as Avro as JSON. Bodies that the codec does not know stay as they are.
 *
 * @param eventType The type of the event that the body is of; none is decoded without one.
 * @throws Refusal 422 for a body that cannot be decoded.
 */
export async function decoded(
  { headers, bytes }: Content,
  codec: Codec | undefined,
  eventType: string | undefined,
): Promise<Content> {
  const contentType = headers.get("content-type") ?? "";
  if (!codec || eventType === undefined || bytes.byteLength === 0 || isJson(contentType)) return { headers, bytes };
  const event = { id: "", eventType, queueName: "", properties: {}, partitionKey: undefined };
  try {
    const plain = await codec.decode({ contentType, body: bytes }, event);
    if (plain.body === bytes) return { headers, bytes };
    const own = new Headers(headers);
    own.set("content-type", plain.contentType);
    return { headers: own, bytes: Buffer.from(plain.body) };
  } catch (error) {
    // A codec without its package or its keys is no fault of the sender.
    if (!isBeeHiveError(error) || error.retryable || error.code === "InvalidConfiguration") throw error;
    const problems = [{ path: "", problem: messageOf(error) }];
    throw new Refusal(422, `The body is not of ${eventType}.`, { problems });
  }
}
