import { readDataFile } from "../base/data-file.ts";
import { inMs, type Duration } from "../base/duration.ts";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import { isNumber, numberProblems, wholeNumber } from "../base/numbers.ts";
import { throwProblems } from "../base/problems.ts";
import { safeText } from "../base/safe-text.ts";
import type { ActorDescriptor } from "./actor.ts";
import { contradictions } from "./actors-from.ts";
import { descriptorProblems, slotSettings } from "./descriptor.ts";
import type { Parallelism } from "./elastic.ts";
import { defaultRetry, retryInMs, type RetryOptions } from "./retry-policy.ts";
import { limitInMs, type FailureLimit } from "./supervision.ts";

/** Options that replace those of an actor without a change of its code. */
export interface ActorOverride {
  /** `false` leaves the actor out. @default true */
  readonly enabled?: boolean;
  readonly parallelism?: Parallelism;
  readonly lease?: Duration;
  readonly retry?: RetryOptions;
  readonly failureLimit?: FailureLimit;
}

/**
 * Overrides by the name of an actor, for all its subscriptions, or by a subscription, which wins.
 *
 * @example
 * { "PaymentActor": { "parallelism": 32, "lease": "1m" }, "OrderShipped-Tracing": { "enabled": false } }
 */
export type ActorOverrides = Readonly<Record<string, ActorOverride>>;

/** Overrides of one origin. */
interface NamedOverrides {
  /** The path of the file or the name of the variable, as `hive.describe()` prints it. */
  readonly origin: string;
  readonly actors: ActorOverrides;
  /** Why they cannot be applied; thrown only when an actor of the hive is named. */
  readonly problem?: string | undefined;
}

const fieldNames = ["enabled", "parallelism", "lease", "retry", "failureLimit"];
const fieldNamesWithin: Readonly<Record<string, readonly string[]>> = {
  retry: Object.keys(defaultRetry),
  failureLimit: ["failures", "within", "action", "pause"],
};
const environmentPrefix = "BEEHIVE_ACTOR_PARALLELISM_";
/** The most characters of a wrong text that an error shows. */
const maxShown = 100;

/**
 * Reads overrides from a JSON file, or a YAML file (`.yaml`, `.yml`). The file is an object with the one key `actors`.
 *
 * @throws BeeHiveError `InvalidConfiguration` when the file cannot be read, or with every problem in it.
 */
export async function readOverrides(path: string): Promise<NamedOverrides> {
  const content = await parseFile(path);
  if (!isObject(content) || !isObject(content["actors"]) || Object.keys(content).length > 1)
    throwProblems([`${path}: it must be an object with the one key "actors"`]);
  return namedOverrides(path, (content as { readonly actors: unknown }).actors);
}

/**
 * Returns overrides with their origin.
 * @throws BeeHiveError `InvalidConfiguration` with every problem of their shape.
 */
export function namedOverrides(origin: string, actors: unknown): NamedOverrides {
  if (!isObject(actors)) throwProblems([`${origin}: it must be an object of overrides by actor`]);
  const problems: string[] = [];
  for (const [name, fields] of Object.entries(actors as object)) {
    problems.push(...objectProblems(`${origin}: actors.${name}`, fields, fieldNames));
    if (!isObject(fields)) continue;
    for (const [field, known] of Object.entries(fieldNamesWithin)) {
      if (fields[field] !== undefined)
        problems.push(...objectProblems(`${origin}: actors.${name}.${field}`, fields[field], known));
    }
    if (!["boolean", "undefined"].includes(typeof fields["enabled"]))
      problems.push(`${origin}: actors.${name}.enabled must be true or false`);
  }
  throwProblems(problems);
  return { origin, actors: actors as ActorOverrides };
}

/** Returns overrides from the environment: `BEEHIVE_ACTOR_PARALLELISM_PaymentActor=32`. Empty variables are ignored. */
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
 * Returns the descriptors with overrides applied; later overrides win.
 *
 * A file must name actors of the hive; a variable may be for another hive.
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
        const found = Object.hasOwn(actors, key) ? actors[key] : undefined;
        if (found && problem !== undefined) problems.push(problem);
        else if (found && changed) changed = found.enabled === false ? undefined : apply(changed, found, origin);
      }
    }
    if (changed && changed !== descriptor) problems.push(...descriptorProblems(changed));
    return changed ?? [];
  });
  throwProblems([...problems, ...contradictions(result)]);
  return result;
}

function apply(descriptor: ActorDescriptor, override: ActorOverride, origin: string): ActorDescriptor {
  const { parallelism, lease, retry, failureLimit } = override;
  const settings = Object.entries({
    parallelism,
    lease: inMs(lease),
    retry: retry && { ...descriptor.retry, ...retryInMs(retry) },
    failureLimit: failureLimit && limitInMs(failureLimit),
  }).filter(([, value]) => value !== undefined);
  return {
    ...descriptor,
    ...Object.fromEntries(settings),
    ...(parallelism !== undefined && slotSettings(parallelism)),
    origins: { ...descriptor.origins, ...Object.fromEntries(settings.map(([name]) => [name, origin])) },
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
