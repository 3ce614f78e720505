import { throwProblems } from "../base/problems.ts";
import { kindOf } from "../events/event-checks.ts";
import { subscriptionsOf, type ActorClass, type ActorDescriptor } from "./actor.ts";
import { hasMethod, toDescriptor, type ActorDefaults } from "./descriptor.ts";

/**
 * A class, an array of classes, or a module with decorated classes: `import * as actors from "./actors.js"`.
 */
export type ActorClasses = ActorClass | readonly ActorClasses[] | Readonly<Record<string, unknown>>;

/** Descriptors from elsewhere than decorators, such as a database. */
export interface DescriptorSource {
  /** @param defaults The option `defaults` of the hive, to be passed on to {@link toDescriptor}. */
  getDescriptors(defaults: ActorDefaults): Iterable<ActorDescriptor> | Promise<Iterable<ActorDescriptor>>;
}

/** Returns whether a value is a source of descriptors rather than of classes. */
export function isDescriptorSource(value: unknown): value is DescriptorSource {
  return (
    typeof value === "object" && value !== null && typeof (value as DescriptorSource).getDescriptors === "function"
  );
}

/**
 * Returns the descriptors of decorated classes.
 *
 * Each class is taken once. A class that is named itself must be decorated.
 *
 * @example
 * import * as actors from "./actors/index.js";
 * const policy = leastPolicy(actorsFrom(actors), config, { setup: true });
 * @throws BeeHiveError `InvalidConfiguration` with every problem of every class.
 */
export function actorsFrom(classes: ActorClasses, defaults: ActorDefaults = {}): readonly ActorDescriptor[] {
  const problems: string[] = noClasses(classes);
  const descriptors = [...new Set(classesOf(classes))].flatMap((actorType) => {
    problems.push(...classProblems(actorType));
    return subscriptionsOf(actorType).flatMap(
      ({ queueName, options }) => toDescriptor(actorType, queueName, options, defaults, problems) ?? [],
    );
  });
  throwProblems([...problems, ...contradictions(descriptors)]);
  return descriptors;
}

/** Returns what is neither a class, an array nor a module, in words. */
function noClasses(classes: unknown): string[] {
  if (Array.isArray(classes)) return classes.flatMap(noClasses);
  if (classes === undefined) return ["undefined is not an actor: is it imported from a module that imports this one?"];
  const isOne = typeof classes === "function" || (typeof classes === "object" && classes !== null);
  return isOne ? [] : [`${kindOf(classes)} is not an actor: name its class, or a module of classes`];
}

function classesOf(classes: ActorClasses): ActorClass[] {
  if (typeof classes === "function") return [classes];
  if (Array.isArray(classes)) return classes.flatMap(classesOf);
  if (typeof classes !== "object" || classes === null) return [];
  const exported = Object.values(classes as Readonly<Record<string, unknown>>);
  return exported.filter((one): one is ActorClass => typeof one === "function" && subscriptionsOf(one).length > 0);
}

function classProblems(actorType: ActorClass): string[] {
  const name = actorType.name || "an anonymous class";
  const problems: string[] = [];
  if (subscriptionsOf(actorType).length === 0)
    problems.push(`${name} is not an actor: decorate it with @actorDescription("Topic-Subscription")`);
  const [single, batch] = [hasMethod(actorType, "processAsync"), hasMethod(actorType, "processBatchAsync")];
  if (!single && !batch)
    problems.push(`${name} has no method processAsync(event, context) or processBatchAsync(events, context)`);
  if (single && batch)
    problems.push(
      `${name} has both processAsync and processBatchAsync: remove one; processBatchAsync takes events in batches`,
    );
  return problems;
}

/** Returns the names of exported classes with a method of actors and no `@actorDescription`: base classes, or mistakes. */
export function undecorated(source: unknown): readonly string[] {
  if (Array.isArray(source)) return source.flatMap(undecorated);
  if (typeof source !== "object" || source === null || isDescriptorSource(source)) return [];
  return Object.values(source).flatMap((one: unknown) =>
    typeof one === "function" &&
    (hasMethod(one as ActorClass, "processAsync") || hasMethod(one as ActorClass, "processBatchAsync")) &&
    subscriptionsOf(one).length === 0
      ? [one.name]
      : [],
  );
}

/** Returns what is wrong between descriptors, in words; each may be right by itself. */
export function contradictions(descriptors: readonly ActorDescriptor[]): string[] {
  const problems: string[] = namesakes(descriptors);
  const readers = new Map<string, ActorDescriptor>();
  const spellings = new Map<string, string>();
  for (const descriptor of descriptors) {
    const queueName = descriptor.queueName.toString();
    const other = readers.get(queueName);
    if (other) {
      problems.push(
        `${other.name} and ${descriptor.name} both read "${queueName}": give each a subscription of its own`,
      );
    }
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

/**
 * Returns which actors have the name of another, in words: overrides, metrics and graphs take them for one.
 *
 * Classes of one name that are not typed by an event are left alone, as they always were.
 */
function namesakes(descriptors: readonly ActorDescriptor[]): string[] {
  const first = new Map<string, ActorDescriptor>();
  return descriptors.flatMap((descriptor) => {
    const { name, actorType, queueName, event } = descriptor;
    const other = first.get(name) ?? descriptor;
    first.set(name, other);
    if (other.actorType === actorType || (event ?? other.event) === undefined) return [];
    const own = `${queueName.topic}${name}`;
    return [
      `two actors are called ${name}, on "${other.queueName}" and "${queueName}": ` +
        `give one of them the option name, such as { name: "${own}" }`,
    ];
  });
}
