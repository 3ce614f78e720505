import { randomBytes } from "node:crypto";
import { readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { makePrivate } from "../file/private-file.ts";
import { openDriver, type Driver, type DriverName } from "../file/driver.ts";

/** How old a lock file is, at the least, that nobody knows of, in ms: its process may be about to say whose it is. */
const orphanMs = 60_000;

/**
 * Tells others that this process lives: an empty file beside the file of the hive, with an exclusive lock on it, of
 * which the operating system lets go when the process ends, however it ends. Unlike the number of a process it is of
 * one process only, also where those that share the file are in several containers. The lock is one of SQLite, as Node
 * has none. As with the file itself, nobody in the process may open it otherwise: POSIX systems let go of all locks of a
 * process on a file when it closes that file once, so copies are made by `backup`, or by another process.
 */
export class ProcessLock {
  /** What tells it from all others. */
  readonly name: string;
  readonly #path: string;
  readonly #driver: Driver;

  /** Takes a new one. @param file the whole path of the file of the hive. @throws what the driver throws. */
  constructor(file: string, driver: DriverName) {
    this.name = randomBytes(8).toString("hex");
    this.#path = pathOf(file, this.name);
    makePrivate(this.#path, file);
    this.#driver = openDriver(this.#path, driver);
    try {
      lock(this.#driver);
    } catch (error) {
      this.release();
      throw error;
    }
  }

  release(): void {
    this.#driver.close();
    remove(this.#path);
  }

  /** Whether the process that took it is known to be dead. What cannot be found out is not known. */
  static isDead(file: string, name: string, driver: DriverName): boolean {
    const path = pathOf(file, name);
    let opened: Driver | undefined;
    try {
      statSync(path);
      opened = openDriver(path, driver);
      lock(opened);
      return true;
    } catch {
      return false;
    } finally {
      opened?.close();
    }
  }

  /** Removes the file that a process left which did not live to do so. */
  static clear(file: string, name: string): void {
    remove(pathOf(file, name));
  }

  /** Removes the files of processes that died before they could say so in the file of the hive. */
  static clearOrphans(file: string, known: ReadonlySet<string>, driver: DriverName, now: number): void {
    const start = basename(pathOf(file, ""));
    try {
      for (const entry of readdirSync(dirname(file))) {
        const name = entry.slice(start.length);
        if (!entry.startsWith(start) || known.has(name)) continue;
        const { mtimeMs } = statSync(join(dirname(file), entry));
        if (mtimeMs < now - orphanMs && ProcessLock.isDead(file, name, driver)) ProcessLock.clear(file, name);
      }
    } catch {
      // They are no more than litter.
    }
  }
}

function pathOf(file: string, name: string): string {
  return `${file}-process-${name}`;
}

/** A file that cannot be removed does no harm. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The folder is read-only by now, or the file is somebody else's.
  }
}

function lock(driver: Driver): void {
  // Nothing is ever written, so no journal is wanted beside the file. Not prepared: what is prepared may outlive the
  // driver, and its hold on the file with it.
  driver.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;");
}
