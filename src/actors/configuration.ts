import { actorDefaults, describeActor, type ActorDefaults } from "./descriptor.ts";
import { descriptionsOf, type ActorClass, type ActorDescriptor, type ProcessorActor } from "./actor.ts";
import { throwProblems } from "../base/problems.ts";

/** Where the actors of a hive come from: decorators, or anything else that knows descriptors, such as a database. */
export interface ActorConfiguration {
  /** @param defaults what holds for every actor of the hive unless it says otherwise. */
  getDescriptors(defaults?: ActorDefaults): Iterable<ActorDescriptor> | Promise<Iterable<ActorDescriptor>>;
}

/** A class, classes, or a module (`import * as actors from "./actors/index.js"`), whose actor classes are taken. */
export type ActorSource = ActorClass | readonly ActorSource[] | Readonly<Record<string, unknown>>;

/** Reads the descriptors of actor classes from their decorators. */
export class ActorDescriptors {
  readonly #classes: readonly ActorClass[];

  private constructor(classes: readonly ActorClass[]) {
    this.#classes = classes;
  }

  /**
   * Actors from classes, arrays of them and modules. A class given by itself must be decorated; of a module, the
   * decorated ones are taken.
   */
  static from(...sources: readonly ActorSource[]): ActorDescriptors {
    return new ActorDescriptors([...new Set(sources.flatMap(classesOf))]);
  }

  /**
   * The configuration for a hive.
   *
   * @throws BeeHiveError `InvalidConfiguration` from `getDescriptors`, with every problem of every class.
   */
  toConfiguration(): ActorConfiguration {
    return { getDescriptors: (defaults = actorDefaults) => describeClasses(this.#classes, defaults) };
  }
}

/** Whether a value is a configuration rather than a source of classes. */
export function isActorConfiguration(value: unknown): value is ActorConfiguration {
  return (
    typeof value === "object" && value !== null && typeof (value as ActorConfiguration).getDescriptors === "function"
  );
}

function classesOf(source: ActorSource): ActorClass[] {
  if (typeof source === "function") return [source];
  if (Array.isArray(source)) return source.flatMap(classesOf);
  const exported = Object.values(source as Readonly<Record<string, unknown>>);
  return exported.filter((one): one is ActorClass => typeof one === "function" && descriptionsOf(one).length > 0);
}

/** Classes of modules that look like actors and are none: the decorator was forgotten, or they are there for others to extend. */
export function undecorated(source: unknown): readonly string[] {
  if (Array.isArray(source)) return source.flatMap(undecorated);
  if (typeof source !== "object" || source === null || isActorConfiguration(source)) return [];
  return Object.values(source).flatMap((one: unknown) =>
    typeof one === "function" &&
    typeof (one as { readonly prototype?: Partial<ProcessorActor> }).prototype?.processAsync === "function" &&
    descriptionsOf(one).length === 0
      ? [one.name]
      : [],
  );
}

function describeClasses(classes: readonly ActorClass[], defaults: ActorDefaults): ActorDescriptor[] {
  const problems: string[] = [];
  const descriptors = classes.flatMap((actorType) => {
    const descriptions = descriptionsOf(actorType);
    const name = actorType.name || "an anonymous class";
    if (descriptions.length === 0) {
      problems.push(`${name} is not an actor: decorate it with @actorDescription("Topic-Subscription")`);
    }
    if (typeof actorType.prototype?.processAsync !== "function") {
      problems.push(`${name} has no method processAsync(event, context)`);
    }
    return descriptions.flatMap(
      ({ queueName, options }) => describeActor(actorType, queueName, options, defaults, problems) ?? [],
    );
  });
  throwProblems([...problems, ...contradictions(descriptors)]);
  return descriptors;
}

/** What is wrong between descriptors, each of which is right by itself. */
export function contradictions(descriptors: readonly ActorDescriptor[]): string[] {
  const problems: string[] = [];
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
