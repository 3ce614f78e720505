import { statSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { safeText } from "../../../src/base/safe-text.ts";

/** How often the identity of the log is looked at, at the most, in ms: a look costs as much as a small transaction. */
const logLookMs = 20;
/** For so long after the log was seen to be there, in ms, it is taken for granted that no other process came and went. */
const freshMs = 1_000;

/** SQLite keeps these two beside the file, for all processes that have it open. */
const logSuffixes = ["-wal", "-shm"] as const;

/**
 * Notices when the file, or its log, is no longer what this process has open: another process would not see what is
 * written to it from then on, and nobody once this process has ended.
 */
export class FileWatch {
  readonly #file: string;
  readonly #path: string;
  readonly #main: string | undefined;
  /** The log as it was first seen; SQLite keeps it as long as anybody has the file open. */
  #log: string | undefined;
  #logSeenAt = -Infinity;

  /** @param file as it was given, for messages. @param path where it is. */
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
    if (now - this.#logSeenAt < logLookMs) return;
    if (!this.logIntact) throw gone(`The log of the file "${safeText(this.#file, 256)}" (${logSuffixes.join(", ")})`);
    this.#logSeenAt = now;
  }

  /** Whether the log is the one that this process writes to. */
  get logIntact(): boolean {
    const log = logSuffixes.map((suffix) => identityOf(this.#path + suffix));
    if (log.includes(undefined)) return this.#log === undefined;
    this.#log ??= log.join(" ");
    return this.#log === log.join(" ");
  }

  /** Whether what is in a log that was removed can still be copied into the file: nobody else wrote to it since. */
  get logMayBeSaved(): boolean {
    return (
      performance.now() - this.#logSeenAt < freshMs &&
      identityOf(this.#path) === this.#main &&
      identityOf(`${this.#path}-wal`) === undefined
    );
  }
}

/** Other files have another one; `undefined` when there is none. */
function identityOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}/${stats.ino}`;
}

function gone(what: string): BeeHiveError {
  return new BeeHiveError(
    "Unavailable",
    `${what} was removed or replaced while it was open: what is written to it now would be lost. ` +
      "Put it back if it was moved; else end this process, and start the hive on the file that is there. " +
      "Nobody may open, copy or remove these files while a hive runs, other than by beehive backup.",
  );
}
