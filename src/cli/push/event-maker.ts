import { createHash } from "node:crypto";
import { systemClock } from "../../base/clock.ts";
import { jsonErrorPlace } from "../../base/json-error.ts";
import { isJson } from "../../events/body.ts";
import { fromCloudEventText } from "../../events/cloud-events.ts";
import { Event, type EventOptions, type EventProperty } from "../../events/event.ts";
import { memberText } from "../../events/json-source.ts";
import type { QueueName } from "../../events/queue-name.ts";
import { UsageError } from "../exit-code.ts";
import type { Item } from "../input/place.ts";
import { withBodyVersion, type VersionSource } from "./body-versions.ts";

/** The settings of all events of a push. */
export interface EventSettings {
  readonly queue: QueueName;
  /** The type of events made from bodies; CloudEvents have their own types. */
  readonly type: string;
  readonly cloudEvents: boolean;
  readonly properties: Readonly<Record<string, EventProperty>>;
  readonly correlationId: string | undefined;
  /** The paths of the partition key and of the event id within a body. */
  readonly partitionKeyFrom: string | undefined;
  readonly idFrom: string | undefined;
  readonly versions: VersionSource;
  /** The delay of all events, in ms. */
  readonly delay: number | undefined;
  /** Event ids derive from this and the item's number. So the same item of a run is the same event. */
  readonly runId: string;
}

/**
 * Makes the event of one value and checks its body. A JSON body keeps the text as it was written, all digits included.
 *
 * @throws An error about the value that does not name its line.
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
    // Do not use the error of JSON.parse: it quotes the body, which may be confidential.
    throw new UsageError(`it is not JSON, wrong ${jsonErrorPlace(text)?.replace(" (line 1 ", " (") ?? "somewhere"}`);
  }
}

/** Returns the body as JSON text; empty without a body, or when it is not JSON. */
function jsonIn(event: Event): string {
  const { body } = event;
  if (body.length === 0 || !isJson(event.contentType)) return "";
  event.getBody();
  return typeof body === "string" ? body : Buffer.from(body).toString();
}

/** Returns the text, or the number as written, at a path such as `body.customer.id`. */
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

/** Returns the same id for the same item of a run. So a repeated push is a duplicate. */
function idOf(runId: string, number: number): string {
  return createHash("sha256").update(`${runId}\n${number}`).digest("base64url").slice(0, 32);
}

/**
 * Reads `name=value` as a property. Numbers, `true` and `false` keep their type; in quotes they are texts.
 *
 * A whole number beyond the safe range stays a text, so that no digit is lost.
 */
export function propertyOf(text: string): [string, EventProperty] {
  const [, name, value = ""] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new UsageError(`--property must be NAME=VALUE, not ${JSON.stringify(text)}`);
  if (/^(true|false|-?\d+(\.\d+)?|".*")$/.test(value)) {
    try {
      const read = JSON.parse(value) as EventProperty;
      return [name, Number.isInteger(read) && !Number.isSafeInteger(read) ? value : read];
    } catch {
      // The text only looks like JSON, such as 007.
    }
  }
  return [name, value];
}
