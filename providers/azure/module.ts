import type { ProviderModule } from "../../src/contract/provider-module.ts";

/** Describes `azure:`. Loads no SDK until it is opened. */
export const providerModule: ProviderModule = {
  scheme: "azure",
  packages: "@azure/{service-bus,data-tables,storage-blob}",
  journal: "off",
  sharedBetweenProcesses: true,
  requestsOfCount: 1,
  messagingSystem: "servicebus",
  open: async (url, context) => (await import("./index.ts")).openAzure(url, context),
  async rules(url) {
    const { tuningFrom } = await import("./config.ts");
    const { Names } = await import("./queues/names.ts");
    const { topologyProblems } = await import("./queues/topology.ts");
    const { queuePrefix } = tuningFrom(url);
    return { problems: (specs) => topologyProblems(specs, new Names(queuePrefix)) };
  },
  surface: async (url) => (await import("./surface.ts")).azureSurface(url),
  leastRights: async (url, application) => (await import("./hosting/policy.ts")).leastRights(url, application),
};
