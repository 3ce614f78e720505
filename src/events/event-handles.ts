import type { Clock } from "../base/clock.ts";
import { durationProblems, inMs, type Duration } from "../base/duration.ts";
import { wholeMs } from "../base/numbers.ts";
import { checkedLine, checkedTime, invalid } from "./event-checks.ts";
import type { EventOptions, EventProperty } from "./event-record.ts";

/*
 * The key by which an event is cancelled, and the time when it expires. Both are properties, which every provider
 * carries: an event without them is no larger.
 */

/** The property that carries {@link EventOptions.cancelKey}. */
const cancelKeyProperty = "cancelkey";

/** The property that carries {@link EventOptions.expires}: the extension of CloudEvents of that name. */
export const expiryProperty = "expirytime";

type Properties = Readonly<Record<string, EventProperty>>;

/** The times that a length of time in `expires` may count from, in ms since the epoch. */
interface Times {
  readonly timestamp: number;
  readonly enqueueTime: number | undefined;
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
  const [problem] = durationProblems("the expires of an event", expires, wholeMs(1));
  if (problem !== undefined) throw invalid(problem);
  return new Date(Math.max(enqueueTime ?? timestamp, timestamp) + inMs(expires)).toISOString();
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
