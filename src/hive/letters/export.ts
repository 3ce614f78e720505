import { redact } from "../../base/redact.ts";
import type { DeadLetter } from "../../contract/dead-letter.ts";
import { toCloudEventText } from "../../events/cloud-events.ts";
import { oneLine } from "../../events/json-source.ts";

/** Returns a letter as one line of JSON: its facts, and its event as a CloudEvent with its body. */
export function exportLine(letter: DeadLetter): string {
  const { id, event, reason, errorName, errorMessage, stack, actor, subscription, attempts } = letter;
  const facts = {
    letterId: id,
    reason: redact(reason),
    errorName,
    errorMessage: redact(errorMessage),
    stack: stack === undefined ? undefined : redact(stack),
    actor,
    subscription,
    attempts,
    firstSeen: letter.firstSeen.toISOString(),
    lastSeen: letter.lastSeen.toISOString(),
  };
  // The event is text already, and keeps the numbers of its body as they are written.
  return `${JSON.stringify(facts).slice(0, -1)},"event":${oneLine(toCloudEventText(event))}}`;
}
