import { createHash } from "node:crypto";
import { isJson } from "../../events/body.ts";
import { fromCloudEventText } from "../../events/cloud-events.ts";
import { systemClock } from "../../base/clock.ts";
import { Event, type EventOptions, type EventProperty } from "../../events/event.ts";
import { jsonErrorPlace } from "../../base/json-error.ts";
import { memberText } from "../../events/json-source.ts";
import type { QueueName } from "../../events/queue-name.ts";
import { UsageError } from "../exit-code.ts";
import type { Item } from "../input/place.ts";
import { withBodyVersion, type VersionSource } from "./body-versions.ts";

/** What is said of all events of a push. */
export interface EventSettings {
  readonly queue: QueueName;
  /** Of bodies; CloudEvents have their own. */
  readonly type: string;
  readonly cloudEvents: boolean;
  readonly properties: Readonly<Record<string, EventProperty>>;
  readonly correlationId: string | undefined;
  /** The paths, within a body, of what becomes the partition key and the id. */
  readonly partitionKeyFrom: string | undefined;
  readonly idFrom: string | undefined;
  /** What says of which version bodies are. */
  readonly versions: VersionSource;
  /** How long events stay away, in ms. */
  readonly delay: number | undefined;
  /** What ids are made from, with the number of the item: the same items of the same run are the same events. */
  readonly runId: string;
}

/**
/**
 * The event of one value, its body checked. A JSON body is the text of the value as it was written, numbers of any length
 * included.
 *
 * @throws an error that says what is wrong with it, without its line.
 */
export function eventOf({ number, text }: Item, settings: EventSettings): Event {
  assertJson(text);
  const event = settings.cloudEvents ? ofCloudEvent(text, settings) : ofBody(text, number, settings);
  return withBodyVersion(event, settings.versions);
}

function ofCloudEvent(text: string, settings: EventSettings): Event {
  const event = fromCloudEventText(text);
  const { partitionKeyFrom: path } = settings;
  return event.clone({
    ...commonOf(settings),
    id: event.id,
    properties: { ...event.properties, ...settings.properties },
    ...(path !== undefined && { partitionKey: keyAt(jsonIn(event), path) }),
  });
}

function ofBody(text: string, number: number, settings: EventSettings): Event {
  const { type, properties, idFrom, partitionKeyFrom, runId } = settings;
  const event = new Event(type, undefined, {
    ...commonOf(settings),
    properties,
    id: idFrom === undefined ? idOf(runId, number) : keyAt(text, idFrom),
    partitionKey: partitionKeyFrom === undefined ? undefined : keyAt(text, partitionKeyFrom),
  });
  return Event.fromRecord({ ...event.toRecord(), body: text.trim() });
}

function commonOf({ queue, correlationId, delay }: EventSettings): EventOptions {
  return {
    queueName: queue.kind === "topic" ? queue.toString() : `${queue.topic}-${queue.topic}`,
    ...(correlationId !== undefined && { correlationId }),
    ...(delay !== undefined && { enqueueTime: new Date(systemClock.now() + delay) }),
  };
}

function assertJson(text: string): void {
  try {
    JSON.parse(text);
  } catch {
    // The error of JSON.parse quotes the text; bodies do not belong in errors.
    throw new UsageError(`it is not JSON, wrong ${jsonErrorPlace(text)?.replace(" (line 1 ", " (") ?? "somewhere"}`);
  }
}

/** The JSON that a body is; empty text when it is none, or there is no body. */
function jsonIn(event: Event): string {
  const { body } = event;
  if (body.length === 0 || !isJson(event.contentType)) return "";
  event.getBody();
  return typeof body === "string" ? body : Buffer.from(body).toString();
}

/** The text, or the number as it is written, at a path such as `body.customer.id`. */
function keyAt(json: string, path: string): string {
  const names = path.replace(/^body\.?/, "").split(".");
  const found = names
    .filter((name) => name !== "")
    .reduce<string | undefined>((inner, name) => inner && memberText(inner, name), json)
    ?.trim();
  const value: unknown = found ? JSON.parse(found) : undefined;
  if (found && typeof value === "number") return found;
  if (typeof value === "string" && value !== "") return value;
  throw new UsageError(`it has no text or number at ${path}`);
}

/** The same item of the same run gives the same id, so that what is pushed again is dropped as a duplicate. */
function idOf(runId: string, number: number): string {
  return createHash("sha256").update(`${runId}\n${number}`).digest("base64url").slice(0, 32);
}

/**
 * `name=value` as a property: numbers, `true` and `false` are what they look like, in quotes they are texts. A number of
 * more digits than a number can have is a text.
 */
export function propertyOf(text: string): [string, EventProperty] {
  const [, name, value = ""] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new UsageError(`--property must be NAME=VALUE, not ${JSON.stringify(text)}`);
  if (/^(true|false|-?\d+(\.\d+)?|".*")$/.test(value)) {
    try {
      const read = JSON.parse(value) as EventProperty;
      return [name, Number.isInteger(read) && !Number.isSafeInteger(read) ? value : read];
    } catch {
      // A text that only looks like one of these, 007 for instance.
    }
  }
  return [name, value];
}
