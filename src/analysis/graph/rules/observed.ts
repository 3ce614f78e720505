import { compare } from "../transform.ts";
import { countText } from "../flow-chart.ts";
import type { EventGraph, Publication } from "../event-graph.ts";
import { publisherText } from "../event-graph.ts";
import type { Finding } from "../finding.ts";
import { entryHint } from "./flow.ts";

/** Finds differences between the journal and the code. */
export function observedFindings(graph: EventGraph): Finding[] {
  const { undeclared, unseen } = compare(graph);
  return [
    ...undeclared.map((one): Finding => ({
      rule: "undeclared-event",
      severity: "error",
      where: `${publisherText(one.from)} to ${one.to}`,
      message: undeclaredText(one),
    })),
    ...unseen.map(({ from, to }): Finding => ({
      rule: "never-seen",
      severity: "warning",
      where: `${publisherText(from)} to ${to}`,
      message: "It is declared, but the journal has no such event. Remove it if it no longer occurs.",
    })),
  ];
}

function undeclaredText({ from, to, count = 0 }: Publication): string {
  const seen = `The journal has ${countText(count)} of these events, but nothing declares them.`;
  if (from.kind === "outside") return `${seen} ${entryHint(to)}`;
  const name = to.kind === "queue" ? `${to}-${to}` : to.topic;
  return `${seen} Add "${name}" to the publishes of ${from.name}, so that the set-up makes it and the graph shows it.`;
}
