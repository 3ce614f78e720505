import type { ProviderModule } from "../contract/provider-module.ts";

/** The file of a provider that describes it. */
export interface ModuleFile {
  readonly providerModule: ProviderModule;
}

/** The providers of this package by their schemes: the only file of the core that names them. */
export const providers: Readonly<Record<string, () => Promise<ModuleFile>>> = {
  memory: () => import("../../providers/memory/module.ts"),
  sqlite: () => import("../../providers/sqlite/module.ts"),
  postgres: () => unbundled("../../providers/postgres/module.ts"),
  azure: () => unbundled("../../providers/azure/module.ts"),
  aws: () => unbundled("../../providers/aws/module.ts"),
};

/** Other schemes of providers: libraries of PostgreSQL take both. */
export const schemeAliases: Readonly<Record<string, string>> = { postgresql: "postgres" };

/** Imports a path that bundlers do not follow. They would fail on the SDK of a cloud that is not installed. */
function unbundled(path: string): Promise<ModuleFile> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ path) as Promise<ModuleFile>;
}
