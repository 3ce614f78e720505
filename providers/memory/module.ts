import type { ProviderModule } from "../../src/contract/provider-module.ts";

let openMemory: ProviderModule["open"] | undefined;

/** Describes `memory:`. */
export const providerModule: ProviderModule = {
  scheme: "memory",
  journal: "memory",
  sharedBetweenProcesses: false,
  messagingSystem: "memory",
  open: async (url, context) => (openMemory ??= (await import("./index.ts")).openMemory)(url, context),
};
