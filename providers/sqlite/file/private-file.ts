import { accessSync, closeSync, constants, existsSync, openSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { BeeHiveError } from "../../../src/base/errors.ts";

/** Readable and writable by the user of the process only. */
const privateMode = 0o600;

/**
 * Creates an empty file that only this user can read, if it does not exist. SQLite would make it readable for all.
 *
 * SQLite gives the same rights to the files beside it (`-wal`, `-shm`). An existing file is not opened, because closing
 * it would release the locks of this process on it.
 *
 * @param like A file whose rights the new file gets instead.
 * @returns True if the file was created.
 */
export function makePrivate(path: string, like?: string): boolean {
  try {
    closeSync(openSync(path, "wx", like === undefined ? privateMode : statSync(like).mode & 0o666));
    return true;
  } catch {
    // The file exists, or cannot be created, which opening it will report.
    return false;
  }
}

/** Runs `make`, which writes to a new private file. Removes the file when `make` throws. */
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
 * Checks that this process may write to a file, before SQLite opens it.
 *
 * SQLite keeps a file once opened read-only for other connections of the process.
 *
 * @throws BeeHiveError `AccessDenied`.
 */
export function assertWritable(file: string): void {
  const log = [`${file}-wal`, `${file}-shm`];
  // The folder must be writable if the log does not exist yet.
  for (const path of [file, ...log, ...(log.every((one) => existsSync(one)) ? [] : [dirname(file)])]) {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) continue;
    try {
      accessSync(path, constants.W_OK);
    } catch (cause) {
      throw new BeeHiveError(
        "AccessDenied",
        `The file "${file}" could not be used: "${path}" is read-only. The file and its folder must be writable ` +
          "by this process.",
        { cause },
      );
    }
  }
}
