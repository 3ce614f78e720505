import { messageOf } from "../base/error-text.ts";
import type { ActorClass, ActorDescriptor, ActorOptions, Middleware, Published } from "./actor.ts";
import { BeeHiveError } from "../base/errors.ts";
import { QueueName } from "../events/queue-name.ts";
import { numberProblems, wholeMs, wholeNumber } from "../base/numbers.ts";
import { defaultRetry, retryProblems, type RetryOptions } from "./retry-policy.ts";
import { supervisionProblems, type FailureLimit, type SupervisionRule } from "./supervision.ts";

/** What holds for every actor unless it says otherwise. */
export interface ActorDefaults {
  readonly parallelism: number;
  /** In ms. */
  readonly lease: number;
  /** See {@link ActorOptions.maxOutputs}. */
  readonly maxOutputs: number;
  readonly retry: RetryOptions;
  /** Rules for all actors, after their own. */
  readonly supervision: readonly SupervisionRule[];
  readonly failureLimit?: FailureLimit | undefined;
  /** What wraps every actor, around what wraps it itself; the first is outermost. */
  readonly middleware: readonly Middleware[];
}

export const actorDefaults: ActorDefaults = {
  parallelism: 10,
  lease: 30_000,
  maxOutputs: 10_000,
  retry: defaultRetry,
  supervision: [],
  middleware: [],
};

/** The settings whose origin is told by `hive.describe()`. */
export const describedSettings = ["parallelism", "lease", "retry", "ordered", "failureLimit"] as const;

/**
 * The descriptor of one actor on one queue: for configurations of your own. Mistakes are added to `problems`, and
 * nothing is returned when there is no descriptor because of them.
 */
export function describeActor(
  actorType: ActorClass,
  queueName: string,
  options: ActorOptions,
  defaults: ActorDefaults,
  problems: string[],
): ActorDescriptor | undefined {
  const at = `${actorType.name || "an anonymous class"} on "${queueName}"`;
  const wrong = shapeProblems(options);
  if (wrong.length > 0) {
    problems.push(...wrong.map((problem) => `${at}: ${problem}`));
    return undefined;
  }
  const parsed = attempt(() => QueueName.parse(queueName), at, problems);
  const published = (options.publishes ?? []).map((text) =>
    attempt(() => destination(text), `${at} publishes`, problems),
  );
  if (!parsed) return undefined;
  if (parsed.kind === "topic") {
    problems.push(`${at}: it is a topic; an actor reads a subscription of it, "${parsed.topic}-Something"`);
    return undefined;
  }
  const { parallelism = defaults.parallelism, lease = defaults.lease, ordered = false } = options;
  const { maxOutputs = defaults.maxOutputs } = options;
  const descriptor: ActorDescriptor = {
    actorType,
    name: actorType.name,
    queueName: parsed,
    parallelism,
    lease,
    maxOutputs,
    ordered,
    retry: { ...defaults.retry, ...options.retry },
    publishes: published.filter((one) => one !== undefined),
    supervision: [...(options.supervision ?? []), ...defaults.supervision],
    failureLimit: options.failureLimit ?? defaults.failureLimit,
    middleware: [...defaults.middleware, ...(options.middleware ?? [])],
    origins: Object.fromEntries(
      describedSettings.map((name) => [name, options[name] === undefined ? "default" : "decorator"]),
    ),
  };
  problems.push(...descriptorProblems(descriptor));
  return descriptor;
}

const optionNames: Readonly<Record<keyof ActorOptions, true>> = {
  parallelism: true,
  lease: true,
  maxOutputs: true,
  retry: true,
  publishes: true,
  ordered: true,
  supervision: true,
  failureLimit: true,
  middleware: true,
};

/** What only the compiler sees, where there is one. */
function shapeProblems(options: ActorOptions): string[] {
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(optionNames, name));
  const lists = (["publishes", "supervision", "middleware"] as const).filter(
    (name) => options[name] !== undefined && !Array.isArray(options[name]),
  );
  return [
    ...unknown.map((name) => `"${name}" is not an option; there are ${Object.keys(optionNames).join(", ")}`),
    ...lists.map((name) => `${name} must be a list`),
    ...(["boolean", "undefined"].includes(typeof options.ordered) ? [] : ["ordered must be true or false"]),
  ];
}

/** What is wrong with the settings of a descriptor, in words. */
export function descriptorProblems(descriptor: ActorDescriptor): string[] {
  const { name, queueName, parallelism, lease, maxOutputs, retry, supervision, failureLimit, middleware } = descriptor;
  const problems = [
    ...numberProblems("parallelism", parallelism, wholeNumber(1)),
    ...numberProblems("lease", lease, wholeMs(100)),
    ...numberProblems("maxOutputs", maxOutputs, wholeNumber(1)),
  ];
  if (middleware.some((one) => typeof one !== "function")) problems.push("middleware must be a list of functions");
  problems.push(...retryProblems(retry), ...supervisionProblems(supervision, failureLimit, retry));
  return problems.map((problem) => `${name} on "${queueName}": ${problem}`);
}

/** In `publishes`, a bare name is a topic, as the type of an event is: `OrderShipped` means `OrderShipped-`. An event type says it itself. */
export function destination(published: Published): QueueName {
  if ((published as unknown) === undefined)
    throw new BeeHiveError(
      "InvalidQueueName",
      "undefined is no event type: is it imported from a module that imports this one?",
    );
  const { name: text, queueName } =
    typeof published === "string" ? { name: published, queueName: undefined } : published;
  const name =
    queueName === undefined && /^\w+$/.test(text) ? QueueName.topic(text) : QueueName.parse(queueName ?? text);
  if (name.kind !== "subscription") return name;
  throw new BeeHiveError("InvalidQueueName", `"${name}" is a subscription; publish to its topic, "${name.topic}-"`);
}

function attempt<T>(make: () => T, at: string, problems: string[]): T | undefined {
  try {
    return make();
  } catch (error) {
    problems.push(`${at}: ${messageOf(error)}`);
    return undefined;
  }
}
