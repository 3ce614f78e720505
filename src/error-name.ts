import { isBeeHiveError } from "./errors.ts";

/** What an error is called where errors are counted: the code of a `BeeHiveError`, the name of another. Holds no message. */
export function errorNameOf(error: unknown): string {
  if (isBeeHiveError(error)) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
