import { isBeeHiveError } from "./errors.ts";
import { safeText } from "./safe-text.ts";

const maxName = 128;
/** Most names need no look at what is in them. */
const plainName = /^[A-Za-z]{1,40}$/;

/** The message of whatever was thrown, also of an object that is no `Error` but has one: always a text, whatever it was. */
export function messageOf(error: unknown): string {
  try {
    const { message } = Object(error) as { readonly message?: unknown };
    return String(error instanceof Error || typeof message === "string" ? message : error);
  } catch {
    return "what was thrown cannot be read as text";
  }
}

/** Where it was thrown, if it says so. */
export function stackOf(error: unknown): string | undefined {
  try {
    return error instanceof Error && error.stack ? String(error.stack) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Returns what an error is called where errors are counted: the code of a `BeeHiveError`, the name of another. A class may
 * call its errors anything, so a name is cut, and holds no secret.
 */
export function errorNameOf(error: unknown): string {
  try {
    if (isBeeHiveError(error)) return error.code;
    return error instanceof Error ? safeName(String(error.name)) : typeof error;
  } catch {
    return typeof error;
  }
}

function safeName(name: string): string {
  return plainName.test(name) ? name : safeText(name, maxName);
}

/** What was thrown, if it can be looked at; else an error that says that it cannot. */
export function readable(thrown: unknown): unknown {
  try {
    void (thrown instanceof Error);
    return thrown;
  } catch {
    return new Error("what was thrown cannot be looked at");
  }
}
