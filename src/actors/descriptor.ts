import { durationProblems, inMs } from "../base/duration.ts";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import { delay, numberProblems, time, valueText, wholeMs, wholeNumber } from "../base/numbers.ts";
import { objectProblems } from "../base/problems.ts";
import { isEventType } from "../events/event-type.ts";
import { QueueName } from "../events/queue-name.ts";
import type { ActorClass, ActorDescriptor, ActorOptions, Published } from "./actor.ts";
import type { BatchOptions, BatchSettings } from "./batch-options.ts";
import type { Parallelism, SlotSettings } from "./elastic.ts";
import { defaultRetry, retryInMs, retryProblems } from "./retry-policy.ts";
import { limitInMs, rulesInMs, supervisionProblems } from "./supervision.ts";

/** Options of all actors of a hive; an actor's own options win. Rules follow its own, middleware wraps its own. */
export type ActorDefaults = Pick<
  ActorOptions,
  | "parallelism"
  | "lease"
  | "maxOutputs"
  | "inheritPartitionKey"
  | "retry"
  | "supervision"
  | "failureLimit"
  | "middleware"
>;

/** The options of an actor that neither its decorator nor its hive sets. */
export const actorDefaults: Pick<ActorDescriptor, "parallelism" | "lease" | "maxOutputs" | "retry"> = {
  parallelism: 10,
  lease: 30_000,
  maxOutputs: 10_000,
  retry: defaultRetry,
};

const batchDefaults: BatchSettings = { size: 100, interval: 1_000, onThrow: "fail" };
/** Batches of one actor that run at the same time. The option `defaults` of a hive counts events. */
const batchParallelism = 1;
/** All events of a batch are in memory, and their leases are renewed together. */
export const maxBatch = 10_000;

const optionSettings = ["parallelism", "batch", "lease", "retry", "ordered", "failureLimit"] as const;

/** The settings whose origins `hive.describe()` prints. */
export const describedSettings: readonly ((typeof optionSettings)[number] | "throttle")[] = [
  ...optionSettings,
  "throttle",
];

/**
 * Makes the descriptor of one actor on one subscription or queue.
 *
 * For a {@link DescriptorSource}; a hive calls it for every decorator.
 *
 * @param problems Collects what is wrong, in words.
 * @returns `undefined` when there can be no descriptor because of the problems.
 * @example
 * const problems: string[] = [];
 * const descriptor = toDescriptor(PaymentActor, "OrderAccepted-Payment", { lease: "1m" }, defaults, problems);
 */
export function toDescriptor(
  actorType: ActorClass,
  queueName: string,
  options: ActorOptions,
  defaults: ActorDefaults,
  problems: string[],
): ActorDescriptor | undefined {
  const name = options.name ?? actorType.name;
  const at = `${(name as unknown) === "" ? "an anonymous class" : String(name)} on "${queueName}"`;
  const wrong = shapeProblems(options);
  if (wrong.length > 0) {
    problems.push(...wrong.map((problem) => `${at}: ${problem}`));
    return undefined;
  }
  const parsed = tryParse(() => QueueName.parse(queueName), at, problems);
  const publishes = (options.publishes ?? []).map((to) => tryParse(() => destination(to), `${at} publishes`, problems));
  if (!parsed) return undefined;
  if (parsed.kind === "topic") {
    problems.push(`${at}: it is a topic; an actor reads a subscription of it, "${parsed.topic}-Something"`);
    return undefined;
  }
  const common = completed(defaults);
  const takesBatches = hasMethod(actorType, "processBatchAsync");
  if (options.batch !== undefined && !takesBatches)
    problems.push(
      `${at}: it has the option batch, and no processBatchAsync(events, context): ` +
        "write that in place of processAsync, or remove the option",
    );
  const ofMany = takesBatches ? batchParallelism : common.parallelism;
  const { parallelism = ofMany, lease = common.lease, maxOutputs = common.maxOutputs } = options;
  const failureLimit = options.failureLimit ?? defaults.failureLimit;
  const descriptor: ActorDescriptor = {
    actorType,
    name,
    queueName: parsed,
    event: options.event,
    ...slotSettings(parallelism),
    batch: takesBatches ? completedBatch(options.batch) : undefined,
    ...(options.isolate && { isolate: options.isolate }),
    ...(options.holdWhen && { holdWhen: [options.holdWhen].flat() }),
    lease: inMs(lease),
    maxOutputs,
    ...(options.maxLag !== undefined && { maxLag: inMs(options.maxLag) }),
    inheritPartitionKey: options.inheritPartitionKey ?? defaults.inheritPartitionKey ?? false,
    ordered: options.ordered ?? false,
    from: options.from,
    retry: { ...actorDefaults.retry, ...retryInMs(defaults.retry), ...retryInMs(options.retry) },
    publishes: publishes.filter((one) => one !== undefined),
    supervision: rulesInMs([...(options.supervision ?? []), ...(defaults.supervision ?? [])]),
    failureLimit: failureLimit && limitInMs(failureLimit),
    middleware: [...(defaults.middleware ?? []), ...(options.middleware ?? [])],
    origins: Object.fromEntries(
      optionSettings.map((setting) => [setting, options[setting] === undefined ? "default" : "decorator"]),
    ),
  };
  problems.push(...descriptorProblems(descriptor));
  return descriptor;
}

