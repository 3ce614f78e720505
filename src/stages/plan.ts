import type { ActorClass, ActorDescriptor } from "../actors/actor.ts";
import { slotSettings } from "../actors/descriptor.ts";
import { nearestOf } from "../base/nearest.ts";
import type { Problem } from "./source.ts";
import { throwAt, type Stage, type StageEntry, type StageFile } from "./stage-file.ts";

/** Where an actor is exported. */
export interface ActorPlace {
  /** An absolute path. */
  readonly module: string;
  /** The name of the export; `orders.InvoiceActor` in a namespace. */
  readonly name: string;
}

/** A stage with its actors. */
export interface PlannedStage {
  readonly stage: Stage;
  /** With the settings of the stage. */
  readonly actors: readonly ActorDescriptor[];
}

/** Every stage with its actors, and every actor that has no stage of its own. */
export interface StagePlan {
  readonly file: StageFile;
  readonly stages: readonly PlannedStage[];
  /** The actors in no stage: no process works for them. */
  readonly unplaced: readonly ActorDescriptor[];
  /** The actors in two stages or more. */
  readonly twice: readonly { readonly actor: ActorDescriptor; readonly stages: readonly string[] }[];
}

/** The modules of a stage file, as absolute paths. */
export function modulesOf({ stages }: StageFile): readonly string[] {
  return [...new Set(stages.flatMap(({ actors }) => actors.flatMap(({ module }) => module ?? [])))];
}

/** Returns where the exports of modules are, by their value. A namespace within a module counts, too. */
export function placesOf(
  modules: readonly { readonly path: string; readonly module: object }[],
): ReadonlyMap<unknown, readonly ActorPlace[]> {
  const places = new Map<unknown, ActorPlace[]>();
  const visit = (path: string, module: object, prefix: string): void => {
    for (const [name, value] of Object.entries(module)) {
      places.set(value, [...(places.get(value) ?? []), { module: path, name: prefix + name }]);
      if (Object.prototype.toString.call(value) === "[object Module]")
        visit(path, value as object, `${prefix}${name}.`);
    }
  };
  for (const { path, module } of modules) visit(path, module, "");
  return places;
}

/**
 * Shares out actors to the stages of a file. An exact name wins over a pattern.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every entry that selects no actor.
 */
export function planOf(
  file: StageFile,
  descriptors: readonly ActorDescriptor[],
  places: ReadonlyMap<unknown, readonly ActorPlace[]>,
): StagePlan {
  const matched = new Set<StageEntry>();
  const chosen = descriptors.map((descriptor) => ({ descriptor, stages: stagesOf(descriptor, file, places, matched) }));
  const unmatched = file.stages.flatMap(({ actors }) => actors.filter((entry) => !matched.has(entry)));
  throwAt(
    file.path,
    unmatched.map(({ line, text, module, pattern }): Problem => {
      const names = descriptors.flatMap(({ actorType, name, queueName }) =>
        module === undefined ? [name, `${queueName}`] : namesIn(places.get(actorType) ?? [], module),
      );
      const near = nearestOf(pattern, names);
      return { line, text: `"${text}" selects no actor${near === undefined ? "" : `; is it ${near}?`}` };
    }),
  );
  return {
    file,
    stages: file.stages.map((stage) => ({
      stage,
      actors: chosen
        .filter(({ stages }) => stages.includes(stage))
        .map(({ descriptor }) => withStage(descriptor, stage, file.path)),
    })),
    unplaced: chosen.filter(({ stages }) => stages.length === 0).map(({ descriptor }) => descriptor),
    twice: chosen
      .filter(({ stages }) => stages.length > 1)
      .map(({ descriptor, stages }) => ({ actor: descriptor, stages: stages.map(({ name }) => name) })),
  };
}

function stagesOf(
  descriptor: ActorDescriptor,
  { stages }: StageFile,
  places: ReadonlyMap<unknown, readonly ActorPlace[]>,
  matched: Set<StageEntry>,
): readonly Stage[] {
  const { actorType, name, queueName } = descriptor;
  const own = places.get(actorType satisfies ActorClass) ?? [];
  const found: { readonly stage: Stage; readonly isExact: boolean }[] = [];
  for (const stage of stages)
    for (const entry of stage.actors) {
      const { module, pattern } = entry;
      const names = module === undefined ? [name, `${queueName}`] : namesIn(own, module);
      if (!names.some((one) => matches(one, pattern))) continue;
      matched.add(entry);
      found.push({ stage, isExact: !pattern.includes("*") });
    }
  const best = found.some(({ isExact }) => isExact) ? found.filter(({ isExact }) => isExact) : found;
  return [...new Set(best.map(({ stage }) => stage))];
}

function namesIn(places: readonly ActorPlace[], module: string): readonly string[] {
  return places.filter((place) => place.module === module).map(({ name }) => name);
}

function matches(name: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(".*")}$`, "u").test(name);
}

function withStage(descriptor: ActorDescriptor, { settings, name }: Stage, path: string): ActorDescriptor {
  const { batchSize, batchInterval, maxLag } = settings;
  const { batch } = descriptor;
  const parallelism = batch ? undefined : settings.parallelism;
  const origin = `stage ${name} in ${path}`;
  return {
    ...descriptor,
    ...(parallelism !== undefined && slotSettings(parallelism)),
    ...(batch && { batch: { ...batch, size: batchSize ?? batch.size, interval: batchInterval ?? batch.interval } }),
    ...(maxLag !== undefined && { maxLag }),
    origins: {
      ...descriptor.origins,
      ...(parallelism !== undefined && { parallelism: origin }),
      ...(batch && (batchSize ?? batchInterval) !== undefined && { batch: origin }),
    },
  };
}
