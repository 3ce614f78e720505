import { messageOf } from "../../base/error-text.ts";
import type { Event } from "../../events/event.ts";
import type { DeliveryRecord, History } from "./history.ts";

/** The longest body that a story shows, in characters. */
const maxBody = 80;

/**
 * Returns a run as a tree: each event, its deliveries with what befell them, and the events that followed.
 *
 * A delivery that a fault struck, and those after it of the same event, show their calls.
 */
export function storyOf(history: History): string {
  const lines: string[] = [];
  const told = new Set<string>();

  const tellEvent = (event: Event, indent: string): void => {
    lines.push(`${indent}${titleOf(event)}${told.has(event.id) ? " (see above)" : ""}`);
    if (told.has(event.id)) return;
    told.add(event.id);
    for (const fate of history.fates.values()) {
      if (fate.event.id !== event.id) continue;
      tellDeliveries(fate.deliveries, `${indent}  `);
    }
  };
  const tellDeliveries = (deliveries: readonly DeliveryRecord[], indent: string): void => {
    let touched = false;
    let alike = 0;
    for (const [index, record] of deliveries.entries()) {
      touched ||= record.faults.length > 0;
      const next = deliveries[index + 1];
      if (index > 0 && next && isAlike(record, next) && isAlike(record, deliveries[index - 1] as DeliveryRecord))
        alike++;
      else {
        if (alike > 0) lines.push(`${indent}(${alike} more like this)`);
        alike = 0;
        tellDelivery(record, indent, touched);
      }
    }
  };
  const tellDelivery = (record: DeliveryRecord, indent: string, inFull: boolean): void => {
    lines.push(`${indent}${lineOf(record)}`);
    if (inFull) for (const { text } of record.calls) lines.push(`${indent}    ${text}`);
    for (const fault of record.faults) lines.push(`${indent}  ! ${fault}`);
    for (const output of record.outputs) tellEvent(output, `${indent}  `);
  };

  for (const event of history.pushed) tellEvent(event, "");
  for (const fault of history.elsewhere) lines.push(`! ${fault}`);
  return lines.join("\n");
}

/** Returns whether two deliveries ended alike, with nothing to tell of either. */
function isAlike(one: DeliveryRecord, other: DeliveryRecord): boolean {
  const silent = (record: DeliveryRecord): boolean => record.faults.length === 0 && record.outputs.length === 0;
  return (
    silent(one) && silent(other) && one.outcome === other.outcome && messageOf(one.error) === messageOf(other.error)
  );
}

function titleOf(event: Event): string {
  const { body, eventType } = event;
  if (typeof body !== "string" || body.length > maxBody || body === "") return eventType;
  return `${eventType} ${body}`;
}

function lineOf({ descriptor, lease, process, outcome = "under way", error, isCopy }: DeliveryRecord): string {
  const { queueName, name } = descriptor;
  const notes = [
    ...(lease.attempt === 1 ? [] : [`attempt ${lease.attempt}`]),
    ...(isCopy ? ["a copy"] : []),
    `process ${process}`,
  ];
  const why = error === undefined ? "" : `: ${firstSentence(messageOf(error))}`;
  return `${queueName.subscription || queueName.topic}: ${name} (${notes.join(", ")}) → ${outcome}${why}`;
}

function firstSentence(text: string): string {
  return text.split(/(?<=\.)\s/, 1)[0] ?? text;
}
