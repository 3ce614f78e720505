import { durationProblems, inMs, type Duration } from "../../base/duration.ts";
import { messageOf } from "../../base/error-text.ts";
import { delay, numberProblems, wholeNumber } from "../../base/numbers.ts";
import { objectProblems } from "../../base/problems.ts";
import type { Event } from "../../events/event.ts";
import { QueueName } from "../../events/queue-name.ts";

/** The start or the end of an incident. */
export interface Alert {
  readonly on: AlertRule["on"];
  readonly state: "began" | "over";
  readonly queue: string;
  /** When the incident was noticed. */
  readonly since: Date;
  /** The number of dead letters or of events that are due, or a length of time in ms. */
  readonly value: number;
  /** In a sentence. Holds no body. */
  readonly text: string;
}

/** The means of a sink. */
export interface AlertContext {
  /** Publishes through the hive. */
  readonly push: (events: Event | readonly Event[]) => Promise<unknown>;
}

/** Sends an alert. A rejected one is sent again at the next check. */
export type AlertSink = (alert: Alert, context: AlertContext) => void | Promise<void>;

/** The subscriptions of a rule, and where its alerts go. */
interface Rule {
  /** Subscriptions and queues. @default all that the hive reads */
  readonly of?: string | readonly string[] | undefined;
  readonly send: AlertSink | readonly AlertSink[];
}

/**
 * A rule of alerts: each incident is sent once when it begins and once when it is over, by one of all processes.
 *
 * - `dead-letter`: more dead letters than `above`, `@default 0`;
 * - `lag`: more events are due than `above`, or the oldest has waited longer, as in `"5m"`;
 * - `paused`: a subscription has been paused for longer than `above`, `@default 0`;
 * - `stuck`: events wait, none is paused, and no process has committed one for longer than `above`, `@default "10m"`;
 * - `late`: events have waited longer than the `maxLag` of their actor for longer than `above`, `@default 0`.
 *
 * @example
 * alerts: [{ on: "dead-letter", send: webhook("https://chat.example/hook") }, { on: "lag", above: "5m", send: page }]
 */
export type AlertRule =
  | (Rule & { readonly on: "dead-letter"; readonly above?: number | undefined })
  | (Rule & { readonly on: "lag"; readonly above: number | Duration })
  | (Rule & { readonly on: "paused" | "stuck" | "late"; readonly above?: Duration | undefined });

const kinds = ["dead-letter", "lag", "paused", "stuck", "late"];
const optionNames = ["on", "above", "of", "send"];

/** Returns what is wrong with the option `alerts`, in words. */
export function alertProblems(alerts: unknown): string[] {
  if (alerts === undefined) return [];
  if (!Array.isArray(alerts)) return ["alerts must be a list of rules"];
  return alerts.flatMap((rule: unknown, index) => ruleProblems(`alerts[${index}]`, rule));
}

function ruleProblems(at: string, rule: unknown): string[] {
  const problems = objectProblems(at, rule);
  if (problems.length > 0) return problems;
  const { on, above, of = [], send } = rule as Readonly<Record<keyof Alert | keyof AlertRule, unknown>>;
  const unknown = Object.keys(rule as object).filter((name) => !optionNames.includes(name));
  const sinks: readonly unknown[] = Array.isArray(send) ? send : [send];
  return [
    ...unknown.map((name) => `${at}.${name} is not an option; there are ${optionNames.join(", ")}`),
    ...(kinds.includes(on as string) ? aboveProblems(at, on, above) : [`${at}.on must be ${kinds.join(", ")}`]),
    ...(Array.isArray(of) ? (of as unknown[]) : [of]).flatMap((name) => nameProblems(at, name)),
    ...(sinks.length > 0 && sinks.every((sink) => typeof sink === "function")
      ? []
      : [`${at}.send must be a function, such as webhook(url)`]),
  ];
}

function aboveProblems(at: string, on: unknown, above: unknown): string[] {
  if (on === "lag") {
    if (above === undefined) return [`${at}.above is missing: a number of events, or a wait such as "5m"`];
    return typeof above === "number"
      ? numberProblems(`${at}.above`, above, wholeNumber(0))
      : durationProblems(`${at}.above`, above, delay);
  }
  if (above === undefined) return [];
  return on === "dead-letter"
    ? numberProblems(`${at}.above`, above, wholeNumber(0))
    : durationProblems(`${at}.above`, above, delay);
}

function nameProblems(at: string, name: unknown): string[] {
  try {
    const parsed = QueueName.parse(name as string);
    return parsed.kind === "topic" ? [`${at}.of: ${parsed} is a topic; name a subscription of it`] : [];
  } catch (error) {
    return [`${at}.of: ${messageOf(error)}`];
  }
}

/** A rule on one subscription or queue, for one of its sinks: another one that fails does not repeat its alerts. */
export interface Watched {
  readonly rule: AlertRule;
  readonly queue: QueueName;
  readonly sink: AlertSink;
  /** The same for the same rule and sink in every process. */
  readonly key: string;
}

/** Returns each rule on each of its queues, for each of its sinks. */
export function watchedBy(rules: readonly AlertRule[], read: readonly QueueName[]): readonly Watched[] {
  const times = new Map<string, number>();
  const unique = (key: string): string => {
    const before = times.get(key) ?? 0;
    times.set(key, before + 1);
    return before === 0 ? key : `${key} ${before}`;
  };
  return rules.flatMap((rule) => {
    const { of } = rule;
    const queues = of === undefined ? read : (typeof of === "string" ? [of] : of).map((name) => QueueName.parse(name));
    const sinks = typeof rule.send === "function" ? [rule.send] : rule.send;
    return queues.flatMap((queue) =>
      sinks.map((sink) => ({ rule, queue, sink, key: unique(`${rule.on} ${String(rule.above ?? "")} ${queue}`) })),
    );
  });
}

/** Returns the limit of a rule: a number, or a length of time in ms. */
export function limitOf({ on, above }: AlertRule): number {
  return above === undefined ? (on === "stuck" ? 600_000 : 0) : inMs(above);
}

/** Returns whether a rule is about the age of events. */
export function isAge({ on, above }: AlertRule): boolean {
  return on === "lag" && typeof above === "string";
}
