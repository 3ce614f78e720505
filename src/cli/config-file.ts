import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isDataFile, readDataFile } from "../base/data-file.ts";
import { messageOf } from "../base/error-text.ts";
import { providerModule } from "../hive/open-provider.ts";
import { configProblems, parsedConfig, type Config } from "./config-schema.ts";
import { UsageError } from "./exit-code.ts";
import { importFile } from "./import-file.ts";

/** A configuration file that was read. */
export interface ConfigFile {
  readonly path: string;
  readonly config: Config;
}

const names = ["json", "yaml", "yml", "ts", "mts", "js", "mjs"].map((extension) => `beehive.config.${extension}`);

/** Returns the path of the configuration file in this folder, or in the nearest one above. */
export function findConfigFile(folder: string): string | undefined {
  const found = names.map((name) => join(folder, name)).filter((path) => existsSync(path));
  if (found.length > 1) throw new UsageError(`There are several configurations: ${found.join(", ")}. Keep one.`);
  const parent = dirname(folder);
  return found[0] ?? (parent === folder ? undefined : findConfigFile(parent));
}

/**
 * Reads a configuration file: JSON, YAML, or a module with the configuration as its default export.
 *
 * @throws UsageError that lists every problem with its path.
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const content = await parse(path);
  const problems = configProblems(content);
  if (problems.length > 0) throw new UsageError(listOf(path, problems));
  return { path, config: await withResolvedPaths(path, parsedConfig(content)) };
}

async function parse(path: string): Promise<unknown> {
  if (!isDataFile(path)) {
    const { default: config } = await importFile(path);
    if (config === undefined) throw new UsageError(`${path} has no default export; export default { ... }`);
    return config;
  }
  try {
    return await readDataFile(path);
  } catch (cause) {
    throw new UsageError(`${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Resolves paths against the folder of the configuration file, so that it works in any folder below. */
async function withResolvedPaths(path: string, config: Config): Promise<Config> {
  const folder = dirname(path);
  const { modules, stages, provider, overrides, relay, codec } = config;
  const resolved = async (url: string): Promise<string> => {
    const module = await providerModule(url.split(":", 1)[0] ?? "");
    return module?.resolved?.(url, folder) ?? url;
  };
  return {
    ...config,
    ...(modules && { modules: modules.map((module) => resolve(folder, module)) }),
    ...(stages !== undefined && { stages: resolve(folder, stages) }),
    ...(provider !== undefined && { provider: await resolved(provider) }),
    ...(codec !== undefined && { codec: resolve(folder, codec) }),
    ...(typeof overrides === "string" && { overrides: resolve(folder, overrides) }),
    ...(relay && {
      relay: {
        ...(relay.from !== undefined && { from: await resolved(relay.from) }),
        ...(relay.to !== undefined && { to: await resolved(relay.to) }),
      },
    }),
  };
}

/** Returns a title and its problems, one per line. */
export function listOf(title: string, problems: readonly string[]): string {
  return [`${title}:`, ...problems.map((problem) => `  ${problem}`)].join("\n");
}
