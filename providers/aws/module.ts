import type { ProviderModule } from "../../src/contract/provider-module.ts";

/** Describes `aws:`. Loads no SDK until it is opened. */
export const providerModule: ProviderModule = {
  scheme: "aws",
  packages: "@aws-sdk/client-{sqs,sns,dynamodb,s3}",
  journal: "off",
  sharedBetweenProcesses: true,
  requestsOfCount: 2,
  messagingSystem: "aws_sqs",
  open: async (url, context) => (await import("./index.ts")).openAws(url, context),
  async rules(url) {
    const { configFrom } = await import("./config.ts");
    const { retentionSeconds, topologyProblems } = await import("./queues/limits.ts");
    const { prefix } = configFrom(url);
    return { problems: (specs) => topologyProblems(specs, prefix), retentionMs: retentionSeconds * 1_000 };
  },
  surface: async (url) => (await import("./surface.ts")).awsSurface(url),
  leastRights: async (url, application) => (await import("./hosting/policy.ts")).leastRights(url, application),
};
