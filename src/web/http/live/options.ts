import { durationProblems, type Duration } from "../../../base/duration.ts";
import type { Logger } from "../../../base/logger.ts";
import { numberProblems, time, wholeNumber, type NumberRule } from "../../../base/numbers.ts";
import { objectProblems } from "../../../base/problems.ts";
import { isEventType, type AnyEventType } from "../../../events/event-type.ts";
import type { Hive } from "../../../hive/hive.ts";
import type { ChangeOf, LiveQuery } from "./change.ts";

/** The limits of each browser, and of all together. */
export interface LiveLimits {
  /** The time between two signs of life. @default "15s" */
  readonly heartbeat?: Duration | undefined;
  /** The time after which `user` is asked again about an open connection. @default "1m" */
  readonly recheck?: Duration | undefined;
  /** The bytes that wait for a browser, above which it is cut off. @default 1_048_576 */
  readonly maxBuffered?: number | undefined;
  /** The subscriptions of one browser. @default 100 */
  readonly maxSubscriptions?: number | undefined;
  /** The bytes of a message from a browser. @default 4_096 */
  readonly maxMessage?: number | undefined;
  /** The changes that a browser which comes back is shown; with more, the page loads its state. @default 10_000 */
  readonly maxBehind?: number | undefined;
  /** The browsers of this process. @default 10_000 */
  readonly maxConnections?: number | undefined;
}

/** The options of {@link live}. */
export interface LiveOptions<
  User,
  Topics extends readonly AnyEventType[],
  Queries extends Readonly<Record<string, LiveQuery>>,
> extends LiveLimits {
  /** The types of events that browsers may subscribe to, all of them or by partition key. @default [] */
  readonly topics?: Topics | undefined;
  /** The selections that browsers may subscribe to by name, see {@link query}. @default None. */
  readonly queries?: Queries | undefined;
  /**
   * Returns the user of a request, nothing for a stranger, or a response of its own.
   *
   * @param from The second argument of `fetch`; the request of Node for a WebSocket.
   */
  readonly user: (
    request: Request,
    from: unknown,
  ) => User | Response | undefined | Promise<User | Response | undefined>;
  /** Returns whether a user may see a change. Asked for each change, so that a revoked permission counts at once. */
  readonly may: (
    user: User,
    change: ChangeOf<Topics[number]> | ChangeOf<Queries[keyof Queries]["of"]>,
  ) => boolean | Promise<boolean>;
  /** Returns the body that a user sees, such as one without salaries. @default the whole body */
  readonly mask?:
    | ((user: User, change: ChangeOf<Topics[number]> | ChangeOf<Queries[keyof Queries]["of"]>) => unknown)
    | undefined;
  /** Other origins whose pages may connect, such as `https://shop.example`. @default those of the same host */
  readonly origins?: readonly string[] | undefined;
  /** Takes failures. @default Standard error. */
  readonly logger?: Logger | undefined;
}

type Options = LiveOptions<unknown, readonly AnyEventType[], Readonly<Record<string, LiveQuery>>>;

const times = ["heartbeat", "recheck"] as const;
const numbers: Readonly<Record<Exclude<keyof LiveLimits, (typeof times)[number]>, NumberRule>> = {
  maxBuffered: wholeNumber(1_024),
  maxSubscriptions: wholeNumber(1, 10_000),
  maxMessage: wholeNumber(64, 1_048_576),
  maxBehind: wholeNumber(0),
  maxConnections: wholeNumber(1),
};
const names = [...["topics", "queries", "user", "may", "mask", "origins", "logger"], ...times, ...Object.keys(numbers)];

/** Returns what is wrong with the options, in words. */
export function liveProblems(hive: unknown, options: unknown): string[] {
  const problems = objectProblems("live's options", options);
  if (problems.length > 0) return problems;
  const given = options as Partial<Options>;
  const { topics = [], queries = {}, origins = [] } = given;
  const shapes = [
    ...(Array.isArray(topics) && topics.every(isEventType) ? [] : ["topics must be event types, made by eventType"]),
    ...objectProblems("queries", queries),
    ...Object.entries(queries).flatMap(([name, one]) =>
      isQuery(one) ? [] : [`queries.${name} must be made by query`],
    ),
    ...(Array.isArray(origins) ? [] : ["origins must be a list of origins, such as https://a.example"]),
  ];
  if (shapes.length > 0) return shapes;
  const types = [...topics, ...Object.values(queries).map(({ of }) => of)];
  return [
    ...(typeof (hive as Partial<Hive> | undefined)?.log === "function" ? [] : ["live takes a hive, then its options"]),
    ...Object.keys(given)
      .filter((name) => !names.includes(name))
      .map((name) => `"${name}" is no option of live; there are ${names.join(", ")}`),
    ...(["user", "may"] as const)
      .filter((name) => typeof given[name] !== "function")
      .map((name) => `live needs ${name}, a function: without it, everybody would see everything`),
    ...(given.mask === undefined || typeof given.mask === "function" ? [] : ["mask must be a function"]),
    ...(types.length > 0 ? [] : ["live needs topics or queries, which browsers subscribe to"]),
    ...typeProblems(types, topics, Object.keys(queries)),
    ...origins
      .filter((origin) => !isOrigin(origin))
      .map((origin) => `"${origin}" is no origin, such as https://a.example`),
    ...times.flatMap((name) => (given[name] === undefined ? [] : durationProblems(name, given[name], time))),
    ...Object.entries(numbers).flatMap(([name, rule]) => {
      const value = given[name as keyof typeof numbers];
      return value === undefined ? [] : numberProblems(name, value, rule);
    }),
  ];
}

function typeProblems(
  types: readonly AnyEventType[],
  topics: readonly AnyEventType[],
  queries: readonly string[],
): string[] {
  const doubled = types.find(
    (type, at) => types.findIndex(({ name }) => name === type.name) < at && !types.slice(0, at).includes(type),
  );
  const both = topics.find(({ name }) => queries.includes(name));
  return [
    ...(doubled ? [`two types are called ${doubled.name}; name one of them`] : []),
    ...(both ? [`"${both.name}" is a topic and a query; rename the query`] : []),
  ];
}

function isQuery(one: unknown): boolean {
  const { of, parameters, matches } = Object(one) as Partial<LiveQuery>;
  return isEventType(of) && Array.isArray(parameters) && typeof matches === "function";
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
