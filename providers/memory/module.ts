import type { ProviderModule } from "../../src/contract/provider-module.ts";

/** Describes `memory:`. */
export const providerModule: ProviderModule = {
  scheme: "memory",
  journal: "memory",
  sharedBetweenProcesses: false,
  messagingSystem: "memory",
  open: async (url, context) => (await import("./index.ts")).openMemory(url, context),
};
