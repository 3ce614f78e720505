import type { StandardSchemaV1 } from "@standard-schema/spec";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import type { Received } from "../base/json-value.ts";
import { isTypeAlone } from "./body-of.ts";
import {
  assertDeclaration,
  assertUpcasters,
  newerVersionWaitOf,
  type EventTypeOptions,
  type Keep,
} from "./event-type-options.ts";
import { guessOf, NewerVersion, versionOf, versionProperty } from "./event-version.ts";
import { Event, type EventOptions } from "./event.ts";
import { schemaProblems } from "./schema-problems.ts";

/** A type of event. Makes events with a checked body, and reads the bodies of received ones. */
export interface EventType<Input, Output = Input, Name extends string = string> {
  /** A literal type where a schema or {@link bodyOf} declares the body: the compiler then tells types apart by it. */
  readonly name: Name;
  readonly version: number;
  /** The schema of the declaration. */
  readonly schema: StandardSchemaV1 | undefined;
  /** The destination of its events; `undefined` for the topic named like the type. */
  readonly queueName: string | undefined;
  readonly entry: boolean;
  /** The rule by which its topic keeps events; `undefined` for none. */
  readonly keep: Keep | undefined;
  /**
   * Returns an event of this type. Checks the body as its readers will see it, after JSON.
   *
   * @throws BeeHiveError `InvalidEvent` with the path of each problem.
   */
  create(body: Input, options?: EventOptions): Event<Input> & Named<Name>;
  /**
   * Returns the body of a received event, upcast to this version and checked.
   *
   * The property `schemaVersion` is the version of the body; an event without it is of version 1.
   *
   * @throws BeeHiveError `BodyUnreadable` with the path of each problem. It dead-letters the event of an actor.
   * @throws NewerVersion if this code does not know the version yet. It delays the event of an actor, up to
   *   `newerVersionWait`, then dead-letters it.
   */
  read(event: Event): Output;
  /**
   * Returns a body from elsewhere, such as a request, checked against the schema.
   *
   * @throws BeeHiveError `InvalidEvent` with the path of each problem.
   */
  parse(body: unknown): Output;
  /** Returns whether an event is of this type. */
  is(event: Event): event is Event<Input>;
}

/** The name of the type of an event, where the compiler knows it. */
interface Named<Name extends string> {
  readonly eventType: Name;
}

/** Any type of event that can be read. */
export interface AnyEventType extends Pick<
  EventType<unknown>,
  "name" | "version" | "schema" | "queueName" | "entry" | "read"
> {}

/** The body that a reader of a type gets. */
export type BodyOf<T extends AnyEventType> = ReturnType<T["read"]>;

/** The body that makes an event of a type. */
export type InputOf<T extends AnyEventType> = T extends { create(body: infer Input, ...given: never): unknown }
  ? Input
  : never;

/** The events that a type makes. */
export type EventOf<T> = T extends { create(...given: never): infer E extends Event } ? E : Event;

/**
 * Declares a type of event, with a TypeScript type or a schema for its body.
 *
 * A schema is any synchronous Standard Schema (zod, valibot, arktype, ...). It checks bodies when an event is made and
 * when it is read.
 *
 * @example
 * const OrderAccepted = eventType<Order>("OrderAccepted");
 * const OrderPaid = eventType("OrderPaid", z.object({ orderId: z.string() }));
 * const { orderId } = OrderPaid.read(event);
 * const OrderShipped = eventType("OrderShipped", bodyOf<Shipment>()); // a type, and a name that the compiler knows
 */
export function eventType<Body = unknown>(
  name: string,
  schema?: undefined,
  options?: EventTypeOptions,
): EventType<Body, Received<Body>>;
export function eventType<Schema extends StandardSchemaV1, const Name extends string = string>(
  name: Name,
  schema: Schema,
  options?: EventTypeOptions,
): EventType<StandardSchemaV1.InferInput<Schema>, StandardSchemaV1.InferOutput<Schema>, Name>;
export function eventType(name: string, given?: StandardSchemaV1, options: EventTypeOptions = {}): EventType<unknown> {
  const schema = isTypeAlone(given) ? undefined : given;
  const { version = 1, upcasters = {}, queueName, entry = false, keep } = options;
  assertDeclaration(name, schema, options);
  assertUpcasters(name, version, upcasters);
  const newerVersionWaitMs = newerVersionWaitOf(name, options);
  const type: EventType<unknown> = {
    name,
    version,
    schema,
    queueName,
    entry,
    keep,
    create(body, given) {
      const properties = version === 1 ? given?.properties : { ...given?.properties, [versionProperty]: version };
      const event = new Event(name, body, { ...(queueName === undefined ? {} : { queueName }), ...given, properties });
      // Checks the body as readers see it: JSON turns a date into a text, which a schema of a date refuses.
      if (schema) check(schema, body === undefined ? undefined : bodyOf(event), (problem) => unfit(name, problem));
      return event;
    },
    read(event) {
      const body = upcast(event, { name, version, upcasters, newerVersionWaitMs });
      const guess = guessOf(event, version);
      return check(schema, body, (problem) => unreadable(event, `it does not fit ${name}${guess}: ${problem}`));
    },
    parse: (body) => check(schema, body, (problem) => unfit(name, problem)),
    is: (event): event is Event<unknown> => event.eventType === name,
  };
  declared.set(`${name} ${version}`, type);
  return Object.defineProperty(type, brand, { value: true });
}

const registry = Symbol.for("beehive-actors.eventTypes");
const shared = globalThis as { [registry]?: Map<string, EventType<unknown>> };
/** Declared types by name and version, of all copies of this module. A repeated declaration takes no more memory. */
const declared = (shared[registry] ??= new Map<string, EventType<unknown>>());

/** @internal Returns every declared type of event, exported or not. */
export function declaredTypes(): readonly EventType<unknown>[] {
  return [...declared.values()];
}

/** Marks event types, also for another copy of this module. */
const brand = Symbol.for("beehive-actors.eventType");

/** Returns whether a value was made by {@link eventType}. */
export function isEventType(value: unknown): value is EventType<unknown> {
  return typeof value === "object" && value !== null && Object.hasOwn(value, brand);
}

type Versions = Required<Pick<EventType<unknown>, "name" | "version">> & {
  readonly upcasters: NonNullable<EventTypeOptions["upcasters"]>;
  readonly newerVersionWaitMs: number;
};

function upcast(event: Event, { name, version, upcasters, newerVersionWaitMs }: Versions): unknown {
  if (event.eventType !== name) throw unreadable(event, `it is not of the type ${name}`);
  const from = versionOf(event);
  if (from === undefined)
    throw unreadable(event, `${JSON.stringify(event.properties[versionProperty])} is not a version`);
  if (from > version) {
    const reason = `its version is ${from}, this code reads ${name} up to version ${version}`;
    throw new NewerVersion(unreadable(event, reason).message, newerVersionWaitMs);
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

/** Returns the body. @throws BeeHiveError `InvalidEvent` for a body that readers cannot read, such as empty text. */
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

function unreadable(event: Event, reason: string, cause?: unknown): BeeHiveError {
  return new BeeHiveError("BodyUnreadable", `The event ${event.eventType} ${event.id} cannot be read: ${reason}.`, {
    cause,
  });
}
