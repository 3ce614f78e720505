import { BeeHiveError } from "../base/errors.ts";
import type { CloudRules } from "../graph/cloud-rules.ts";
import { UsageError } from "./exit-code.ts";

/**
 * The rules of clouds by their names or URLs, `aws` or `aws:?prefix=shop`: what stands before the names counts. Neither
 * the SDK of a cloud nor credentials are needed.
 */
export function cloudRules(names: readonly string[]): Promise<CloudRules[]> {
  return Promise.all(names.map(rulesOf));
}

async function rulesOf(cloud: string): Promise<CloudRules> {
  const url = cloud.includes(":") ? cloud : `${cloud}:`;
  try {
    switch (url.split(":", 1)[0]) {
      case "aws": {
        const { configFrom } = await import("../../providers/aws/config.ts");
        const { retentionSeconds, topologyProblems } = await import("../../providers/aws/queues/limits.ts");
        const { prefix } = configFrom(url);
        return { cloud, problems: (specs) => topologyProblems(specs, prefix), retentionMs: retentionSeconds * 1_000 };
      }
      case "azure": {
        const { tuningFrom } = await import("../../providers/azure/config.ts");
        const { Names } = await import("../../providers/azure/queues/names.ts");
        const { topologyProblems } = await import("../../providers/azure/queues/topology.ts");
        const { queuePrefix } = tuningFrom(url);
        return { cloud, problems: (specs) => topologyProblems(specs, new Names(queuePrefix)) };
      }
      default:
        throw new UsageError(`--for takes azure and aws, not "${cloud}".`);
    }
  } catch (error) {
    if (error instanceof BeeHiveError) throw new UsageError(`--for: ${error.message}`, { cause: error });
    throw error;
  }
}
