import type { Clock } from "../base/clock.ts";
import { durationProblems, inMs, type Duration } from "../base/duration.ts";
import { wholeMs } from "../base/numbers.ts";
import { checkedLine, checkedTime, invalid } from "./event-checks.ts";
import type { EventOptions, EventProperty } from "./event-record.ts";

/*
 * The delay of an event, its expiry and the key by which it is cancelled. Key and expiry travel as properties, since no
 * broker has fields for them.
 */

/** The property that carries {@link EventOptions.cancelKey}. */
const cancelKeyProperty = "cancelkey";

/** The property that carries {@link EventOptions.expires}: the extension of CloudEvents of that name. */
export const expiryProperty = "expirytime";

type Properties = Readonly<Record<string, EventProperty>>;

/** Lengths of time among the options of an event, in ms. The hive counts them from the publication. */
export interface Lengths {
  readonly delay: number | undefined;
  /** Counts from the end of the delay. */
  readonly expires: number | undefined;
}

/** Returns the lengths of time among the options; `undefined` without any, as in most events. */
export function lengthsIn({ delay, enqueueTime, timestamp, expires }: EventOptions): Lengths | undefined {
  const isFixed = typeof expires === "object" || (delay === undefined && (enqueueTime ?? timestamp) !== undefined);
  const expiresAfter = isFixed ? undefined : expires;
  if (delay === undefined && expiresAfter === undefined) return undefined;
  if (delay !== undefined && enqueueTime !== undefined)
    throw invalid("it has a delay and an enqueueTime; give one of them");
  return { delay: lengthOf("delay", delay, 0), expires: lengthOf("expires", expiresAfter, 1) };
}

/** Returns the lengths of time of a copy: those of the changes, else its own. */
export function lengthsOfCopy(own: Lengths | undefined, changes: EventOptions): Lengths | undefined {
  const given = lengthsIn(changes);
  if (own === undefined) return given;
  const delay = given?.delay ?? ("enqueueTime" in changes ? undefined : own.delay);
  const expires = "expires" in changes ? given?.expires : own.expires;
  return delay === undefined && expires === undefined ? undefined : { delay, expires };
}

function lengthOf(what: string, length: Duration | undefined, min: number): number | undefined {
  if (length === undefined) return undefined;
  const [problem] = durationProblems(`the ${what} of an event`, length, wholeMs(min));
  if (problem !== undefined) throw invalid(problem);
  return inMs(length);
}

/** The times of an event that its lengths of time decide. */
export interface Counted {
  readonly enqueueTime: number | undefined;
  readonly properties: Properties;
}

/** The times that the expiry may count from, in ms since the epoch. */
interface Times {
  readonly timestamp: number;
  readonly enqueueTime: number | undefined;
}

/** Returns the times of an event with its lengths of time counted from `now`. */
export function countedFrom(now: number, { delay, expires }: Lengths, { enqueueTime, properties }: Counted): Counted {
  const due = delay === undefined ? enqueueTime : now + delay;
  if (expires === undefined) return { enqueueTime: due, properties };
  const end = new Date(Math.max(due ?? now, now) + expires).toISOString();
  return { enqueueTime: due, properties: Object.freeze({ ...properties, [expiryProperty]: end }) };
}

/** Returns properties with the cancel key and the expiry of these options. Options that are not given change nothing. */
export function withHandles(properties: Properties, options: EventOptions, times: Times): Properties {
  if (options.cancelKey === undefined && !("expires" in options)) return properties;
  const handles = {
    ...(options.cancelKey !== undefined && { [cancelKeyProperty]: checkedCancelKey(options.cancelKey) }),
    ...("expires" in options && { [expiryProperty]: checkedExpiry(options.expires, times) }),
  };
  const given = Object.entries<EventProperty | undefined>({ ...properties, ...handles });
  return Object.freeze(Object.fromEntries(given.filter(([, value]) => value !== undefined))) as Properties;
}

const maxCancelKey = 255;

function checkedCancelKey(key: string): string | undefined {
  const checked = checkedLine("cancelKey", key);
  if (checked === undefined || checked.length <= maxCancelKey) return checked;
  throw invalid(`the cancelKey of an event has ${checked.length} characters, at most ${maxCancelKey} are allowed`);
}

function checkedExpiry(expires: Date | Duration | undefined, { timestamp, enqueueTime }: Times): string | undefined {
  if (expires === undefined) return undefined;
  if (typeof expires === "object") return new Date(checkedTime("expires", expires) ?? 0).toISOString();
  const length = lengthOf("expires", expires, 1) ?? 0;
  return new Date(Math.max(enqueueTime ?? timestamp, timestamp) + length).toISOString();
}

/** Returns properties without the expiry, which is no part of an event's identity. */
export function withoutExpiry(properties: Properties): Properties {
  if (!Object.hasOwn(properties, expiryProperty)) return properties;
  const { [expiryProperty]: _, ...others } = properties;
  return others;
}

/** Returns properties without the cancel key, which belongs to one event and not to its copies. */
export function withoutCancelKey(properties: Properties): Properties {
  if (!Object.hasOwn(properties, cancelKeyProperty)) return properties;
  const { [cancelKeyProperty]: _, ...others } = properties;
  return Object.freeze(others);
}

/** Returns the key by which an event is cancelled. */
export function cancelKeyOf(properties: Properties): string | undefined {
  const key = properties[cancelKeyProperty];
  return typeof key === "string" && key !== "" ? key : undefined;
}

/** Returns the time when an event expires, in ms since the epoch. A value that is no time counts as none. */
export function expiryOf(properties: Properties): number | undefined {
  const text = properties[expiryProperty];
  if (typeof text !== "string") return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/** Returns whether an event is of no use any more. */
export function isExpired({ properties }: { readonly properties: Properties }, clock: Clock): boolean {
  const time = expiryOf(properties);
  return time !== undefined && time <= clock.now();
}
