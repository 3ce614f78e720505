import { durationProblems, type Duration } from "../base/duration.ts";
import { numberProblems, wholeMs, wholeNumber } from "../base/numbers.ts";
import { objectProblems } from "../base/problems.ts";

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

const names: Readonly<Record<keyof KeepOptions, true>> = { for: true, maxBytes: true, compact: true, evenUnread: true };

/** Returns what is wrong with a rule called `at`, in words. */
export function keepRuleProblems(at: string, rule: unknown): string[] {
  if (rule === "forever") return [];
  if (typeof rule === "string" || typeof rule === "number") return durationProblems(at, rule, wholeMs(1));
  const problems = objectProblems(at, rule);
  if (problems.length > 0) return problems;
  const options = rule as KeepOptions;
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(names, name));
  const flags = (["compact", "evenUnread"] as const).filter(
    (name) => !["boolean", "undefined"].includes(typeof options[name]),
  );
  const { for: length = "forever", maxBytes = Infinity } = options;
  return [
    ...unknown.map((name) => `${at}.${name} is not an option; there are ${Object.keys(names).join(", ")}`),
    ...flags.map((name) => `${at}.${name} must be true or false`),
    ...(length === "forever" ? [] : durationProblems(`${at}.for`, length, wholeMs(1))),
    ...(maxBytes === Infinity ? [] : numberProblems(`${at}.maxBytes`, maxBytes, wholeNumber(1))),
  ];
}
