import type { Duration } from "../base/duration.ts";
import type { Config } from "./config-schema.ts";

/** The content of `beehive.config.*` as it is written; docs/cli.md has a table of it. */
export interface BeeHiveConfig extends Omit<Config, "stopDeadline"> {
  /** How long actors may take to finish when the worker stops. @default "30s" */
  readonly stopDeadline?: Duration;
}

/**
 * Returns the configuration as it is. Editors then know the settings of a `beehive.config.ts`.
 *
 * @example
 * export default defineConfig({ provider: "sqlite:./hive.db", modules: ["src/actors.ts"] });
 */
export function defineConfig(config: BeeHiveConfig): BeeHiveConfig {
  return config;
}
