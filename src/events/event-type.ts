import type { StandardSchemaV1 } from "@standard-schema/spec";
import { durationForms, inMs, type Duration } from "../base/duration.ts";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import { told } from "../base/numbers.ts";
import { kindOf } from "./event-checks.ts";
import { Event, type EventOptions } from "./event.ts";
import { defaultNewerVersionWait, guessOf, NewerVersion, versionOf, versionProperty } from "./event-version.ts";
import type { Received } from "../base/json-value.ts";
import { schemaProblems } from "./schema-problems.ts";

export interface EventTypeOptions {
  /** Where events of this type go unless an event says otherwise; the topic named like the type unless given. */
  readonly queueName?: string | undefined;
  /**
   * The version of the body that this code writes, into the property `schemaVersion` of its events when it is not 1.
   *
   * @default 1
   */
  readonly version?: number | undefined;
  /** From each older version that is still read, how its body becomes that of the next version. */
  readonly upcasters?: Readonly<Record<number, (body: never) => unknown>> | undefined;
  /**
   * How long an event of a newer version is abandoned without counting an attempt, before it is dead-lettered.
   *
   * The time that two releases run side by side; 0 dead-letters it at once.
   *
   * @default 300_000
   */
  readonly newerVersionWait?: Duration | undefined;
  /** Whether such events come from outside the actors, such as from a web server: what `beehive graph` and `beehive lint` cannot see. */
  readonly entry?: boolean | undefined;
}

/** A type of event that makes events with the right body and reads the bodies of those it is given. */
export interface EventType<Input, Output = Input> {
  readonly name: string;
  readonly version: number;
  /** What it was declared with. */
  readonly schema: StandardSchemaV1 | undefined;
  /** Where its events go unless an event says otherwise; the topic named like the type when there is none. */
  readonly queueName: string | undefined;
  readonly entry: boolean;
  /**
   * An event of this type. Its body is checked as its readers will see it, which is what JSON makes of it.
   *
   * @throws BeeHiveError `InvalidEvent` with the path of what does not fit the schema.
   */
  create(body: Input, options?: EventOptions): Event<Input>;
  /**
   * Returns the body of a received event, checked against the schema after older versions were brought up to date. The
   * property `schemaVersion` says the version, a whole number; an event without it is read as version 1.
   *
   * @throws BeeHiveError `BodyUnreadable` with the path of what does not fit; thrown in an actor, it sends the
   *   event to the dead letters at once.
   * @throws NewerVersion when the version is newer than this code knows; thrown in an actor, it gives the event back for
   *   `newerVersionWait`, then sends it to the dead letters.
   */
  read(event: Event): Output;
  /** Whether an event is of this type. */
  is(event: Event): event is Event<Input>;
}

/**
 * Declares a type of event: `eventType<Order>("OrderAccepted")`, checked by the compiler, or
 * `eventType("OrderAccepted", schema)` with any Standard Schema (zod, valibot, arktype, ...), checked when an
 * event is made and when it is read. Schemas must be synchronous.
 */
export function eventType<Body = unknown>(
  name: string,
  schema?: undefined,
  options?: EventTypeOptions,
): EventType<Body, Received<Body>>;
export function eventType<Schema extends StandardSchemaV1>(
  name: string,
  schema: Schema,
  options?: EventTypeOptions,
): EventType<StandardSchemaV1.InferInput<Schema>, StandardSchemaV1.InferOutput<Schema>>;
export function eventType(name: string, schema?: StandardSchemaV1, options: EventTypeOptions = {}): EventType<unknown> {
  const { version = 1, upcasters = {}, queueName, entry = false } = options;
  const newerVersionWait = inMs(
    options.newerVersionWait === undefined ? defaultNewerVersionWait : options.newerVersionWait,
  );
  assertDeclaration(name, schema, options);
  assertUpcasters(name, version, upcasters);
  assertWait(name, newerVersionWait);
  const type: EventType<unknown> = {
    name,
    version,
    schema,
    queueName,
    entry,
    create(body, given) {
      const properties = version === 1 ? given?.properties : { ...given?.properties, [versionProperty]: version };
      const event = new Event(name, body, { ...(queueName === undefined ? {} : { queueName }), ...given, properties });
      // Checked as it is read: of a date JSON makes a text, which a schema of a date would refuse at every reader.
      if (schema) check(schema, body === undefined ? undefined : bodyOf(event), (problem) => unfit(name, problem));
      return event;
    },
    read(event) {
      const body = upcast(event, { name, version, upcasters, newerVersionWait });
      const guess = guessOf(event, version);
      return check(schema, body, (problem) => unreadable(event, `it does not fit ${name}${guess}: ${problem}`));
    },
    is: (event): event is Event<unknown> => event.eventType === name,
  };
  declared.set(`${name} ${version}`, type);
  return Object.defineProperty(type, brand, { value: true });
}

