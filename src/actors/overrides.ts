import { readDataFile } from "../base/data-file.ts";
import { messageOf } from "../base/error-text.ts";
import { throwProblems } from "../base/problems.ts";
import { contradictions } from "./configuration.ts";
import { descriptorProblems } from "./descriptor.ts";
import type { ActorDescriptor } from "./actor.ts";
import { BeeHiveError } from "../base/errors.ts";
import { isNumber, numberProblems, wholeNumber } from "../base/numbers.ts";
import { defaultRetry, type RetryOptions } from "./retry-policy.ts";
import { safeText } from "../base/safe-text.ts";
import type { FailureLimit } from "./supervision.ts";

/** What may be said of an actor outside its code. */
export interface ActorOverride {
  /** `false` leaves the actor out. */
  readonly enabled?: boolean;
  readonly parallelism?: number;
  /** In ms. */
  readonly lease?: number;
  readonly retry?: Partial<RetryOptions>;
  readonly failureLimit?: FailureLimit;
}

/**
 * Overrides by the name of an actor class, for all its subscriptions, or by a subscription, which says more and
 * wins: `{ "PaymentActor": { "parallelism": 32 }, "OrderShipped-Tracing": { "enabled": false } }`.
 */
export type ActorOverrides = Readonly<Record<string, ActorOverride>>;

/** Overrides, and what they are called in `hive.describe()`. */
export interface NamedOverrides {
  readonly origin: string;
  readonly actors: ActorOverrides;
  /** Tells why they cannot be applied, if they cannot; of interest only if they are for an actor of the hive. */
  readonly problem?: string | undefined;
}

const fields = ["enabled", "parallelism", "lease", "retry", "failureLimit"];
const fieldsWithin: Readonly<Record<string, readonly string[]>> = {
  retry: Object.keys(defaultRetry),
  failureLimit: ["failures", "within", "action", "pause"],
};
const environmentPrefix = "BEEHIVE_ACTOR_PARALLELISM_";
/** A wrong text is shown up to here, in characters. */
const maxShown = 100;

/**
 * Reads overrides from a file: JSON, or YAML when its name ends in `.yaml` or `.yml`. The file is an object with one
 * key, `actors`.
 *
 * @throws BeeHiveError `InvalidConfiguration` when it cannot be read or has anything else in it, every problem at once.
 */
export async function readOverrides(path: string): Promise<NamedOverrides> {
  const content = await parseFile(path);
  if (!isObject(content) || !isObject(content["actors"]) || Object.keys(content).length > 1)
    throwProblems([`${path}: it must be an object with the one key "actors"`]);
  return namedOverrides(path, (content as { readonly actors: unknown }).actors);
}

/** Overrides as they were given, by whoever wrote them. @throws BeeHiveError `InvalidConfiguration` with every problem. */
export function namedOverrides(origin: string, actors: unknown): NamedOverrides {
  if (!isObject(actors)) throwProblems([`${origin}: it must be an object of overrides by actor`]);
  const problems: string[] = [];
  for (const [name, said] of Object.entries(actors as object)) {
    problems.push(...objectProblems(`${origin}: actors.${name}`, said, fields));
    if (!isObject(said)) continue;
    for (const [field, known] of Object.entries(fieldsWithin)) {
      if (said[field] !== undefined)
        problems.push(...objectProblems(`${origin}: actors.${name}.${field}`, said[field], known));
    }
    if (!["boolean", "undefined"].includes(typeof said["enabled"]))
      problems.push(`${origin}: actors.${name}.enabled must be true or false`);
  }
  throwProblems(problems);
  return { origin, actors: actors as ActorOverrides };
}

/** Overrides from the environment: `BEEHIVE_ACTOR_PARALLELISM_PaymentActor=32`. An empty variable says nothing. */
export function environmentOverrides(environment: Readonly<Record<string, string | undefined>>): NamedOverrides[] {
  return Object.entries(environment).flatMap(([variable, value]) => {
    if (!variable.startsWith(environmentPrefix) || value === undefined || value.trim() === "") return [];
    const parallelism = Number(value);
    const [problem] = isNumber(parallelism, wholeNumber(1))
      ? []
      : numberProblems(variable, safeText(value, maxShown), wholeNumber(1));
    return [{ origin: variable, actors: { [variable.slice(environmentPrefix.length)]: { parallelism } }, problem }];
  });
}

/**
 * The descriptors as overrides change them, later ones winning. A file must name actors that are there; a variable
 * may be for another hive.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem.
 */
export function override(
  descriptors: readonly ActorDescriptor[],
  file: NamedOverrides | undefined,
  environment: readonly NamedOverrides[],
): ActorDescriptor[] {
  const problems = file ? unknownActors(file, descriptors) : [];
  const result = descriptors.flatMap((descriptor) => {
    let changed: ActorDescriptor | undefined = descriptor;
    for (const { origin, actors, problem } of [...(file ? [file] : []), ...environment]) {
      for (const key of [descriptor.name, descriptor.queueName.toString()]) {
        const said = Object.hasOwn(actors, key) ? actors[key] : undefined;
        if (said && problem !== undefined) problems.push(problem);
        else if (said && changed) changed = said.enabled === false ? undefined : apply(changed, said, origin);
      }
    }
    if (changed && changed !== descriptor) problems.push(...descriptorProblems(changed));
    return changed ?? [];
  });
  throwProblems([...problems, ...contradictions(result)]);
  return result;
}

function apply(
  descriptor: ActorDescriptor,
  { parallelism, lease, retry, failureLimit }: ActorOverride,
  origin: string,
): ActorDescriptor {
  const said = Object.entries({ parallelism, lease, retry, failureLimit }).filter(([, value]) => value !== undefined);
  return {
    ...descriptor,
    ...Object.fromEntries(said),
    retry: { ...descriptor.retry, ...retry },
    origins: { ...descriptor.origins, ...Object.fromEntries(said.map(([name]) => [name, origin])) },
  };
}

function unknownActors({ origin, actors }: NamedOverrides, descriptors: readonly ActorDescriptor[]): string[] {
  const known = new Set(descriptors.flatMap(({ name, queueName }) => [name, queueName.toString()]));
  return Object.keys(actors)
    .filter((key) => !known.has(key))
    .map((key) => `${origin}: actors.${key} is neither an actor nor a subscription of this hive`);
}

async function parseFile(path: string): Promise<unknown> {
  try {
    return await readDataFile(path);
  } catch (cause) {
    throw new BeeHiveError("InvalidConfiguration", `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function objectProblems(at: string, value: unknown, known: readonly string[]): string[] {
  if (!isObject(value)) return [`${at} must be an object`];
  const unknown = Object.keys(value).filter((field) => !known.includes(field));
  return unknown.map((field) => `${at}.${field} is not a setting; there are ${known.join(", ")}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
