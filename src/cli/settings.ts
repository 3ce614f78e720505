import { readConfigFile, findConfigFile, type ConfigFile } from "./config-file.ts";
import { configProblems, type Config } from "./config-schema.ts";
import { UsageError } from "./exit-code.ts";
import { readFlag } from "../provider-kit/options.ts";
import { safeText } from "../base/safe-text.ts";

/** What holds for a call, and where each setting came from. */
export interface Settings extends Config {
  /** By path, `health.port`: `--health-port`, `BEEHIVE_HEALTH_PORT`, the path of the file. Without those that nobody set. */
  readonly origins: Readonly<Record<string, string>>;
  readonly file: string | undefined;
}

/** Reads a text that has no white space around it: a deployment ends its secrets with a line break. */
type Read = (text: string) => unknown;
const asText: Read = (text) => text;
const asWord: Read = (text) => text.toLowerCase();
const asNumber: Read = (text) => (text === "" ? text : Number(text));
const asList: Read = (text) => {
  const items = text.split(",").map((one) => one.trim());
  return items.at(-1) === "" ? items.slice(0, -1) : items;
};
const asFlag: Read = readFlag;
/** A wrong text is shown up to here, in characters. */
const maxShown = 100;

/** What can be said outside the file, and how it is read from a variable. A flag is read by its command. */
const variables: readonly (readonly [path: string, variable: string, flag: string, read: Read])[] = [
  ["provider", "BEEHIVE_PROVIDER", "--provider", asText],
  ["modules", "BEEHIVE_MODULES", "", asList],
  ["actors", "BEEHIVE_ACTORS", "--actors", asList],
  ["topology", "BEEHIVE_TOPOLOGY", "--topology", asWord],
  ["journal", "BEEHIVE_JOURNAL", "", asFlag],
  ["health.port", "BEEHIVE_HEALTH_PORT", "--health-port", asNumber],
  ["health.host", "BEEHIVE_HEALTH_HOST", "--health-host", asText],
  ["logLevel", "BEEHIVE_LOG_LEVEL", "--log-level", asWord],
  ["stopDeadline", "BEEHIVE_STOP_DEADLINE", "--stop-deadline", asNumber],
];

type Environment = Readonly<Record<string, string | undefined>>;

export interface SettingsSources {
  /** The options of a command by their names: `{ provider, healthPort }`. Others are left alone. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  /** Where the search for a file begins. */
  readonly folder: string;
}

/**
 * What holds: flags, then the environment, then the configuration file.
 *
 * @throws UsageError that lists every problem of all three.
 */
export async function readSettings({ flags, environment, folder }: SettingsSources): Promise<Settings> {
  const said = variables.flatMap(([path, variable, flag, read]) => {
    const given = flags[optionOf(flag)];
    if (typeof given === "string") return [{ path, origin: flag, text: given, value: read(given.trim()) }];
    const text = textOf(environment, variable);
    return text === undefined ? [] : [{ path, origin: variable, text, value: read(text.trim()) }];
  });
  const problems = said.flatMap(({ path, origin, text, value }) =>
    configProblems(nested(path, value)).map(
      (problem) => `${origin}${problem.slice(path.length)}, not "${safeText(text, maxShown)}"`,
    ),
  );
  const file = await fileOf(flags, environment, folder, problems);
  if (problems.length > 0) throw new UsageError(problems.join("\n"));
  const origins: Record<string, string> = {};
  let config: Config = file?.config ?? {};
  if (file) for (const path of leaves(file.config)) origins[path] = file.path;
  for (const { path, origin, value } of said) {
    config = merge(config, nested(path, value));
    origins[path] = origin;
  }
  return { ...config, origins, file: file?.path };
}

async function fileOf(
  flags: SettingsSources["flags"],
  environment: Environment,
  folder: string,
  problems: string[],
): Promise<ConfigFile | undefined> {
  const named = flags["config"] ?? textOf(environment, "BEEHIVE_CONFIG")?.trim();
  try {
    const path = typeof named === "string" ? named : findConfigFile(folder);
    return path === undefined ? undefined : await readConfigFile(path);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}

/** Returns what a variable says; one that is empty says nothing. */
function textOf(environment: Environment, variable: string): string | undefined {
  const text = environment[variable];
  return text === "" ? undefined : text;
}

/** The paths of all values in an object; a list is one value. */
export function leaves(value: object, prefix = ""): string[] {
  return Object.entries(value).flatMap(([name, one]: [string, unknown]) =>
    typeof one === "object" && one !== null && !Array.isArray(one) ? leaves(one, `${prefix}${name}.`) : [prefix + name],
  );
}

function nested(path: string, value: unknown): Config {
  return path.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Config;
}

function merge(config: Config, { health, ...rest }: Config): Config {
  return { ...config, ...rest, ...(health && { health: { ...config.health, ...health } }) };
}

/** `--health-port` is `healthPort` among the options of a command. */
function optionOf(flag: string): string {
  return flag.slice(2).replaceAll(/-(\w)/g, (_all, letter: string) => letter.toUpperCase());
}