/** By name and version, so that a type that is declared again and again takes no more room. */
const declared = new Map<string, EventType<unknown>>();

/** @internal Every type of event that was declared so far, also by modules that export none of them. */
export function declaredTypes(): readonly EventType<unknown>[] {
  return [...declared.values()];
}

/** Marks what `eventType` made, also for another copy of this module. */
const brand = Symbol.for("beehive-actors.eventType");

/** Whether a value, such as the export of a module, was made by {@link eventType}. */
export function isEventType(value: unknown): value is EventType<unknown> {
  return typeof value === "object" && value !== null && Object.hasOwn(value, brand);
}

type Versions = Required<Pick<EventType<unknown>, "name" | "version">> & {
  readonly upcasters: NonNullable<EventTypeOptions["upcasters"]>;
  readonly newerVersionWait: number;
};

function upcast(event: Event, { name, version, upcasters, newerVersionWait }: Versions): unknown {
  if (event.eventType !== name) throw unreadable(event, `it is not of the type ${name}`);
  const from = versionOf(event);
  if (from === undefined)
    throw unreadable(event, `${JSON.stringify(event.properties[versionProperty])} is not a version`);
  if (from > version) {
    const reason = `its version is ${from}, this code reads ${name} up to version ${version}`;
    throw new NewerVersion(unreadable(event, reason).message, newerVersionWait);
  }
  let body = event.getBody<unknown>();
  for (let v = from; v < version; v++) {
    const step = upcasters[v];
    if (!step) {
      const reason = `there is no upcaster from version ${v} of ${name}`;
      throw unreadable(event, `its version is ${from}${guessOf(event, version)}, and ${reason}`);
    }
    try {
      body = step(body as never);
    } catch (cause) {
      const failed = `the upcaster from version ${v} of ${name} failed${guessOf(event, version)}`;
      throw unreadable(event, failed, cause);
    }
  }
  return body;
}

function check(schema: StandardSchemaV1 | undefined, body: unknown, error: (problem: string) => BeeHiveError): unknown {
  if (!schema) return body;
  const result = schema["~standard"].validate(body);
  if (result instanceof Promise) throw error("its schema is asynchronous, use a synchronous one");
  if (result.issues) throw error(schemaProblems(result.issues, body, schema));
  return result.value;
}

/** @throws BeeHiveError `InvalidEvent` when its readers could not read it, such as empty text. */
function bodyOf(event: Event): unknown {
  try {
    return event.getBody();
  } catch (cause) {
    throw new BeeHiveError("InvalidEvent", messageOf(cause), { cause });
  }
}

function unfit(name: string, problem: string): BeeHiveError {
  return new BeeHiveError("InvalidEvent", `The body, as it is read from JSON, does not fit ${name}: ${problem}.`);
}

const optionNames = [
  "queueName",
  "version",
  "upcasters",
  "entry",
  "newerVersionWait",
] as const satisfies (keyof EventTypeOptions)[];

/** Checks at run time what TypeScript checks at compile time, for callers without it. */
function assertDeclaration(name: unknown, schema: StandardSchemaV1 | undefined, options: EventTypeOptions): void {
  const wrong = (problem: string): BeeHiveError => new BeeHiveError("InvalidConfiguration", problem);
  if (typeof name !== "string" || name === "")
    throw wrong(`The name of an event type must be a text that is not empty, not ${kindOf(name)}.`);
  if (schema !== undefined && typeof schema?.["~standard"]?.validate !== "function")
    throw wrong(
      `The schema of ${name} is no Standard Schema; options are the third argument: eventType("${name}", undefined, options).`,
    );
  const unknown = Object.keys(options).find((option) => !(optionNames as readonly string[]).includes(option));
  if (unknown === undefined) return;
  throw wrong(`"${unknown}" is not an option of ${name}; there are ${optionNames.join(", ")}.`);
}

function assertUpcasters(name: string, version: number, upcasters: NonNullable<EventTypeOptions["upcasters"]>): void {
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new BeeHiveError(
      "InvalidConfiguration",
      `The version of ${name} must be a whole number from 1, not ${version}.`,
    );
  }
  const odd = Object.keys(upcasters).find((from) => !(Number(from) >= 1 && Number(from) < version));
  if (odd === undefined) return;
  throw new BeeHiveError(
    "InvalidConfiguration",
    `${name} is of version ${version}; an upcaster from version ${odd} leads nowhere.`,
  );
}

function assertWait(name: string, ms: number): void {
  if (typeof ms === "number" && ms >= 0 && ms < Infinity) return;
  throw new BeeHiveError(
    "InvalidConfiguration",
    `The newerVersionWait of ${name} must be a time from 0 ms, not ${told(ms)}; ${durationForms}.`,
  );
}

function unreadable(event: Event, reason: string, cause?: unknown): BeeHiveError {
  return new BeeHiveError("BodyUnreadable", `The event ${event.eventType} ${event.id} cannot be read: ${reason}.`, {
    cause,
  });
}
