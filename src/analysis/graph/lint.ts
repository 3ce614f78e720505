import type { ActorDescriptor } from "../../actors/actor.ts";
import { queueSpecs } from "../../actors/topology.ts";
import type { InjectionFinding } from "../../actors/injection/check.ts";
import type { Publisher } from "../../actors/publishes.ts";
import type { CloudRules, Finding } from "./finding.ts";
import type { EventGraph } from "./event-graph.ts";
import { budgetFindings } from "./rules/budgets.ts";
import { eventFindings } from "./rules/events.ts";
import { flowFindings } from "./rules/flow.ts";
import { forkFindings } from "./rules/forks.ts";
import { injectionFindings } from "./rules/injection.ts";
import { observedFindings } from "./rules/observed.ts";

/**
 * Returns the problems between actors, errors first. Runs nothing and asks no cloud.
 *
 * @param descriptors The actors of the graph; `publishers` are its other publishers.
 * @param clouds The clouds that it is to run on.
 * @param injection The findings of the injection check.
 */
export function lint(
  graph: EventGraph,
  descriptors: readonly ActorDescriptor[],
  clouds: readonly CloudRules[] = [],
  publishers: readonly Publisher[] = [],
  injection: readonly InjectionFinding[] = [],
): Finding[] {
  const specs = queueSpecs(descriptors, publishers);
  const refused = clouds.flatMap((rules) =>
    rules
      .problems(specs)
      .map((message): Finding => ({ rule: "refused-by-cloud", severity: "error", where: rules.cloud, message })),
  );
  const findings = [
    ...refused,
    ...injectionFindings(injection),
    ...flowFindings(graph),
    ...observedFindings(graph),
    ...budgetFindings(descriptors, clouds),
    ...eventFindings(graph),
    ...forkFindings(graph),
  ];
  return [...findings.filter(isError), ...findings.filter((one) => !isError(one))];
}

function isError({ severity }: Finding): boolean {
  return severity === "error";
}
