import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { ProviderModule } from "../../src/contract/provider-module.ts";

/** Describes `sqlite:`. */
export const providerModule: ProviderModule = {
  scheme: "sqlite",
  journal: "stored",
  lookMs: 2_000,
  sharedBetweenProcesses: true,
  messagingSystem: "sqlite",
  open: async (url, context) => (await import("./index.ts")).openSqlite(url, context),
  async missing(url) {
    const { configFrom } = await import("./config.ts");
    return existsSync(configFrom(url).file) ? undefined : "file";
  },
  resolved: (url, folder) =>
    url.replace(/^sqlite:(?!\/|:memory:)([^?]+)/, (_all, file: string) => `sqlite:${resolve(folder, file)}`),
};
