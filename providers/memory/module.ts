import type { ProviderModule } from "../../src/contract/provider-module.ts";

let face: typeof import("./index.ts") | undefined;

/** Describes `memory:`. */
export const providerModule: ProviderModule = {
  scheme: "memory",
  journal: "memory",
  sharedBetweenProcesses: false,
  messagingSystem: "memory",
  open: async (url, context) => (face ??= await import("./index.ts")).openMemory(url, context),
};
