import type { Duration } from "../../src/base/duration.ts";
import { parsePlacelessUrl } from "../../src/contract/provider-url.ts";
import { duration, optionsIn, whole, type OptionRules } from "../../src/provider-kit/options.ts";

/**
 * The options of the memory provider.
 *
 * @example
 * createHive({ actors, provider: "memory:?maxEventBytes=65536&deduplication=1h" });
 * @example
 * new MemoryProvider({ deduplication: "1h" });
 */
export interface MemoryConfig {
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

export const defaultConfig: MemoryConfig = { maxEventBytes: 262_144, deduplication: 600_000 };

export const optionRules: OptionRules<MemoryConfig> = { maxEventBytes: whole(1), deduplication: duration(1) };

/** Reads the options of a URL. @throws BeeHiveError `InvalidConfiguration` with every problem of the URL. */
export function configFrom(url: string): MemoryConfig {
  return { ...defaultConfig, ...optionsIn(parsePlacelessUrl(url), optionRules) };
}
