import { BeeHiveError } from "./errors.ts";
import type { Provider, ProviderContext } from "./provider.ts";

/**
 * Opens the provider that a URL names: `memory:` or `sqlite:./hive.db`. Its module is loaded here and only here, so nobody installs
 * or loads the SDK of a cloud that they do not use.
 *
 * @throws BeeHiveError `InvalidConfiguration` when no provider has that scheme or its packages are not installed.
 */
export async function openProvider(url: string, context: ProviderContext): Promise<Provider> {
  const scheme = url.split(":", 1)[0];
  switch (scheme) {
    case "memory":
      return (await import("../providers/memory/index.ts")).openMemory(url, context);
    case "sqlite":
      return (await import("../providers/sqlite/index.ts")).openSqlite(url, context);
    default:
      throw new BeeHiveError(
        "InvalidConfiguration",
        `No provider is called "${scheme}". There are memory: and sqlite:FILE`,
      );
  }
}
