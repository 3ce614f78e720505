import { dirname, relative } from "node:path";
import type { ActorDescriptor } from "../actors/actor.ts";
import { modulesOf, placesOf, planOf, type StagePlan } from "../stages/plan.ts";
import { readStages } from "../stages/stage-file.ts";
import type { Application } from "./application.ts";
import type { CommandContext } from "./command.ts";
import { UsageError } from "./exit-code.ts";

/**
 * Reads the stage file and shares out the actors of its modules, and of those of the call.
 *
 * @param path The stage file. @default that of the settings
 */
export async function stagePlan(
  context: CommandContext,
  modules: readonly string[],
  path?: string,
): Promise<{ readonly plan: StagePlan; readonly application: Application }> {
  const { stages, actors } = await context.settings();
  const file = path ?? stages;
  if (file === undefined)
    throw new UsageError('Name a stage file: --stages stages.ini, BEEHIVE_STAGES, or "stages" in beehive.config.json.');
  if (actors) throw new UsageError("Name stages or actors, not both: the stage file says which actors a stage has.");
  const read = await readStages(file);
  const application = await context.application(modules, modulesOf(read));
  return { plan: planOf(read, application.descriptors, placesOf(application.modules)), application };
}

/** Returns the text of an actor in a stage file: `billing.ts#InvoiceActor`, or its name without a module. */
export function entryOf(application: Application, file: string): (descriptor: ActorDescriptor) => string {
  const places = placesOf(application.modules);
  return ({ actorType, name }) => {
    const place = places.get(actorType)?.find((one) => !one.name.includes(".")) ?? places.get(actorType)?.[0];
    if (!place) return name;
    const path = relative(dirname(file), place.module).replaceAll("\\", "/");
    return `${path.startsWith(".") ? path : `./${path}`}#${place.name}`;
  };
}
