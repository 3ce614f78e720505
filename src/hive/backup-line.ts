import { BeeHiveError } from "../base/errors.ts";
import type { KeptEvent } from "../contract/topic-log.ts";
import { attributesOf, cloudEventRecord, withData } from "../events/cloud-events.ts";
import { Event } from "../events/event.ts";
import { oneLine } from "../events/json-source.ts";
import { QueueName } from "../events/queue-name.ts";
import type { LoggedEvent } from "./hive-log.ts";

/*
 * A line of a backup: the CloudEvent in JSON, with its place in the log as two more attributes.
 */

const position = "beehiveposition";
const published = "beehivepublished";

/** Leaves positions to the events to come: beyond 2^53 numbers are no longer exact. */
const maxPosition = 2 ** 52;

/** Returns the line of an event, without a line break. */
export function backupLine({ event, ...place }: LoggedEvent): string {
  const record = event.toRecord();
  const attributes = attributesOf(record);
  return oneLine(
    withData({ ...attributes, [position]: String(place.position), [published]: place.published.toISOString() }, record),
  );
}

/** Reads a line of {@link backupLine}. @throws BeeHiveError `InvalidEvent` for any other text. */
export function eventOfLine(line: string): KeptEvent & { readonly topic: QueueName } {
  const value = parsed(line);
  const { [position]: at, [published]: time, ...cloudEvent } = Object(value) as Readonly<Record<string, unknown>>;
  const place = typeof at === "string" && /^\d+$/.test(at) ? Number(at) : Number.NaN;
  const date = typeof time === "string" ? Date.parse(time) : Number.NaN;
  if (!(place <= maxPosition) || Number.isNaN(date))
    throw notOne(`it has no ${position} and ${published}; beehive push --cloud-events publishes other CloudEvents`);
  const record = cloudEventRecord(cloudEvent, line);
  const topic = QueueName.parse(record.queueName);
  if (topic.kind !== "topic") throw notOne(`its beehivequeue is ${topic}, which is no topic`);
  return { topic, position: place, published: date, event: Event.fromRecord(record) };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The error of JSON.parse quotes the text; bodies do not belong in errors.
    throw notOne("it is not JSON");
  }
}

function notOne(reason: string): BeeHiveError {
  return new BeeHiveError("InvalidEvent", `Not a line of beehive log export: ${reason}.`);
}
