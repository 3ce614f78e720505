import { createHash } from "node:crypto";
import { fromCloudEvent } from "../../cloud-events.ts";
import { systemClock } from "../../clock.ts";
import { Event, type EventProperty } from "../../event.ts";
import { jsonErrorPlace } from "../../json-error.ts";
import type { QueueName } from "../../queue-name.ts";
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
 * The event of one value, its body checked.
 *
 * @throws an error that says what is wrong with it, without its line.
 */
export function eventOf(item: Item, settings: EventSettings): Event {
  return withBodyVersion(eventIn(item, settings), settings.versions);
}

function eventIn({ number, text }: Item, settings: EventSettings): Event {
  const value = parse(text);
  const { queue, properties, correlationId, delay } = settings;
  const common = {
    queueName: queue.kind === "topic" ? queue.toString() : `${queue.topic}-${queue.topic}`,
    ...(correlationId !== undefined && { correlationId }),
    ...(delay !== undefined && { enqueueTime: new Date(systemClock.now() + delay) }),
  };
  if (settings.cloudEvents) {
    const event = fromCloudEvent(value);
    const partitionKey = keyAt(bodyOf(event), settings.partitionKeyFrom);
    const all = { ...event.properties, ...properties };
    return event.clone({
      ...common,
      id: event.id,
      properties: all,
      ...(partitionKey !== undefined && { partitionKey }),
    });
  }
  return new Event(settings.type, value, {
    ...common,
    properties,
    id: keyAt(value, settings.idFrom) ?? idOf(settings.runId, number),
    partitionKey: keyAt(value, settings.partitionKeyFrom),
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The error of JSON.parse quotes the text; bodies do not belong in errors.
    throw new UsageError(`it is not JSON, wrong ${jsonErrorPlace(text)?.replace(" (line 1 ", " (") ?? "somewhere"}`);
  }
}

function bodyOf(event: Event): unknown {
  return event.body.length === 0 ? undefined : event.getBody<unknown>();
}

/** The text or number at a path such as `body.customer.id`; nothing when no path is given. */
function keyAt(body: unknown, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const value = path
    .replace(/^body\.?/, "")
    .split(".")
    .filter((name) => name !== "")
    .reduce<unknown>(
      (inner, name) =>
        typeof inner === "object" && inner !== null && Object.hasOwn(inner, name)
          ? (inner as Readonly<Record<string, unknown>>)[name]
          : undefined,
      body,
    );
  if (typeof value === "number" || (typeof value === "string" && value !== "")) return String(value);
  throw new UsageError(`it has no text or number at ${path}`);
}

/** The same item of the same run gives the same id, so that what is pushed again is dropped as a duplicate. */
function idOf(runId: string, number: number): string {
  return createHash("sha256").update(`${runId}\n${number}`).digest("base64url").slice(0, 32);
}

/** `name=value` as a property: numbers, `true` and `false` are what they look like, in quotes they are texts. */
export function propertyOf(text: string): [string, EventProperty] {
  const [, name, value = ""] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new UsageError(`--property must be NAME=VALUE, not ${JSON.stringify(text)}`);
  if (/^(true|false|-?\d+(\.\d+)?|".*")$/.test(value)) {
    try {
      return [name, JSON.parse(value) as EventProperty];
    } catch {
      // A text that only looks like one of these, 007 for instance.
    }
  }
  return [name, value];
}
