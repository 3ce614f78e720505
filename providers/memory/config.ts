import { optionsIn, whole, type OptionRules } from "../../src/provider-kit/options.ts";
import { parsePlacelessUrl } from "../../src/contract/provider-url.ts";

/** How the memory provider is tuned, as `memory:?maxEventBytes=65536` or as an object. */
export interface MemoryConfig {
  /** The largest body that is taken, in bytes; 262,144 unless said, as the smallest of the clouds takes of a whole message. */
  readonly maxEventBytes: number;
  /** How long the id of an event is remembered to drop its duplicates, in ms; ten minutes unless said. */
  readonly deduplicationMs: number;
}

export const defaultConfig: MemoryConfig = { maxEventBytes: 262_144, deduplicationMs: 600_000 };

export const optionRules: OptionRules<MemoryConfig> = { maxEventBytes: whole(1), deduplicationMs: whole(1) };

/** @throws BeeHiveError `InvalidConfiguration` with every problem of the URL. */
export function configFrom(url: string): MemoryConfig {
  return { ...defaultConfig, ...optionsIn(parsePlacelessUrl(url), optionRules) };
}
