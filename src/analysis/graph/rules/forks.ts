import type { EventGraph } from "../event-graph.ts";
import type { Finding } from "../finding.ts";
import { forksOf } from "../forks.ts";

/** Finds readers of topics that a later version replaces, such as `OrderPlaced` beside `OrderPlaced_v2`. */
export function forkFindings(graph: EventGraph): Finding[] {
  return forksOf(graph).flatMap(({ later, readers }) =>
    readers.map(({ queueName, actor }): Finding => ({
      rule: "replaced-topic",
      severity: "warning",
      where: String(queueName),
      message: `${later.join(" and ")} takes its place, and ${actor} still reads the old topic. Let it read the new one.`,
    })),
  );
}
