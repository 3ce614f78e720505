import { accessSync, closeSync, constants, existsSync, openSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { BeeHiveError } from "../../../src/base/errors.ts";

/** Only the user of the process may read what a hive keeps. */
const privateMode = 0o600;

/**
 * Makes an empty file that only this user can read, unless there is one: SQLite makes files that everybody can. Those
 * beside it (`-wal`, `-shm`) get its rights from SQLite. A file that is there is not opened: closing it would let go
 * of the locks that this process has on it.
 *
 * @param like a file whose rights it gets instead.
 * @returns whether it was made.
 */
export function makePrivate(path: string, like?: string): boolean {
  try {
    closeSync(openSync(path, "wx", like === undefined ? privateMode : statSync(like).mode & 0o666));
    return true;
  } catch {
    // It is there, or cannot be made: whoever opens it is told.
    return false;
  }
}

/** Runs `make`, which writes to a new file; what was made for it is removed when that fails. */
export function withPrivateFile(path: string, make: () => void): void {
  const made = makePrivate(path);
  try {
    make();
  } catch (error) {
    if (made) rmSync(path, { force: true });
    throw error;
  }
}

/**
 * Refuses a file that this process may not write to before SQLite opens it: what SQLite once opened to read alone it
 * keeps for the other connections of the process.
 *
 * @throws BeeHiveError `AccessDenied`.
 */
export function assertWritable(file: string): void {
  const log = [`${file}-wal`, `${file}-shm`];
  // The folder is written to where the log is still to be made.
  for (const path of [file, ...log, ...(log.every((one) => existsSync(one)) ? [] : [dirname(file)])]) {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) continue;
    try {
      accessSync(path, constants.W_OK);
    } catch (cause) {
      throw new BeeHiveError(
        "AccessDenied",
        `The file "${file}" could not be used: "${path}" is read-only. The file and its folder must be writable by this process.`,
        { cause },
      );
    }
  }
}
