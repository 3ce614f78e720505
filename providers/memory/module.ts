import type { ProviderModule } from "../../src/contract/provider-module.ts";

/** Loads the provider. Kept after the first time, since a simulation opens one for each of its runs. */
const load = () => import("./index.ts");
let face: Awaited<ReturnType<typeof load>> | undefined;

/** Describes `memory:`. */
export const providerModule: ProviderModule = {
  scheme: "memory",
  journal: "memory",
  sharedBetweenProcesses: false,
  messagingSystem: "memory",
  open: async (url, context) => (face ??= await load()).openMemory(url, context),
};
