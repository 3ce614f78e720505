import { messageOf } from "../base/error-text.ts";
import type { CausalDelivery, CausalEvent } from "./causal-event.ts";

/** Trees of events as text; an event that was met before is not told a second time. */
export function causalText(roots: readonly CausalEvent[]): string {
  const met = new Set<CausalEvent>();
  const lines: string[] = [];

  const writeEvent = (node: CausalEvent, indent: string): void => {
    lines.push(`${indent}${titleOf(node)}${met.has(node) ? " (see above)" : ""}`);
    if (met.has(node)) return;
    met.add(node);
    for (const delivery of node.deliveries) writeDelivery(delivery, `${indent}  `);
  };
  const writeDelivery = (delivery: CausalDelivery, indent: string): void => {
    lines.push(`${indent}${lineOf(delivery)}`);
    for (const output of delivery.outputs) writeEvent(output, `${indent}  `);
  };

  for (const root of roots) writeEvent(root, "");
  return lines.map((line) => `${line}\n`).join("");
}

/** The type; where it went if not to the topic of that name; and what else is worth knowing. */
function titleOf({ event, read }: CausalEvent): string {
  const notes = [
    ...(event.queueName === `${event.eventType}-` ? [] : [`to ${event.queueName}`]),
    ...(event.delivery === "log" ? ["log"] : []),
    ...(read ? [] : ["read by nobody"]),
  ];
  return notes.length === 0 ? event.eventType : `${event.eventType} (${notes.join(", ")})`;
}

function lineOf({ actor, queueName, attempt, outcome, error }: CausalDelivery): string {
  const reader = `${queueName.subscription || queueName.topic}: ${actor}`;
  const again = attempt === 1 ? "" : `, attempt ${attempt}`;
  return `${reader}${again} → ${outcome}${error === undefined ? "" : `: ${withoutIds(firstLine(messageOf(error)))}`}`;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** What differs from run to run: ids that are UUIDs, and times. */
function withoutIds(text: string): string {
  return text
    .replaceAll(/[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}/gi, "<id>")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>");
}
