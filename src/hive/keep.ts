import { destination } from "../actors/descriptor.ts";
import { inMs } from "../base/duration.ts";
import { messageOf } from "../base/error-text.ts";
import { objectProblems } from "../base/problems.ts";
import type { QueueSpec } from "../contract/queue-operator.ts";
import type { Capabilities, Provider } from "../contract/provider.ts";
import type { KeepRule } from "../contract/topic-log.ts";
import { declaredTypes } from "../events/event-type.ts";
import { keepRuleProblems, type Keep } from "../events/event-type-options.ts";

/** Topics by name, `OrderAccepted-` or `OrderAccepted`; `*` stands for all others. */
export type KeptTopics = Readonly<Record<string, Keep>>;

/** Returns the specs with the rules of their topics: those of the hive by name, of event types, then of `*`. */
export function withRules(specs: readonly QueueSpec[], keep: KeptTopics = {}): readonly QueueSpec[] {
  const named = rulesOf(keep);
  const typed = rulesOfTypes();
  if (named.size === 0 && typed.size === 0) return specs;
  return specs.map((spec) => {
    if (spec.name.kind !== "topic") return spec;
    const topic = spec.name.toString();
    const rule = named.get(topic) ?? typed.get(topic)?.[0]?.rule ?? named.get("*");
    return rule === undefined ? spec : { ...spec, keep: rule };
  });
}

/** Returns where event types disagree on how a topic is kept, in words. The option of the hive settles it. */
export function typeRuleProblems(specs: readonly QueueSpec[], keep: KeptTopics = {}): string[] {
  const named = rulesOf(keep);
  return [...rulesOfTypes()].flatMap(([topic, types]) => {
    if (named.has(topic) || !specs.some(({ name }) => name.toString() === topic)) return [];
    const [first, ...others] = types;
    const other = others.find(({ rule }) => JSON.stringify(rule) !== JSON.stringify(first?.rule));
    if (!first || !other) return [];
    return [
      `${first.type} and ${other.type} keep ${topic} differently; ` +
        `say it once: createHive({ keep: { "${topic}": ... } }) wins over event types`,
    ];
  });
}

function rulesOf(keep: KeptTopics): ReadonlyMap<string, KeepRule> {
  return new Map(Object.entries(keep).map(([topic, rule]) => [keyOf(topic), ruleOf(rule)]));
}

interface TypeRule {
  /** The type in words. */
  readonly type: string;
  readonly rule: KeepRule;
}

/** Returns the rules that event types of this process declare, by topic. */
function rulesOfTypes(): ReadonlyMap<string, readonly TypeRule[]> {
  const rules = new Map<string, TypeRule[]>();
  for (const type of declaredTypes()) {
    if (type.keep === undefined) continue;
    const topic = destination(type).toString();
    const rule = { type: `version ${type.version} of ${type.name}`, rule: ruleOf(type.keep) };
    rules.set(topic, [...(rules.get(topic) ?? []), rule]);
  }
  return rules;
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
    ...keepRuleProblems(`keep["${topic}"]`, rule),
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

function keyOf(topic: string): string {
  return topic === "*" ? topic : destination(topic).toString();
}

function ruleOf(rule: Keep): KeepRule {
  const options = typeof rule === "object" ? rule : { for: rule };
  const { for: length = "forever", maxBytes = Infinity, compact = false, evenUnread = false } = options;
  return { forMs: length === "forever" ? Infinity : inMs(length), maxBytes, compact, evenUnread };
}

/** Returns why a provider has no log. */
export function reasonOf({ log }: Capabilities): string {
  return typeof log === "string" ? log : "it has no log";
}
