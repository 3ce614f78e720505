import { BeeHiveError, isBeeHiveError } from "../base/errors.ts";

/** The longest name, id or key; what fits every provider once it is encoded there. */
export const maxKey = 255;

/**
 * Returns `text` when it can be the name of a store, an id or a key on every provider.
 *
 * @throws BeeHiveError `InvalidKey` with the reason: never a key that was quietly changed.
 */
export function checkedKey(what: string, text: string): string {
  const reason = problem(text);
  if (reason === undefined) return text;
  throw refused(text, what, reason);
}

function refused(value: unknown, what: string, reason: string): BeeHiveError {
  return new BeeHiveError("InvalidKey", `${shown(value)} cannot be ${what}: ${reason}.`);
}

/** The beginning of a value; a kind of value that JSON does not take is named. */
function shown(value: unknown): string {
  try {
    return JSON.stringify(value)?.slice(0, 80) ?? typeof value;
  } catch {
    return `a ${typeof value}`;
  }
}

/**
 * Returns a bound of a range, which need not be a key: text, or nothing.
 *
 * @throws BeeHiveError `InvalidKey`.
 */
export function checkedBound(what: string, bound: unknown): string | undefined {
  return bound === undefined ? undefined : checkedText(what, bound);
}

/** @throws BeeHiveError `InvalidKey` when it is no text: no store ever returned it. */
export function checkedEtag(etag: unknown): string {
  return checkedText("an etag", etag);
}

/** Drivers end a text at NUL, or refuse it, and UTF-8 has no half of a surrogate pair. */
function checkedText(what: string, text: unknown): string {
  if (typeof text !== "string") throw refused(text, what, "it is not a text");
  if (text.includes("\0")) throw refused(text, what, "it holds NUL (U+0000)");
  if (!text.isWellFormed()) throw refused(text, what, "it is not well-formed Unicode");
  return text;
}

const nameShape = /^[A-Za-z]\w{0,62}$/;

/** As {@link checkedKey}, for what becomes the name of a table or container: a letter, then letters, digits, underscores. */
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

/** Resolves as `get` does, or with `undefined` when it throws `NotFound`. */
export async function ifFound<T>(get: Promise<T>): Promise<T | undefined> {
  try {
    return await get;
  } catch (error) {
    if (isBeeHiveError(error, "NotFound")) return undefined;
    throw error;
  }
}
