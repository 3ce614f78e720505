import { statSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { safeText } from "../../../src/base/safe-text.ts";

/** The minimum time between two checks of the log, in ms. A check costs as much as a small transaction. */
const logCheckMs = 20;
/** How long after a check, in ms, no other process can have opened and closed the file. */
const freshMs = 1_000;

/** The files that SQLite keeps beside the database, shared by all processes that have it open. */
const logSuffixes = ["-wal", "-shm"] as const;

/**
 * Detects that the file or its log was removed or replaced while this process has it open.
 *
 * Other processes would not see later writes, and the writes would be lost when this process ends.
 */
export class FileWatch {
  readonly #file: string;
  readonly #path: string;
  readonly #main: string | undefined;
  /** The identity of the log at first sight. SQLite keeps the log as long as a process has the file open. */
  #log: string | undefined;
  #logSeenAt = -Infinity;

  /** @param file The path as the user gave it, for messages. @param path The absolute path. */
  constructor(file: string, path: string) {
    this.#file = file;
    this.#path = path;
    this.#main = identityOf(path);
    this.assertIntact();
  }

  /** @throws BeeHiveError `Unavailable` when the file or its log was removed or replaced. */
  assertIntact(): void {
    if (identityOf(this.#path) !== this.#main) throw gone(`The file "${safeText(this.#file, 256)}"`);
    const now = performance.now();
    if (now - this.#logSeenAt < logCheckMs) return;
    if (!this.logIntact) throw gone(`The log of the file "${safeText(this.#file, 256)}" (${logSuffixes.join(", ")})`);
    this.#logSeenAt = now;
  }

  /** True if the log is still the one that this process writes to. */
  get logIntact(): boolean {
    const log = logSuffixes.map((suffix) => identityOf(this.#path + suffix));
    if (log.includes(undefined)) return this.#log === undefined;
    this.#log ??= log.join(" ");
    return this.#log === log.join(" ");
  }

  /** True if a removed log can still be copied into the file: no other process wrote since. */
  get logMayBeSaved(): boolean {
    return (
      performance.now() - this.#logSeenAt < freshMs &&
      identityOf(this.#path) === this.#main &&
      identityOf(`${this.#path}-wal`) === undefined
    );
  }
}

/** Returns the identity of a file; undefined when it does not exist. */
function identityOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}/${stats.ino}`;
}

function gone(what: string): BeeHiveError {
  return new BeeHiveError(
    "Unavailable",
    `${what} was removed or replaced while it was open: what is written to it now would be lost. ` +
      "If it was moved, move it back. Otherwise end this process and start the hive on the current file. " +
      "While a hive runs, do not open, copy or remove these files; use beehive backup.",
  );
}
