import { throwProblems } from "../base/problems.ts";
import type { ActorDescriptor } from "./actor.ts";
import { actorsFrom, isDescriptorSource, type ActorClasses, type DescriptorSource } from "./actors-from.ts";
import { holdProblems } from "./hold-problems.ts";
import type { ActorDefaults } from "./descriptor.ts";
import { environmentOverrides, namedOverrides, override, readOverrides, type ActorOverrides } from "./overrides.ts";

/** The options of a hive that decide on its actors. */
interface ActorSettings {
  readonly actors?: ActorClasses | DescriptorSource | readonly (ActorClasses | DescriptorSource)[] | undefined;
  readonly defaults?: ActorDefaults | undefined;
  readonly overrides?: string | ActorOverrides | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * Returns the actors of a hive with every option resolved: decorators, then the file, then the environment.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of every actor.
 */
export async function resolveActors({
  actors,
  defaults = {},
  overrides,
  environment = process.env,
}: ActorSettings): Promise<readonly ActorDescriptor[]> {
  const given = Array.isArray(actors) ? actors : actors === undefined ? [] : [actors];
  const classes = given.filter((one) => !isDescriptorSource(one)) as ActorClasses[];
  const sources = given.filter(isDescriptorSource);
  const fromSources = await Promise.all(sources.map(async (source) => [...(await source.getDescriptors(defaults))]));
  const fromClasses = actorsFrom(classes, defaults);
  const file =
    typeof overrides === "string"
      ? await readOverrides(overrides)
      : overrides && namedOverrides("overrides", overrides);
  const descriptors = override([...fromSources.flat(), ...fromClasses], file, environmentOverrides(environment));
  throwProblems(holdProblems(descriptors));
  if (descriptors.length === 0 && classes.flat().length > 0)
    throwProblems([
      "no class among its actors is decorated with @actorDescription; leave actors out for a hive that only publishes",
    ]);
  return descriptors;
}
