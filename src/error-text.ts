import { isBeeHiveError } from "./errors.ts";

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

/** What an error is called where errors are counted: the code of a `BeeHiveError`, the name of another. Holds no message. */
export function errorNameOf(error: unknown): string {
  try {
    if (isBeeHiveError(error)) return error.code;
    return error instanceof Error ? String(error.name) : typeof error;
  } catch {
    return typeof error;
  }
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
