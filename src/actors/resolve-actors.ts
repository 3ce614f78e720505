import { throwProblems } from "../base/problems.ts";
import { ActorDescriptors, isActorConfiguration, type ActorConfiguration, type ActorSource } from "./configuration.ts";
import { actorDefaults, type ActorDefaults } from "./descriptor.ts";
import type { RetryOptions } from "./retry-policy.ts";
import { environmentOverrides, namedOverrides, override, readOverrides, type ActorOverrides } from "./overrides.ts";
import type { ActorDescriptor } from "./actor.ts";

/** Where the actors of a hive come from, and what holds for them. */
export interface ActorSettings {
  readonly actors?: ActorSource | ActorConfiguration | readonly (ActorSource | ActorConfiguration)[] | undefined;
  readonly defaults?: (Partial<Omit<ActorDefaults, "retry">> & { readonly retry?: Partial<RetryOptions> }) | undefined;
  readonly overrides?: string | ActorOverrides | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

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
}: ActorSettings): Promise<readonly ActorDescriptor[]> {
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
