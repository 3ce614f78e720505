import { copyOf, textIn } from "../base/bytes.ts";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import { jsonErrorPlace } from "../base/json-error.ts";
import { lossyKind, lostWithin } from "../base/lossy-value.ts";
import { assertBody } from "./event-checks.ts";

const json = "application/json";

/** Returns whether a content type is JSON: `application/json` and every `+json` (RFC 6839). */
export function isJson(contentType: string): boolean {
  if (contentType === json) return true;
  const mediaType = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return mediaType === json || mediaType.endsWith("+json");
}

/** Returns the default content type of a body. */
export function contentTypeOf(body: unknown): string {
  return body instanceof Uint8Array ? "application/octet-stream" : json;
}

/** A body that readers in this process share. Serialised only when it leaves the process. */
export class SharedBody {
  readonly value: unknown;
  readonly #eventType: string;
  #text: string | undefined;

  constructor(eventType: string, value: unknown) {
    this.#eventType = eventType;
    this.value = value;
  }

  get text(): string {
    return (this.#text ??= jsonText(this.#eventType, this.value));
  }
}

/** A body with its content type: JSON, text or bytes, as it travels or before a codec encoded it. */
export interface Body {
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

/** A body that a codec encoded, and the body before that, or the reason why it cannot be decoded. */
export class CodedBody {
  readonly travelling: string | Uint8Array;
  readonly #plain: Body | BeeHiveError;

  constructor(travelling: string | Uint8Array, plain: Body | BeeHiveError) {
    this.travelling = travelling;
    this.#plain = plain;
  }

  get isDecoded(): boolean {
    return !(this.#plain instanceof BeeHiveError);
  }

  /** @throws BeeHiveError `BodyUnreadable` with the reason why it cannot be decoded. */
  get plain(): Body {
    if (this.#plain instanceof BeeHiveError) throw this.#plain;
    return this.#plain;
  }
}

/** The body of an event: as it travels, shared by reference, or encoded by a codec. */
export type EventBody = string | Uint8Array | SharedBody | CodedBody;

/** Returns a body as it travels. Serialises a shared one. */
export function travelling(body: EventBody): string | Uint8Array {
  if (body instanceof SharedBody) return body.text;
  return body instanceof CodedBody ? body.travelling : body;
}

/**
 * Returns a body as a value: parsed JSON, else text or a copy of the bytes.
 *
 * @param unreadable makes the error for a body that cannot be read.
 */
export function valueOf(
  body: string | Uint8Array,
  contentType: string,
  unreadable: (reason: string) => BeeHiveError,
): unknown {
  if (body.length === 0) throw unreadable("it has no body");
  if (!isJson(contentType)) {
    if (!isCoded(contentType)) return typeof body === "string" ? body : copyOf(body);
    throw unreadable(`its content type is ${contentType}; give the hive the codec that wrote it`);
  }
  const text = typeof body === "string" ? body : textIn(body);
  if (text === undefined) throw unreadable(`its content type is ${contentType} and its bytes are not UTF-8`);
  try {
    return JSON.parse(text);
  } catch {
    // The error of JSON.parse quotes the text; bodies do not belong in errors, so it is not kept as the cause.
    throw unreadable(`it is not JSON, wrong ${jsonErrorPlace(text) ?? "somewhere"}`);
  }
}

/** The content types that the codecs of BeeHive write: of bodies that are compressed or encrypted. */
const coded = /^[^;]*\+(?:gzip|br|zstd)\s*(?:;|$)|^application\/jose\b/i;

/** Returns whether a content type says that a codec compressed or encrypted the body. */
export function isCoded(contentType: string): boolean {
  return coded.test(contentType);
}

/** Returns whether a content type is that of an encrypted body, which tools show as it travels. */
export function isEncrypted(contentType: string): boolean {
  return /^application\/jose\b/i.test(contentType);
}

/**
 * Returns a body as it travels: text or a copy of its bytes; empty text for none.
 *
 * @throws BeeHiveError `InvalidEvent` for a body that does not fit its content type.
 */
export function serialise(eventType: string, body: unknown, contentType: string): string | Uint8Array {
  if (body === undefined) return "";
  if (body instanceof Uint8Array) return copyOf(body);
  if (isJson(contentType)) return jsonText(eventType, body);
  if (typeof body === "string") {
    assertBody(body);
    return body;
  }
  throw notABody(
    `a body of content type ${contentType} must be text or bytes; the event ${eventType} has ${typeof body}`,
  );
}

/** Returns a shared body. @throws BeeHiveError `InvalidEvent` for a body that is not a JSON value. */
export function share(eventType: string, body: unknown, contentType: string): SharedBody {
  if (isJson(contentType) && !(body instanceof Uint8Array) && body !== undefined)
    return new SharedBody(eventType, body);
  throw notABody(`the body of the event ${eventType} is no JSON value; byReference takes nothing else`);
}

function jsonText(eventType: string, body: unknown): string {
  const kind = lossyKind(body);
  if (kind !== undefined) throw lost(eventType, kind);
  let text: string | undefined;
  try {
    text = JSON.stringify(body);
  } catch (cause) {
    throw notABody(`the body of the event ${eventType} is not JSON: ${messageOf(cause)}`, cause);
  }
  if (text === undefined) throw notABody(`the body of the event ${eventType} is a ${typeof body}, which is not JSON`);
  const within = lostWithin(body, text);
  if (within !== undefined) throw lost(eventType, within);
  return text;
}

function lost(eventType: string, what: string): BeeHiveError {
  return notABody(
    `the body of the event ${eventType} has ${what}, of which JSON would keep nothing that can be read. ` +
      "Send its contents: bytes as the whole body (new Uint8Array(...)) or as base64, a Map or Set as an array, " +
      "an error's message as a text, null or no member for a number or date that is none",
  );
}

function notABody(reason: string, cause?: unknown): BeeHiveError {
  return new BeeHiveError("InvalidEvent", `Not an event: ${reason}.`, cause === undefined ? undefined : { cause });
}
