import { BeeHiveError } from "./errors.ts";
import { parseProviderUrl } from "./provider-url.ts";
import type { Provider, ProviderContext } from "./provider.ts";

/**
 * Opens the provider that a URL names: `memory:`, `sqlite:./hive.db`, `azure:...` or `aws:...`. Its module is loaded when it is asked for,
 * so nobody installs or loads the SDK of a cloud that they do not use.
 *
 * @throws BeeHiveError `InvalidConfiguration` when no provider has that scheme or its packages are not installed.
 */
export async function openProvider(url: string, context: ProviderContext): Promise<Provider> {
  const { scheme } = parseProviderUrl(url);
  switch (scheme) {
    case "memory":
      return (await import("../providers/memory/index.ts")).openMemory(url, context);
    case "sqlite":
      return (await import("../providers/sqlite/index.ts")).openSqlite(url, context);
    case "aws":
      return (await installed(import("../providers/aws/index.ts"), "@aws-sdk/client-{sqs,sns,dynamodb,s3}")).openAws(
        url,
        context,
      );
    case "azure":
      return (
        await installed(import("../providers/azure/index.ts"), "@azure/{service-bus,data-tables,storage-blob}")
      ).openAzure(url, context);
    default:
      throw new BeeHiveError(
        "InvalidConfiguration",
        `No provider is called "${scheme}". There are memory:, sqlite:FILE, azure: and aws:.`,
      );
  }
}

/** The module of a provider whose packages are the user's to install. */
async function installed<T>(module: Promise<T>, packages: string): Promise<T> {
  try {
    return await module;
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new BeeHiveError(
      "InvalidConfiguration",
      `This provider needs packages that are not installed: npm install ${packages}`,
      { cause },
    );
  }
}
