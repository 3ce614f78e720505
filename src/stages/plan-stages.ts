import { pathToFileURL } from "node:url";
import type { ActorClasses } from "../actors/actors-from.ts";
import { resolveActors } from "../actors/resolve-actors.ts";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import type { HiveOptions } from "../hive/hive.ts";
import { modulesOf, placesOf, planOf, type StagePlan } from "./plan.ts";
import { readStages, type StageFile } from "./stage-file.ts";

/** The actors of a plan, beside those of its modules. */
export interface PlanStagesOptions extends Pick<HiveOptions, "defaults" | "overrides" | "environment"> {
  /** Actors that the file selects by their names. @default None. */
  readonly actors?: ActorClasses | undefined;
}

/**
 * Reads a stage file, imports its modules and shares out their actors.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of the file, or of the actors; for a module that cannot
 *   be imported, with its error as the cause.
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
      module: await imported(module, file),
    })),
  );
  const descriptors = await resolveActors({
    ...settings,
    actors: [actors, ...modules.map(({ module }) => module as ActorClasses)],
  });
  return planOf(file, descriptors, placesOf(modules));
}

async function imported(module: string, { path, stages }: StageFile): Promise<object> {
  try {
    return (await import(pathToFileURL(module).href)) as object;
  } catch (cause) {
    const entry = stages.flatMap(({ actors }) => actors).find((one) => one.module === module);
    const message = `${path}:${entry?.line}: ${module} cannot be imported: ${messageOf(cause)}`;
    throw new BeeHiveError("InvalidConfiguration", message, { cause });
  }
}
