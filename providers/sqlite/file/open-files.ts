import { BeeHiveError } from "../../../src/base/errors.ts";
import type { DriverName } from "./driver.ts";

/** The driver that has a file open in this process, and the number of its connections. */
interface OpenFile {
  readonly driver: DriverName;
  times: number;
}

const registry = Symbol.for("beehive-actors.sqlite-files");

/** Returns the registry, which all copies of the package in a process share. */
function openFiles(): Map<string, OpenFile> {
  const shared = globalThis as { [registry]?: Map<string, OpenFile> };
  return (shared[registry] ??= new Map());
}

/**
 * Registers an opened file. Two copies of SQLite must not have one file open in one process.
 *
 * When one of them closes it, POSIX systems release the locks of the other, and commits are lost
 * (https://sqlite.org/howtocorrupt.html, 2.2).
 *
 * @param path The real path.
 * @throws BeeHiveError `InvalidConfiguration` when another driver has the file open.
 */
export function noteOpened(path: string, driver: DriverName): void {
  const open = openFiles().get(path);
  if (open === undefined) openFiles().set(path, { driver, times: 1 });
  else if (open.driver === driver) open.times++;
  else
    throw new BeeHiveError(
      "InvalidConfiguration",
      `"${path}" is open in this process with ${open.driver}; open it with that driver, or in another process.`,
    );
}

export function noteClosed(path: string): void {
  const open = openFiles().get(path);
  if (open && --open.times === 0) openFiles().delete(path);
}
