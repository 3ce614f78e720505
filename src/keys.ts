import { BeeHiveError, isBeeHiveError } from "./errors.ts";

/** The longest name, id or key; what fits every provider once it is encoded there. */
export const longestKey = 255;

/**
 * Returns `text` when it can be the name of a store, an id or a key on every provider.
 *
 * @throws BeeHiveError `InvalidKey` with the reason: never a key that was quietly changed.
 */
export function checkedKey(what: string, text: string): string {
  const reason = problem(text);
  if (reason === undefined) return text;
  throw new BeeHiveError(
    "InvalidKey",
    `${JSON.stringify(text)?.slice(0, 80) ?? typeof text} cannot be ${what}: ${reason}.`,
  );
}

const nameShape = /^[A-Za-z]\w{0,62}$/;

/** As {@link checkedKey}, for what becomes the name of a table or container: a letter, then letters, digits, underscores. */
export function checkedName(what: string, text: string): string {
  if (typeof text === "string" && nameShape.test(text)) return text;
  throw new BeeHiveError(
    "InvalidKey",
    `${JSON.stringify(text)?.slice(0, 80) ?? typeof text} cannot be ${what}: a letter, then up to 62 letters, digits or underscores.`,
  );
}

function problem(text: string): string | undefined {
  if (typeof text !== "string") return `it is ${text === undefined ? "undefined" : `a ${typeof text}`}, not a text`;
  if (text.length === 0) return "it is empty";
  if (text.length > longestKey) return `it has ${text.length} characters, at most ${longestKey} are allowed`;
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