/** Returns whether instances of a class have a method. */
export function hasMethod(actorType: ActorClass, name: "processAsync" | "processBatchAsync"): boolean {
  const prototype = actorType.prototype as Readonly<Partial<Record<typeof name, unknown>>> | undefined;
  return typeof prototype?.[name] === "function";
}

function completedBatch({ size, interval, onThrow }: BatchOptions = {}): BatchSettings {
  return {
    size: size ?? batchDefaults.size,
    interval: inMs(interval ?? batchDefaults.interval),
    onThrow: onThrow ?? batchDefaults.onThrow,
  };
}

function completed({
  parallelism = actorDefaults.parallelism,
  lease = actorDefaults.lease,
  maxOutputs = actorDefaults.maxOutputs,
}: ActorDefaults) {
  return { parallelism, lease, maxOutputs };
}

const optionNames: Readonly<Record<keyof ActorOptions, true>> = {
  name: true,
  event: true,
  parallelism: true,
  batch: true,
  holdWhen: true,
  isolate: true,
  lease: true,
  maxOutputs: true,
  maxLag: true,
  inheritPartitionKey: true,
  retry: true,
  publishes: true,
  ordered: true,
  from: true,
  supervision: true,
  failureLimit: true,
  middleware: true,
};

/** Names stand in variables, files, metrics and drawings. */
const nameShape = /^[\p{L}_$][\p{L}\p{N}_$]{0,127}$/u;

/** Checks at run time what TypeScript checks at compile time, for callers without it. */
function shapeProblems(options: ActorOptions): string[] {
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(optionNames, name));
  const lists = (["publishes", "supervision", "middleware"] as const).filter(
    (name) => options[name] !== undefined && !Array.isArray(options[name]),
  );
  const { name, event, ordered, from, inheritPartitionKey } = options;
  return [
    ...(Object.hasOwn(options, "event") && !isEventType(event) ? [notAnEventType(event)] : []),
    ...unknown.map((option) => `"${option}" is not an option; there are ${Object.keys(optionNames).join(", ")}`),
    ...lists.map((option) => `${option} must be a list`),
    ...nestedProblems("", options),
    ...batchShapeProblems(options.batch),
    ...(["boolean", "undefined"].includes(typeof ordered) ? [] : ["ordered must be true or false"]),
    ...(["boolean", "undefined"].includes(typeof inheritPartitionKey)
      ? []
      : ["inheritPartitionKey must be true or false"]),
    ...(isStart(from) ? [] : ["from must be now, beginning, latest-per-key, a date or a position"]),
    ...(name === undefined || (typeof name === "string" && nameShape.test(name))
      ? []
      : ["name must be a letter, then letters, digits or underscores, as the name of a class is"]),
  ];
}

function batchShapeProblems(batch: BatchOptions = {}): string[] {
  const unknown = Object.keys(Object(batch)).filter((name) => !Object.hasOwn(batchDefaults, name));
  return [
    ...objectProblems("batch", batch),
    ...unknown.map((name) => `batch.${name} is not an option; there are ${Object.keys(batchDefaults).join(", ")}`),
  ];
}

/** Returns whether a value says where a subscription starts; `undefined` is the default. */
export function isStart(from: unknown): boolean {
  if (from instanceof Date) return !Number.isNaN(from.getTime());
  if (typeof from === "number") return Number.isSafeInteger(from) && from >= 0;
  return [undefined, "now", "beginning", "latest-per-key"].includes(from as string | undefined);
}

function notAnEventType(event: unknown): string {
  const cure =
    event === undefined ? "is it imported from a module that imports this one?" : "make one with eventType()";
  return `event must be an event type, not ${valueText(event)}: ${cure}`;
}

