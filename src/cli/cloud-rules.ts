import { BeeHiveError } from "../base/errors.ts";
import type { CloudRules } from "../analysis/graph/finding.ts";
import { providerModule, providersWith } from "../hive/open-provider.ts";
import { UsageError } from "./exit-code.ts";

/**
 * Returns the rules of clouds by name or URL: `aws`, or `aws:?prefix=shop`, since prefixes count in limits.
 *
 * Needs neither the SDK of a cloud nor credentials.
 */
export function cloudRules(names: readonly string[]): Promise<CloudRules[]> {
  return Promise.all(names.map(rulesOf));
}

/** Returns the configured provider as a list, when it is a cloud with rules. */
export async function configuredCloud(provider: string): Promise<string[]> {
  const module = await providerModule(schemeOf(provider));
  return module?.rules ? [provider] : [];
}

async function rulesOf(cloud: string): Promise<CloudRules> {
  const module = await providerModule(schemeOf(cloud));
  if (!module?.rules)
    throw new UsageError(`--for takes ${(await providersWith("rules")).join(" and ")}, not "${cloud}".`);
  try {
    return { cloud, ...(await module.rules(cloud.includes(":") ? cloud : `${cloud}:`)) };
  } catch (error) {
    if (error instanceof BeeHiveError) throw new UsageError(`--for: ${error.message}`, { cause: error });
    throw error;
  }
}

function schemeOf(url: string): string {
  return url.split(":", 1)[0] ?? "";
}
