import type { ProviderModule } from "../../src/contract/provider-module.ts";

/** Describes `postgres:`. */
export const providerModule: ProviderModule = {
  scheme: "postgres",
  packages: "pg",
  journal: "stored",
  sharedBetweenProcesses: true,
  messagingSystem: "postgresql",
  open: async (url, context) => (await import("./index.ts")).openUrl(url, context),
};
