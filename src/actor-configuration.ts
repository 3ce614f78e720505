import { descriptionsOf, type ActorClass, type ActorDescription, type ActorDescriptor } from "./actor.ts";
import { BeeHiveError } from "./errors.ts";
import type { Middleware } from "./middleware.ts";
import { QueueName } from "./queue-name.ts";
import { defaultRetry, messageOf, retryProblems, type RetryOptions } from "./retry-policy.ts";

/** What holds for every actor unless it says otherwise. */
export interface ActorDefaults {
  readonly parallelism: number;
  readonly lease: number;
  readonly retry: RetryOptions;
  /** What wraps every actor; the first is outermost. */
  readonly middleware: readonly Middleware[];
}

export const actorDefaults: ActorDefaults = { parallelism: 10, lease: 30_000, retry: defaultRetry, middleware: [] };

/** Where the actors of a hive come from: decorators, or anything else that knows descriptors. */
export interface ActorConfiguration {
  getDescriptors(): Iterable<ActorDescriptor> | Promise<Iterable<ActorDescriptor>>;
}

/** A class, classes, or a module (`import * as actors from "./actors/index.js"`), whose actor classes are taken. */
export type ActorSource = ActorClass | readonly ActorSource[] | Readonly<Record<string, unknown>>;

/** Reads the descriptors of actor classes from their decorators. */
export class ActorDescriptors {
  readonly #classes: readonly ActorClass[];

  private constructor(classes: readonly ActorClass[]) {
    this.#classes = classes;
  }

  /** Actors from classes, arrays of them and modules. A class given by itself must be decorated; of a module, the decorated ones are taken. */
  static from(...sources: readonly ActorSource[]): ActorDescriptors {
    return new ActorDescriptors([...new Set(sources.flatMap(classesOf))]);
  }

  /**
   * The configuration for a hive.
   *
   * @throws BeeHiveError `InvalidConfiguration` from `getDescriptors`, with every problem of every class.
   */
  toConfiguration(defaults: ActorDefaults = actorDefaults): ActorConfiguration {
    return { getDescriptors: () => describeActors(this.#classes, defaults) };
  }
}

/** Whether a value is a configuration rather than a source of classes. */
export function isActorConfiguration(value: unknown): value is ActorConfiguration {
  return typeof value === "object" && value !== null && typeof (value as ActorConfiguration).getDescriptors === "function";
}

function classesOf(source: ActorSource): ActorClass[] {
  if (typeof source === "function") return [source as ActorClass];
  if (Array.isArray(source)) return source.flatMap(classesOf);
  const exported = Object.values(source as Readonly<Record<string, unknown>>);
  return exported.filter((one): one is ActorClass => typeof one === "function" && descriptionsOf(one).length > 0);
}

function describeActors(classes: readonly ActorClass[], defaults: ActorDefaults): ActorDescriptor[] {
  const problems: string[] = [];
  const descriptors = classes.flatMap((actorType) => {
    const descriptions = descriptionsOf(actorType);
    const name = actorType.name || "an anonymous class";
    if (descriptions.length === 0) problems.push(`${name} is not an actor: decorate it with @actorDescription("Topic-Subscription")`);
    if (typeof actorType.prototype?.processAsync !== "function") problems.push(`${name} has no method processAsync(event, context)`);
    return descriptions.flatMap((description) => describeActor(actorType, description, defaults, problems) ?? []);
  });
  problems.push(...contradictions(descriptors));
  throwProblems(problems);
  return descriptors;
}

function describeActor(
  actorType: ActorClass,
  { queueName, options }: ActorDescription,
  defaults: ActorDefaults,
  problems: string[],
): ActorDescriptor | undefined {
  const at = `${actorType.name || "an anonymous class"} on "${queueName}"`;
  const parsed = attempt(() => QueueName.parse(queueName), at, problems);
  const published = (options.publishes ?? []).map((text) => attempt(() => destination(text), `${at} publishes`, problems));
  if (!parsed) return undefined;
  if (parsed.kind === "topic") {
    problems.push(`${at}: "${queueName}" is a topic; an actor reads a subscription of it, "${parsed.topic}-Something"`);
    return undefined;
  }
  const { parallelism = defaults.parallelism, lease = defaults.lease, ordered = false, middleware = [] } = options;
  const retry = { ...defaults.retry, ...options.retry };
  if (!Number.isSafeInteger(parallelism) || parallelism < 1) problems.push(`${at}: parallelism must be a whole number from 1, not ${parallelism}`);
  if (!(lease >= 100 && lease < Infinity)) problems.push(`${at}: lease must be 100 ms or more, not ${lease}`);
  problems.push(...retryProblems(retry).map((problem) => `${at}: ${problem}`));
  const publishes = published.filter((one) => one !== undefined);
  return { actorType, name: actorType.name, queueName: parsed, parallelism, lease, retry, publishes, ordered, middleware: [...defaults.middleware, ...middleware] };
}

/** What is wrong between descriptors, each of which is right by itself. */
export function contradictions(descriptors: readonly ActorDescriptor[]): string[] {
  const problems: string[] = [];
  const readers = new Map<string, ActorDescriptor>();
  const spellings = new Map<string, string>();
  for (const descriptor of descriptors) {
    const queueName = descriptor.queueName.toString();
    const other = readers.get(queueName);
    if (other) problems.push(`${other.name} and ${descriptor.name} both read "${queueName}": give each a subscription of its own`);
    readers.set(queueName, descriptor);
    for (const name of [queueName, ...descriptor.publishes.map(String)]) {
      const spelling = spellings.get(name.toLowerCase());
      if (spelling !== undefined && spelling !== name) {
        problems.push(`"${spelling}" and "${name}" differ only in case, which some clouds do not tell apart`);
      }
      spellings.set(name.toLowerCase(), name);
    }
  }
  return problems;
}

/** Throws one error that lists every problem, if there is any. */
export function throwProblems(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const list = [...new Set(problems)].map((problem) => `\n  - ${problem}`).join("");
  throw new BeeHiveError("InvalidConfiguration", `The hive cannot start:${list}`);
}

/** In `publishes`, a bare name is a topic, as it is for events: `OrderShipped` means `OrderShipped-`. */
function destination(text: string): QueueName {
  const name = /^\w+$/.test(text) ? QueueName.topic(text) : QueueName.parse(text);
  if (name.kind !== "subscription") return name;
  throw new BeeHiveError("InvalidQueueName", `"${text}" is a subscription; publish to its topic, "${name.topic}-"`);
}

function attempt<T>(make: () => T, at: string, problems: string[]): T | undefined {
  try {
    return make();
  } catch (error) {
    problems.push(`${at}: ${messageOf(error)}`);
    return undefined;
  }
}
