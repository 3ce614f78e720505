import { BeeHiveError } from "../../src/base/errors.ts";
import { printableLine } from "../../src/base/printable.ts";
import { oneOf, optional, optionsIn, whole, type OptionRules } from "../../src/provider-kit/options.ts";
import { parseProviderUrl, shownUrl } from "../../src/contract/provider-url.ts";
import { safeText } from "../../src/base/safe-text.ts";
import { driverNames, type DriverName } from "./file/driver.ts";
import { textProblem } from "./file/values.ts";

/** How the SQLite provider is tuned, as `sqlite:./hive.db?durability=normal` or as an object. */
export interface SqliteConfig {
  /** The file; made when it is not there. SQLite keeps two more beside it, with `-wal` and `-shm` behind the name, and each process one by which it says that it lives. */
  readonly file: string;
  /**
   * What a power loss may take. `full`, unless said: nothing that was answered. `normal`: the last commits, whole;
   * the file stays sound and in order. A process that is killed loses nothing either way.
   */
  readonly durability: "full" | "normal";
  /** `node:sqlite` where Node has it, else `libsql`, unless one is named. */
  readonly driver: DriverName | undefined;
  /** The largest body that is taken, in bytes; 262,144 unless said, as the smallest of the clouds takes of a whole message. */
  readonly maxEventBytes: number;
  /** How long the id of an event is remembered to drop its duplicates, in ms; ten minutes unless said. */
  readonly deduplicationMs: number;
}

export const defaultConfig: Omit<SqliteConfig, "file"> = {
  durability: "full",
  driver: undefined,
  maxEventBytes: 262_144,
  deduplicationMs: 600_000,
};

export const optionRules: OptionRules<Omit<SqliteConfig, "file">> = {
  durability: oneOf("full", "normal"),
  driver: optional(oneOf(...driverNames)),
  maxEventBytes: whole(1),
  deduplicationMs: whole(1),
};

/**
 * Reads `sqlite:FILE?option=value&...`. The file is taken as it stands between the colon and the question mark,
 * relative to the working directory; `sqlite:///data/hive.db` is `/data/hive.db`.
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

/** @throws BeeHiveError `InvalidConfiguration` when it is no path of a file. */
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
