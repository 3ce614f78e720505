import type { Duration } from "../../src/base/duration.ts";
import { BeeHiveError } from "../../src/base/errors.ts";
import { printableLine } from "../../src/base/printable.ts";
import { safeText } from "../../src/base/safe-text.ts";
import { parseProviderUrl, shownUrl } from "../../src/contract/provider-url.ts";
import { duration, oneOf, optional, optionsIn, whole, type OptionRules } from "../../src/provider-kit/options.ts";
import { driverNames, type DriverName } from "./file/driver.ts";
import { textProblem } from "./file/values.ts";

/**
 * The options of the SQLite provider.
 *
 * @example
 * createHive({ actors, provider: "sqlite:./hive.db?durability=normal&deduplication=1h" });
 * @example
 * new SqliteProvider({ file: "./hive.db", durability: "normal", deduplication: "1h" });
 */
export interface SqliteConfig {
  /**
   * The path of the file, which is created if it does not exist.
   *
   * SQLite keeps two more files beside it, with the suffixes `-wal` and `-shm`. Each process adds one lock file, which
   * marks the process as alive.
   */
  readonly file: string;
  /**
   * Loss on a power failure: with `full` no confirmed write, with `normal` the last commits.
   *
   * With `normal` a commit is lost whole or not at all, and the file stays intact. A killed process loses nothing
   * either way.
   *
   * @default "full"
   */
  readonly durability: "full" | "normal";
  /**
   * The library that opens the file.
   *
   * @default "node:sqlite" where Node has it, else "libsql"
   */
  readonly driver: DriverName | undefined;
  /**
   * The largest event body that is accepted, in bytes. The default is the limit of the smallest cloud.
   *
   * @default 262_144
   */
  readonly maxEventBytes: number;
  /**
   * How long the provider remembers the id of an event, to drop its duplicates.
   *
   * @default "10m"
   */
  readonly deduplication: Duration;
}

export const defaultConfig: Omit<SqliteConfig, "file"> = {
  durability: "full",
  driver: undefined,
  maxEventBytes: 262_144,
  deduplication: 600_000,
};

export const optionRules: OptionRules<Omit<SqliteConfig, "file">> = {
  durability: oneOf("full", "normal"),
  driver: optional(oneOf(...driverNames)),
  maxEventBytes: whole(1),
  deduplication: duration(1),
};

/**
 * Reads a URL such as `sqlite:FILE?option=value&option=value`.
 *
 * FILE is a path, relative to the working directory, and not URL-encoded. `sqlite:///data/hive.db` is `/data/hive.db`.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of the URL.
 */
export function configFrom(url: string): SqliteConfig {
  const parsed = parseProviderUrl(url);
  const file = parsed.place.replace(/^\/\/(?=\/)/, "");
  const host = /^\/\/([^/]+)/.exec(file)?.[1];
  if (host !== undefined)
    throw unopened(
      shownUrl(parsed),
      `"${safeText(host.replace(/^.*@/, ""), 100)}" is read as a host; write sqlite:FILE or sqlite:///FOLDER/FILE`,
    );
  assertFile(file, shownUrl(parsed));
  return { ...defaultConfig, ...optionsIn(parsed, optionRules), file };
}

/** @throws BeeHiveError `InvalidConfiguration` when `path` cannot be the path of a file. */
export function assertFile(path: string, given: string = path): void {
  const problem = fileProblem(path);
  if (problem !== undefined) throw unopened(safeText(String(given), 200), problem);
}

function unopened(given: string, problem: string): BeeHiveError {
  return new BeeHiveError("InvalidConfiguration", `"${printableLine(given)}" cannot be opened: ${problem}.`);
}

function fileProblem(path: unknown): string | undefined {
  if (typeof path !== "string") return "the path of a file is a text";
  const unfit = textProblem(path);
  if (unfit) return unfit;
  if (path === "") return "it names no file, as in sqlite:./hive.db";
  if (path.startsWith("file:")) return "it is the path of a file, as in sqlite:./hive.db, and no URL of one";
  if (path !== path.trim()) return "white space stands around it";
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(path)) return "it holds a line break or another control character";
  if (path.startsWith("~/")) return "only a shell replaces ~ by a home folder; write the whole path";
  return path === ":memory:" ? "a hive in memory is the provider memory:" : undefined;
}
