import { destination } from "../actors/descriptor.ts";
import { durationProblems, inMs, type Duration } from "../base/duration.ts";
import { messageOf } from "../base/error-text.ts";
import { numberProblems, wholeMs, wholeNumber } from "../base/numbers.ts";
import { objectProblems } from "../base/problems.ts";
import type { QueueSpec } from "../contract/queue-operator.ts";
import type { Provider } from "../contract/provider.ts";
import type { KeepRule } from "../contract/topic-log.ts";
import { reasonOf } from "./hive-log.ts";

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

/** Topics by name, `OrderAccepted-` or `OrderAccepted`; `*` stands for all others. */
export type KeptTopics = Readonly<Record<string, Keep>>;

/** Returns the specs with the rules of their topics. */
export function withRules(specs: readonly QueueSpec[], keep: KeptTopics | undefined): readonly QueueSpec[] {
  if (keep === undefined) return specs;
  const rules = new Map(Object.entries(keep).map(([topic, rule]) => [keyOf(topic), ruleOf(rule)]));
  return specs.map((spec) => {
    const rule = spec.name.kind === "topic" ? (rules.get(spec.name.toString()) ?? rules.get("*")) : undefined;
    return rule === undefined ? spec : { ...spec, keep: rule };
  });
}

/** Returns what the provider cannot keep, and which subscriptions start in a past that nothing keeps, in words. */
export function logProblems(specs: readonly QueueSpec[], { name, queues, capabilities }: Provider): string[] {
  const kept = specs.filter(({ keep }) => keep !== undefined);
  const past = specs.filter(({ from }) => from !== undefined && from !== "now");
  if (queues.log) return [];
  const asked = [...kept.map((spec) => `keep of ${spec.name}`), ...past.map((spec) => `from of ${spec.name}`)];
  return asked.length === 0 ? [] : [`${asked.join(", ")}: ${name} keeps no events: ${reasonOf(capabilities)}`];
}

/** Returns what is wrong with the option `keep`, in words. */
export function keepProblems(keep: unknown): string[] {
  if (keep === undefined) return [];
  const problems = objectProblems("keep", keep);
  if (problems.length > 0) return problems;
  return Object.entries(keep as KeptTopics).flatMap(([topic, rule]) => [
    ...topicProblems(topic),
    ...ruleProblems(`keep["${topic}"]`, rule),
  ]);
}

function topicProblems(topic: string): string[] {
  if (topic === "*") return [];
  try {
    return destination(topic).kind === "topic" ? [] : [`keep: "${topic}" is a queue; only topics keep events`];
  } catch (error) {
    return [`keep: ${messageOf(error)}`];
  }
}

const names: Readonly<Record<keyof KeepOptions, true>> = { for: true, maxBytes: true, compact: true, evenUnread: true };

function ruleProblems(at: string, rule: unknown): string[] {
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

function keyOf(topic: string): string {
  return topic === "*" ? topic : destination(topic).toString();
}

function ruleOf(rule: Keep): KeepRule {
  const options = typeof rule === "object" ? rule : { for: rule };
  const { for: length = "forever", maxBytes = Infinity, compact = false, evenUnread = false } = options;
  return { forMs: length === "forever" ? Infinity : inMs(length), maxBytes, compact, evenUnread };
}
