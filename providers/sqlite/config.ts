import { BeeHiveError } from "../../src/errors.ts";
import { driverNames, type DriverName } from "./driver.ts";

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

type Option = keyof typeof defaultConfig;

const choices: Partial<Record<Option, readonly string[]>> = { durability: ["full", "normal"], driver: driverNames };

/**
 * Reads `sqlite:FILE?option=value&...`. The file is taken as it stands between the colon and the question mark,
 * relative to the working directory; `sqlite:///data/hive.db` is `/data/hive.db`.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of the URL.
 */
export function configFrom(url: string): SqliteConfig {
  const [, path = "", query = ""] = /^sqlite:(?:\/\/(?=\/))?([^?]*)\??(.*)$/s.exec(url) ?? [];
  const given = [...new URLSearchParams(query)];
  const problems = [...fileProblems(path), ...given.flatMap(([name, value]) => optionProblems(name, value))];
  if (problems.length > 0)
    throw new BeeHiveError("InvalidConfiguration", `"${url}" cannot be opened: ${problems.join("; ")}.`);
  const options = Object.fromEntries(given.map(([name, value]) => [name, isChoice(name) ? value : Number(value)]));
  return { ...defaultConfig, ...options, file: path };
}

function fileProblems(path: string): string[] {
  if (path === "") return ["it names no file, as in sqlite:./hive.db"];
  if (path === ":memory:") return ["a hive in memory is the provider memory:"];
  return [];
}

function optionProblems(name: string, value: string): string[] {
  if (!(name in defaultConfig))
    return [`"${name}" is not an option; there are ${Object.keys(defaultConfig).join(", ")}`];
  const allowed = choices[name as Option];
  if (allowed) return allowed.includes(value) ? [] : [`${name} must be ${allowed.join(" or ")}, not "${value}"`];
  if (Number.isSafeInteger(Number(value)) && Number(value) > 0) return [];
  return [`${name} must be a whole number from 1, not "${value}"`];
}

function isChoice(name: string): boolean {
  return name in choices;
}
