import { BeeHiveError } from "../base/errors.ts";
import { parseProviderUrl } from "../contract/provider-url.ts";
import type { Provider, ProviderContext } from "../contract/provider.ts";
import { registeredProvider } from "../contract/provider-registry.ts";

/** The providers whose packages are the user's to install. */
const clouds = {
  aws: { module: "../../providers/aws/index.ts", packages: "@aws-sdk/client-{sqs,sns,dynamodb,s3}" },
  azure: { module: "../../providers/azure/index.ts", packages: "@azure/{service-bus,data-tables,storage-blob}" },
} as const;

/**
 * Opens the provider that a URL names: `memory:`, `sqlite:./hive.db`, `azure:...` or `aws:...`. Its module is loaded when it is asked for,
 * so nobody installs or loads the SDK of a cloud that they do not use.
 *
 * @throws BeeHiveError `InvalidConfiguration` when no provider has that scheme, its packages are not installed, or it is
 *   not part of the bundle.
 */
export async function openProvider(url: string, context: ProviderContext): Promise<Provider> {
  const { scheme } = parseProviderUrl(url);
  switch (scheme) {
    case "memory":
      return (await import("../../providers/memory/index.ts")).openMemory(url, context);
    case "sqlite":
      return (await import("../../providers/sqlite/index.ts")).openSqlite(url, context);
    case "aws":
    case "azure":
      if (!registeredProvider(scheme)) await loadCloud(scheme);
  }
  const open = registeredProvider(scheme);
  if (open) return open(url, context);
  throw new BeeHiveError(
    "InvalidConfiguration",
    `No provider is called "${scheme}". There are memory:, sqlite:FILE, azure: and aws:.`,
  );
}

/** Imports the module of a cloud, which registers itself. */
async function loadCloud(scheme: keyof typeof clouds): Promise<void> {
  const { module, packages } = clouds[scheme];
  try {
    await unbundled(module);
  } catch (cause) {
    const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown };
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") throw cause;
    const text = /module '[^']*index\.js'/.test(String(message))
      ? `The provider ${scheme}: is not in this bundle. Add import "beehive-actors/${scheme}" to its entry, and bundle again.`
      : `This provider needs packages that are not installed: npm install ${packages}`;
    throw new BeeHiveError("InvalidConfiguration", text, { cause });
  }
}

/**
 * Imports a module whose path bundlers do not see. They would follow it, and fail on the SDKs of a cloud that is not
 * used and not installed.
 */
function unbundled(path: string): Promise<unknown> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ path);
}
