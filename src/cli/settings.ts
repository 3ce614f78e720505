import { safeText } from "../base/safe-text.ts";
import { readFlag } from "../provider-kit/options.ts";
import { readConfigFile, findConfigFile, type ConfigFile } from "./config-file.ts";
import { configProblems, parsedConfig, type Config } from "./config-schema.ts";
import { UsageError } from "./exit-code.ts";
import { durationIn } from "./option-parsers.ts";

/** The settings of a call, and the origin of each. */
export interface Settings extends Config {
  /**
   * The origins of the settings by path, such as `health.port`.
   *
   * An origin is a flag (`--health-port`), a variable (`BEEHIVE_HEALTH_PORT`) or the path of the file. Defaults have
   * none.
   */
  readonly origins: Readonly<Record<string, string>>;
  readonly file: string | undefined;
}

/** Reads a text without white space around it. Mounted secrets often end with a line break. */
type Read = (text: string) => unknown;
const asText: Read = (text) => text;
const asWord: Read = (text) => text.toLowerCase();
const asNumber: Read = (text) => (text === "" ? text : Number(text));
const asDuration: Read = durationIn;
const asList: Read = (text) => {
  const items = text.split(",").map((one) => one.trim());
  return items.at(-1) === "" ? items.slice(0, -1) : items;
};
const asFlag: Read = readFlag;
/** Characters of a wrong text that a message shows. */
const maxShown = 100;

/** The settings that variables and flags can set, and how their texts are read. A flag may be that of one command. */
const variables: readonly (readonly [path: string, variable: string, flag: string, read: Read])[] = [
  ["provider", "BEEHIVE_PROVIDER", "--provider", asText],
  ["modules", "BEEHIVE_MODULES", "", asList],
  ["actors", "BEEHIVE_ACTORS", "--actors", asList],
  ["stages", "BEEHIVE_STAGES", "run --stages", asText],
  ["stage", "BEEHIVE_STAGE", "run --stage", asList],
  ["topology", "BEEHIVE_TOPOLOGY", "--topology", asWord],
  ["codec", "BEEHIVE_CODEC", "", asText],
  ["journal", "BEEHIVE_JOURNAL", "", asFlag],
  ["health.port", "BEEHIVE_HEALTH_PORT", "--health-port", asNumber],
  ["health.host", "BEEHIVE_HEALTH_HOST", "--health-host", asText],
  ["relay.from", "BEEHIVE_RELAY_FROM", "relay --from", asText],
  ["relay.to", "BEEHIVE_RELAY_TO", "relay --to", asText],
  ["logLevel", "BEEHIVE_LOG_LEVEL", "--log-level", asWord],
  ["stopDeadline", "BEEHIVE_STOP_DEADLINE", "--stop-deadline", asDuration],
];

type Environment = Readonly<Record<string, string | undefined>>;

export interface SettingsSources {
  /** The name of the command. @default None. */
  readonly command?: string | undefined;
  /** The options of a command by name, such as `{ provider, healthPort }`. Options that set no setting are ignored. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  /** The folder where the search for a configuration file begins. */
  readonly folder: string;
}

/**
 * Reads the settings of a call. Flags win over the environment, the environment wins over the configuration file.
 *
 * @throws UsageError that lists every problem of all three.
 */
export async function readSettings({ command, flags, environment, folder }: SettingsSources): Promise<Settings> {
  const set = variables.flatMap(([path, variable, words, read]) => {
    const [flag = "", only = command] = words.split(" ").toReversed();
    const given = only === command ? flags[optionOf(flag)] : undefined;
    if (typeof given === "string") return [{ path, origin: flag, text: given, value: read(given.trim()) }];
    const text = textOf(environment, variable);
    return text === undefined ? [] : [{ path, origin: variable, text, value: read(text.trim()) }];
  });
  const problems = set.flatMap(({ path, origin, text, value }) =>
    configProblems(nested(path, value)).map(
      (problem) => `${origin}${problem.slice(path.length)}, not "${safeText(text, maxShown)}"`,
    ),
  );
  const file = await fileOf(flags, environment, folder, problems);
  if (problems.length > 0) throw new UsageError(problems.join("\n"));
  const origins: Record<string, string> = {};
  let config: Config = file?.config ?? {};
  if (file) for (const path of leaves(file.config)) origins[path] = file.path;
  for (const { path, origin, value } of set) {
    config = merge(config, parsedConfig(nested(path, value)));
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

/** Returns the text of a variable; undefined when it is empty. */
function textOf(environment: Environment, variable: string): string | undefined {
  const text = environment[variable];
  return text === "" ? undefined : text;
}

/** Returns the paths of all values in an object. A list is one value. */
export function leaves(value: object, prefix = ""): string[] {
  return Object.entries(value).flatMap(([name, one]: [string, unknown]) =>
    typeof one === "object" && one !== null && !Array.isArray(one) ? leaves(one, `${prefix}${name}.`) : [prefix + name],
  );
}

function nested(path: string, value: unknown): unknown {
  return path.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
}

function merge(config: Config, { health, relay, ...rest }: Config): Config {
  return {
    ...config,
    ...rest,
    ...(health && { health: { ...config.health, ...health } }),
    ...(relay && { relay: { ...config.relay, ...relay } }),
  };
}

/** Returns the name of a flag among the options of a command: `healthPort` for `--health-port`. */
function optionOf(flag: string): string {
  return flag.slice(2).replaceAll(/-(\w)/g, (_all, letter: string) => letter.toUpperCase());
}
