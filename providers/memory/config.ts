import { BeeHiveError } from "../../src/errors.ts";

/** How the memory provider is tuned, as `memory:?maxEventBytes=65536` or as an object. */
export interface MemoryConfig {
  /** The largest body that is taken, in bytes; 262,144 unless said, as the smallest of the clouds takes of a whole message. */
  readonly maxEventBytes: number;
  /** How long the id of an event is remembered to drop its duplicates, in ms; ten minutes unless said. */
  readonly deduplicationMs: number;
}

export const defaultConfig: MemoryConfig = { maxEventBytes: 262_144, deduplicationMs: 600_000 };

/** @throws BeeHiveError `InvalidConfiguration` with every problem of the URL. */
export function configFrom(url: string): MemoryConfig {
  const given = [...new URL(url).searchParams];
  const problems = given.flatMap(([name, value]) => {
    if (!(name in defaultConfig))
      return [`"${name}" is not an option; there are ${Object.keys(defaultConfig).join(" and ")}`];
    return Number.isSafeInteger(Number(value)) && Number(value) > 0
      ? []
      : [`${name} must be a whole number from 1, not "${value}"`];
  });
  if (problems.length > 0)
    throw new BeeHiveError("InvalidConfiguration", `"${url}" cannot be opened: ${problems.join("; ")}.`);
  return { ...defaultConfig, ...Object.fromEntries(given.map(([name, value]) => [name, Number(value)])) };
}
