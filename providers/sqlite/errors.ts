import { messageOf } from "../../src/base/error-text.ts";
import { BeeHiveError, type ErrorCode } from "../../src/base/errors.ts";
import { safeText } from "../../src/base/safe-text.ts";
import { UnfitValue } from "./file/values.ts";

/** Advice for the primary result codes of SQLite (https://sqlite.org/rescode.html). */
const advice: Readonly<Record<string, readonly [code: ErrorCode, what: string]>> = {
  SQLITE_FULL: ["Unavailable", "the disk is full. Free some space; nothing that was confirmed is lost"],
  SQLITE_READONLY: ["AccessDenied", "it is read-only. The file and its folder must be writable by this process"],
  SQLITE_PERM: ["AccessDenied", "access was denied. The file and its folder must be writable by this process"],
  SQLITE_CANTOPEN: ["Unavailable", "it, or a file beside it, cannot be opened. Its folder must exist and be writable"],
  SQLITE_NOTADB: ["Unavailable", "it is not an SQLite database. Name another file, or restore this one from a backup"],
  SQLITE_CORRUPT: ["Unavailable", "it is damaged. Stop the hive and restore the file from a backup"],
  SQLITE_BUSY: ["Unavailable", "another process keeps it locked. It will be retried; look for a process that hangs"],
  SQLITE_LOCKED: ["Unavailable", "another connection keeps it locked. It will be retried"],
  SQLITE_IOERR: ["Unavailable", "the disk failed to read or write. Check the disk; nothing that was confirmed is lost"],
  SQLITE_NOMEM: ["Unavailable", "memory ran out"],
  SQLITE_TOOBIG: ["TooLarge", "a value is larger than SQLite can store. Store it in smaller parts"],
};

const primaryCodes: Readonly<Record<number, string>> = {
  3: "SQLITE_PERM",
  5: "SQLITE_BUSY",
  6: "SQLITE_LOCKED",
  7: "SQLITE_NOMEM",
  8: "SQLITE_READONLY",
  10: "SQLITE_IOERR",
  11: "SQLITE_CORRUPT",
  13: "SQLITE_FULL",
  14: "SQLITE_CANTOPEN",
  18: "SQLITE_TOOBIG",
  26: "SQLITE_NOTADB",
};

/** Translates an error of a driver to a `BeeHiveError` with advice. Returns a `BeeHiveError` unchanged. */
export function translate(error: unknown, file: string): BeeHiveError {
  if (error instanceof BeeHiveError) return error;
  if (error instanceof UnfitValue)
    return new BeeHiveError("InvalidItem", `${error.message}. Nothing of it was written; bytes hold anything.`);
  const [code, what] = advice[primaryCodeOf(error)] ?? ["Unavailable", "SQLite failed"];
  return new BeeHiveError(
    code,
    `The file "${safeText(file, 256)}" could not be used: ${what} (${safeText(messageOf(error), 512)}).`,
    {
      cause: error,
    },
  );
}

/** Returns true if another process or connection holds the lock, so that a retry may succeed. */
export function isBusy(error: unknown): boolean {
  const code = primaryCodeOf(error);
  return code === "SQLITE_BUSY" || code === "SQLITE_LOCKED";
}

/** Returns the primary code. Drivers give a number, an extended number, or the name of the extended code. */
function primaryCodeOf(error: unknown): string {
  const { errcode, rawCode, code } = error as { errcode?: unknown; rawCode?: unknown; code?: unknown };
  const number = errcode ?? rawCode;
  if (typeof number === "number") return primaryCodes[number & 0xff] ?? "";
  if (typeof code === "string") return /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? "";
  return "";
}
