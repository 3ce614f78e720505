import type { StandardSchemaV1 } from "@standard-schema/spec";
import { durationForms, durationProblems, inMs, type Duration } from "../base/duration.ts";
import { BeeHiveError } from "../base/errors.ts";
import { numberProblems, valueText, wholeMs, wholeNumber } from "../base/numbers.ts";
import { objectProblems } from "../base/problems.ts";
import { kindOf } from "./event-checks.ts";
import { defaultNewerVersionWaitMs } from "./event-version.ts";
import { QueueName } from "./queue-name.ts";

/**
 * The options of an event type.
 *
 * @example
 * const OrderAccepted = eventType("OrderAccepted", schema, {
 *   version: 2,
 *   upcasters: { 1: (body: OrderV1) => ({ ...body, currency: "EUR" }) },
 * });
 */
export interface EventTypeOptions {
  /**
   * The destination of its events.
   *
   * @default the topic named like the type
   */
  readonly queueName?: string | undefined;
  /**
   * The version of the bodies that this code writes. Versions above 1 are in the property `schemaVersion`.
   *
   * @default 1
   */
  readonly version?: number | undefined;
  /** Functions by old version. Each turns a body of its version into one of the next. */
  readonly upcasters?: Readonly<Record<number, (body: never) => unknown>> | undefined;
  /**
   * The time for which an event of a newer version waits for newer code, without counting attempts.
   *
   * Then it is dead-lettered, with 0 at once. Cover the time that two releases run side by side.
   *
   * @default "5m"
   */
  readonly newerVersionWait?: Duration | undefined;
  /**
   * True if code outside the actors publishes such events, such as a web server.
   *
   * `beehive graph` and `beehive lint` cannot see such code.
   *
   * @default false
   */
  readonly entry?: boolean | undefined;
  /**
   * How the topic of its events keeps them, see docs/log.md. `createHive({ keep })` wins over it for a named topic.
   *
   * @default Not at all.
   * @example
   * eventType("OrderAccepted", schema, { keep: "30d" });
   */
  readonly keep?: Keep | undefined;
}

const optionNames = [
  "queueName",
  "version",
  "upcasters",
  "entry",
  "newerVersionWait",
  "keep",
] as const satisfies (keyof EventTypeOptions)[];

/** Checks at run time what TypeScript checks at compile time, for callers without it. */
export function assertDeclaration(
  name: unknown,
  schema: StandardSchemaV1 | undefined,
  options: EventTypeOptions,
): void {
  const wrong = (problem: string): BeeHiveError => new BeeHiveError("InvalidConfiguration", problem);
  if (typeof name !== "string" || name === "")
    throw wrong(`The name of an event type must be a text that is not empty, not ${kindOf(name)}.`);
  if (schema !== undefined && typeof schema?.["~standard"]?.validate !== "function")
    throw wrong(
      `The schema of ${name} is no Standard Schema; ` +
        `options are the third argument: eventType("${name}", undefined, options).`,
    );
  const unknown = Object.keys(options).find((option) => !(optionNames as readonly string[]).includes(option));
  if (unknown !== undefined)
    throw wrong(`"${unknown}" is not an option of ${name}; there are ${optionNames.join(", ")}.`);
  const [problem] = options.keep === undefined ? [] : keepRuleProblems(`The keep of ${name}`, options.keep);
  if (problem !== undefined) throw wrong(`${problem}.`);
  const { queueName } = options;
  if (options.keep !== undefined && queueName !== undefined && QueueName.parse(queueName).kind !== "topic")
    throw wrong(`The keep of ${name} has no topic: "${queueName}" is none, and only topics keep events.`);
}

/** @throws BeeHiveError `InvalidConfiguration` for a wrong version, or an upcaster that leads nowhere. */
export function assertUpcasters(
  name: string,
  version: number,
  upcasters: NonNullable<EventTypeOptions["upcasters"]>,
): void {
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

/** Returns the `newerVersionWait` in ms. */
export function newerVersionWaitOf(name: string, { newerVersionWait: wait }: EventTypeOptions): number {
  if (wait === undefined) return defaultNewerVersionWaitMs;
  const ms = inMs(wait);
  if (typeof ms === "number" && ms >= 0 && ms < Infinity) return ms;
  throw new BeeHiveError(
    "InvalidConfiguration",
    `The newerVersionWait of ${name} must be a time from 0 ms, not ${valueText(wait)}; ${durationForms}.`,
  );
}

/**
 * How a topic keeps its events after its subscriptions have read them.
 *
 * @example
 * { keep: { "OrderAccepted-": "30d", "ProductChanged-": { compact: true }, "*": { for: "7d", maxBytes: 1_000_000_000 } } }
 */
export interface KeepOptions {
  /** The age from which events are removed. @default "forever" */
  readonly for?: Duration | "forever" | undefined;
  /** The bytes of bodies above which the oldest events are removed. @default Infinity */
  readonly maxBytes?: number | undefined;
  /**
   * Keeps the newest event of each partition key, and all events without one. An event without a body ends its key; it
   * is removed as well after {@link KeepOptions.for}.
   *
   * @default false
   */
  readonly compact?: boolean | undefined;
  /** Removes events also while a subscription has not read them. @default false */
  readonly evenUnread?: boolean | undefined;
}

/** A length of time, or all options. */
export type Keep = Duration | "forever" | KeepOptions;

const keepNames: Readonly<Record<keyof KeepOptions, true>> = {
  for: true,
  maxBytes: true,
  compact: true,
  evenUnread: true,
};

/** Returns what is wrong with a rule called `at`, in words. */
export function keepRuleProblems(at: string, rule: unknown): string[] {
  if (rule === "forever") return [];
  if (typeof rule === "string" || typeof rule === "number") return durationProblems(at, rule, wholeMs(1));
  const problems = objectProblems(at, rule);
  if (problems.length > 0) return problems;
  const options = rule as KeepOptions;
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(keepNames, name));
  const flags = (["compact", "evenUnread"] as const).filter(
    (name) => !["boolean", "undefined"].includes(typeof options[name]),
  );
  const { for: length = "forever", maxBytes = Infinity } = options;
  return [
    ...unknown.map((name) => `${at}.${name} is not an option; there are ${Object.keys(keepNames).join(", ")}`),
    ...flags.map((name) => `${at}.${name} must be true or false`),
    ...(length === "forever" ? [] : durationProblems(`${at}.for`, length, wholeMs(1))),
    ...(maxBytes === Infinity ? [] : numberProblems(`${at}.maxBytes`, maxBytes, wholeNumber(1))),
  ];
}
