import { randomBytes } from "node:crypto";
import { readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { openDriver, type Driver, type DriverName } from "../file/driver.ts";
import { makePrivate } from "../file/private-file.ts";

/** The minimum age of an orphaned lock file, in ms. The process of a younger file may be about to register. */
const orphanMs = 60_000;

/**
 * Marks this process as alive: an exclusive lock on an empty file beside the file of the hive.
 *
 * The operating system releases the lock when the process ends, however it ends. Unlike a process id, the file is
 * unique even if the processes run in several containers. The lock is one of SQLite, since Node has no file locks.
 *
 * The process must not open the file in any other way: POSIX systems release all locks of a process on a file when the
 * process closes that file once. The same holds for the file of the hive, so use `backup` or another process to copy
 * it.
 */
export class ProcessLock {
  /** A unique name. */
  readonly name: string;
  readonly #path: string;
  readonly #driver: Driver;

  /** Takes a new lock. @param file The absolute path of the file of the hive. @throws The error of the driver. */
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

  /** Returns true if the process of the lock is certainly dead. */
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

  /** Removes the lock file of a dead process. */
  static clear(file: string, name: string): void {
    remove(pathOf(file, name));
  }

  /** Removes the lock files of processes that died before they registered in the file of the hive. */
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
      // Orphaned files do no harm.
    }
  }
}

function pathOf(file: string, name: string): string {
  return `${file}-process-${name}`;
}

/** Removes a file, if possible. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A file that stays, such as that of another user, does no harm.
  }
}

function lock(driver: Driver): void {
  // Nothing is ever written, so keep the journal in memory. Use exec: a prepared statement may outlive the driver, and
  // keep the file open.
  driver.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;");
}
