import { BeeHiveError, isBeeHiveError } from "../base/errors.ts";

/** The maximum length of a name, id or key: fits every provider, also encoded. */
export const maxKey = 255;

/**
 * Returns `text` if it can be a name, an id or a key on every provider.
 *
 * @param what the key is for, in the words of the error: "an id".
 * @throws BeeHiveError `InvalidKey` with the reason.
 */
export function checkedKey(what: string, text: string): string {
  const reason = problem(text);
  if (reason === undefined) return text;
  throw refused(text, what, reason);
}

function refused(value: unknown, what: string, reason: string): BeeHiveError {
  return new BeeHiveError("InvalidKey", `${shown(value)} cannot be ${what}: ${reason}.`);
}

/** Returns the beginning of a value; the type of a value that JSON cannot write. */
function shown(value: unknown): string {
  try {
    return JSON.stringify(value)?.slice(0, 80) ?? typeof value;
  } catch {
    return `a ${typeof value}`;
  }
}

/**
 * Returns a bound of a range if it is text or `undefined`. A bound need not be a key.
 *
 * @throws BeeHiveError `InvalidKey`.
 */
export function checkedBound(what: string, bound: unknown): string | undefined {
  return bound === undefined ? undefined : checkedText(what, bound);
}

/** Returns an etag if it is text. @throws BeeHiveError `InvalidKey`. */
export function checkedEtag(etag: unknown): string {
  return checkedText("an etag", etag);
}

/** Refuses NUL, where drivers end a text, and half surrogate pairs, which UTF-8 cannot hold. */
function checkedText(what: string, text: unknown): string {
  if (typeof text !== "string") throw refused(text, what, "it is not a text");
  if (text.includes("\0")) throw refused(text, what, "it holds NUL (U+0000)");
  if (!text.isWellFormed()) throw refused(text, what, "it is not well-formed Unicode");
  return text;
}

const nameShape = /^[A-Za-z]\w{0,62}$/;

/** Returns `text` if it can name a table or container: a letter, then letters, digits, underscores. */
export function checkedName(what: string, text: string): string {
  if (typeof text === "string" && nameShape.test(text)) return text;
  throw refused(text, what, "a letter, then up to 62 letters, digits or underscores");
}

function problem(text: string): string | undefined {
  if (typeof text !== "string") return `it is ${text === undefined ? "undefined" : `a ${typeof text}`}, not a text`;
  if (text.length === 0) return "it is empty";
  if (text.length > maxKey) return `it has ${text.length} characters, at most ${maxKey} are allowed`;
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\u0000-\u001f\u007f-\u009f]/.test(text)) return "it holds control characters";
  if (!text.isWellFormed()) return "it is not well-formed Unicode";
  return undefined;
}

/** Resolves as `get` does; with `undefined` when it rejects with `NotFound`. */
export async function ifFound<T>(get: Promise<T>): Promise<T | undefined> {
  try {
    return await get;
  } catch (error) {
    if (isBeeHiveError(error, "NotFound")) return undefined;
    throw error;
  }
}
