import { pathToFileURL } from "node:url";
import type { ActorClasses } from "../actors/actors-from.ts";
import { resolveActors } from "../actors/resolve-actors.ts";
import type { HiveOptions } from "../hive/hive.ts";
import { modulesOf, placesOf, planOf, type StagePlan } from "./plan.ts";
import { readStages } from "./stage-file.ts";

/** The actors of a plan, beside those of its modules. */
export interface PlanStagesOptions extends Pick<HiveOptions, "defaults" | "overrides" | "environment"> {
  /** Actors that the file selects by their names. @default None. */
  readonly actors?: ActorClasses | undefined;
}

/**
 * Reads a stage file, imports its modules and shares out their actors.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of the file, or of the actors.
 * @example
 * const { stages, unplaced } = await planStages("stages.ini");
 */
export async function planStages(
  path: string,
  { actors = [], ...settings }: PlanStagesOptions = {},
): Promise<StagePlan> {
  const file = await readStages(path);
  const modules = await Promise.all(
    modulesOf(file).map(async (module) => ({
      path: module,
      module: (await import(pathToFileURL(module).href)) as object,
    })),
  );
  const descriptors = await resolveActors({
    ...settings,
    actors: [actors, ...modules.map(({ module }) => module as ActorClasses)],
  });
  return planOf(file, descriptors, placesOf(modules));
}
