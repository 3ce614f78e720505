import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { openDriver, type Driver, type DriverName } from "./driver.ts";

/**
 * Tells others that this process lives: an empty file beside the file of the hive, with an exclusive lock on it, of
 * which the operating system lets go when the process ends, however it ends. Unlike the number of a process it is of
 * one process only, also where those that share the file are in several containers. The lock is one of SQLite, as Node
 * has none.
 */
export class ProcessLock {
  /** What tells it from all others. */
  readonly name: string;
  readonly #path: string;
  readonly #driver: Driver;

  /** Takes a new one. @throws what the driver throws. */
  constructor(file: string, driver: DriverName) {
    this.name = randomBytes(8).toString("hex");
    this.#path = pathOf(file, this.name);
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
    rmSync(this.#path, { force: true });
  }

  /** Whether the process that took it lives. When it cannot be found out, it does. */
  static isHeld(file: string, name: string, driver: DriverName): boolean {
    const path = pathOf(file, name);
    if (!existsSync(path)) return false;
    let opened: Driver | undefined;
    try {
      opened = openDriver(path, driver);
      lock(opened);
      return false;
    } catch {
      return true;
    } finally {
      opened?.close();
    }
  }

  /** Removes the file that a process left which did not live to do so. */
  static clear(file: string, name: string): void {
    rmSync(pathOf(file, name), { force: true });
  }
}

function pathOf(file: string, name: string): string {
  return `${file}-process-${name}`;
}

function lock(driver: Driver): void {
  driver.prepare("PRAGMA busy_timeout = 0").all([]);
  // Nothing is ever written, so no journal is wanted beside the file.
  driver.prepare("PRAGMA journal_mode = MEMORY").all([]);
  driver.exec("BEGIN EXCLUSIVE");
}
