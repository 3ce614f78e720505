import { isBeeHiveError } from "./errors.ts";
import { safeText } from "./safe-text.ts";

const maxName = 128;
/** Names that hold no secret for certain. */
const plainName = /^[A-Za-z]{1,40}$/;

/** Returns the message of any thrown value as a text, also of objects with a message. */
export function messageOf(error: unknown): string {
  try {
    const { message } = Object(error) as { readonly message?: unknown };
    return String(error instanceof Error || typeof message === "string" ? message : error);
  } catch {
    return "the thrown value cannot be read as text";
  }
}

/** Returns the stack of a thrown value, if it has one. */
export function stackOf(error: unknown): string | undefined {
  try {
    return error instanceof Error && error.stack ? String(error.stack) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Returns the name for counting errors: a `BeeHiveError`'s code, or another error's name.
 *
 * A class may give its errors any name, so the name is shortened, and secrets in it are masked.
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

/** Returns a thrown value if it can be inspected; else an error that says so. */
export function readable(thrown: unknown): unknown {
  try {
    void (thrown instanceof Error);
    return thrown;
  } catch {
    return new Error("the thrown value cannot be inspected");
  }
}
