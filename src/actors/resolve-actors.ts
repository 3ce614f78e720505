import { ActorDescriptors, isActorConfiguration, throwProblems, type ActorSource } from "./configuration.ts";
import { actorDefaults } from "./descriptor.ts";
import { environmentOverrides, namedOverrides, override, readOverrides } from "./overrides.ts";
import type { ActorDescriptor } from "./actor.ts";
import type { HiveOptions } from "../hive/options.ts";

/**
 * The actors of a hive with everything decided: decorators, then the file, then the environment.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of every actor.
 */
export async function describeActors({
  actors,
  defaults,
  overrides,
  environment = process.env,
}: Pick<HiveOptions, "actors" | "defaults" | "overrides" | "environment">): Promise<readonly ActorDescriptor[]> {
  const merged = { ...actorDefaults, ...defaults, retry: { ...actorDefaults.retry, ...defaults?.retry } };
  const given = (Array.isArray(actors) ? actors : [actors]).filter((one) => one !== undefined);
  const sources = given.filter((one) => !isActorConfiguration(one)) as ActorSource[];
  const configurations = given.filter(isActorConfiguration);
  if (sources.length > 0) configurations.push(ActorDescriptors.from(...sources).toConfiguration());
  const described = await Promise.all(configurations.map(async (one) => one.getDescriptors(merged)));
  const file =
    typeof overrides === "string"
      ? await readOverrides(overrides)
      : overrides && namedOverrides("overrides", overrides);
  const descriptors = override(
    described.flatMap((some) => [...some]),
    file,
    environmentOverrides(environment),
  );
  if (descriptors.length === 0 && sources.flat().length > 0)
    throwProblems([
      "no class among its actors is decorated with @actorDescription; leave actors out for a hive that only publishes",
    ]);
  return descriptors;
}