/** Returns which of the options within options are no objects, in words. @param at what stands before their names. */
export function nestedProblems(
  at: string,
  { retry, supervision }: Pick<ActorOptions, "retry" | "supervision">,
): string[] {
  const rules: readonly unknown[] = Array.isArray(supervision) ? supervision : [];
  return [
    ...(retry === undefined ? [] : objectProblems(`${at}retry`, retry)),
    ...rules.flatMap((rule) => {
      const problems = objectProblems(`${at}supervision: a rule`, rule);
      const own = problems.length > 0 ? undefined : (rule as { readonly retry?: unknown }).retry;
      return own === undefined ? problems : objectProblems(`${at}supervision: the retry of a rule`, own);
    }),
  ];
}

/** Returns what is wrong with the settings of a descriptor, in words. */
export function descriptorProblems(descriptor: ActorDescriptor): string[] {
  const { name, queueName, lease, maxOutputs, retry, supervision, failureLimit, middleware } = descriptor;
  const problems = [
    ...isolateProblems(descriptor),
    ...slotProblems(descriptor),
    ...(descriptor.batch ? batchProblems(descriptor, descriptor.batch) : []),
    ...durationProblems("lease", lease, wholeMs(100)),
    ...numberProblems("maxOutputs", maxOutputs, wholeNumber(1)),
    ...(descriptor.maxLag === undefined ? [] : durationProblems("maxLag", descriptor.maxLag, time)),
  ];
  if (middleware.some((one) => typeof one !== "function")) problems.push("middleware must be a list of functions");
  problems.push(...retryProblems(retry), ...supervisionProblems(supervision, failureLimit, retry));
  return problems.map((problem) => `${name} on "${queueName}": ${problem}`);
}

function batchProblems({ elastic }: SlotSettings, { size, interval, onThrow }: BatchSettings): string[] {
  const isKnown = ["fail", "split"].includes(onThrow);
  return [
    ...(elastic ? ["parallelism must be a number for an actor that takes batches"] : []),
    ...numberProblems("batch.size", size, wholeNumber(1, maxBatch)),
    ...durationProblems("batch.interval", interval, delay),
    ...(isKnown ? [] : [`batch.onThrow must be "fail" or "split", not ${valueText(onThrow)}`]),
  ];
}

function isolateProblems({ isolate, batch }: Pick<ActorDescriptor, "isolate" | "batch">): string[] {
  if (isolate === undefined) return [];
  if (batch) return ["isolate needs processAsync: an actor that takes batches runs in the thread of the hive"];
  const isUrl = typeof isolate.thread === "string" && isolate.thread.startsWith("file:");
  return isUrl ? [] : ["isolate must be { thread: import.meta.url }, in the module that exports the actor"];
}

/** Returns the settings of a descriptor for an option. */
export function slotSettings(parallelism: Parallelism): SlotSettings {
  if (typeof parallelism !== "object" || parallelism === null) return { parallelism, elastic: undefined };
  return { parallelism: parallelism.max, elastic: parallelism };
}

/** Returns what is wrong with the slots of a descriptor, in words. */
export function slotProblems({ parallelism, elastic }: SlotSettings): string[] {
  const one = wholeNumber(1);
  if (elastic === undefined) return numberProblems("parallelism", parallelism, one);
  const { min, max, ...unknown } = elastic;
  if (Array.isArray(elastic) || (min === undefined && max === undefined))
    return [`parallelism must be ${one.must}, or { min, max }, not ${valueText(elastic)}`];
  const wrong = [
    ...Object.keys(unknown).map((name) => `parallelism.${name} is not an option; there are min, max`),
    ...numberProblems("parallelism.min", min, one),
    ...numberProblems("parallelism.max", max, one),
  ];
  return wrong.length === 0 && min > max ? [`parallelism.min is ${min}, above parallelism.max, ${max}`] : wrong;
}

/**
 * Returns the topic or queue of an entry of `publishes`.
 *
 * A bare name is a topic, as the type of an event is: `OrderShipped` means `OrderShipped-`.
 */
export function destination(published: Published): QueueName {
  if ((published as unknown) === undefined)
    throw new BeeHiveError(
      "InvalidQueueName",
      "undefined is not an event type: is it imported from a module that imports this one?",
    );
  const { name: text, queueName } =
    typeof published === "string" ? { name: published, queueName: undefined } : published;
  const name =
    queueName === undefined && /^\w+$/.test(text) ? QueueName.topic(text) : QueueName.parse(queueName ?? text);
  if (name.kind !== "subscription") return name;
  throw new BeeHiveError("InvalidQueueName", `"${name}" is a subscription; publish to its topic, "${name.topic}-"`);
}

function tryParse<T>(parse: () => T, at: string, problems: string[]): T | undefined {
  try {
    return parse();
  } catch (error) {
    problems.push(`${at}: ${messageOf(error)}`);
    return undefined;
  }
}
