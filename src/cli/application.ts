import { resolve } from "node:path";
import { subscriptionsOf, type ActorClass, type ActorDescriptor, type Published } from "../actors/actor.ts";
import type { ActorClasses, DescriptorSource } from "../actors/actors-from.ts";
import type { Publisher } from "../actors/publishes.ts";
import type { EstimateOptions } from "../analysis/estimate/estimate.ts";
import { createHive } from "../hive/create-hive.ts";
import type { HiveOptions } from "../hive/hive.ts";
import type { Pulser } from "../actors/pulses/pulser.ts";
import type { SimulateOptions } from "../analysis/simulation/simulate.ts";
import { UsageError } from "./exit-code.ts";
import { importFile } from "./import-file.ts";
import type { Settings } from "./settings.ts";

/**
 * The export `hive` of a module: options for code only, such as a container, middleware or a logger.
 *
 * A function is called only by `run` and `simulate`, so it may open connections.
 *
 * @example
 * export const hive = async () => ({ container: await connectedContainer() });
 */
type HiveExport = Partial<HiveOptions> | (() => Partial<HiveOptions> | Promise<Partial<HiveOptions>>);

/** The modules of a call, combined with the settings. */
export interface Application {
  readonly settings: Settings;
  /** All exports of the modules, including those in re-exported namespaces. */
  readonly exports: readonly unknown[];
  /** The loaded modules, by their absolute paths. */
  readonly modules: readonly { readonly path: string; readonly module: object }[];
  /** The chosen actors, with all their options resolved. */
  readonly descriptors: readonly ActorDescriptor[];
  readonly pulsers: readonly Pulser[];
  /** The publishers that are not actors: pulsers, sources, and the application itself by `hive.publishes`. */
  readonly publishers: readonly Publisher[];
  /** The options of the hive. `provider` is set only if the settings or a module name one. */
  readonly options: HiveOptions;
  /** False when a function among the exports may add to `options`, since it was not called. */
  readonly isWhole: boolean;
  /** The options of `beehive simulate` that the modules export as `simulation`. */
  readonly simulation: Partial<SimulateOptions>;
  /** The options of `beehive estimate` that the modules export as `workload`. */
  readonly workload: EstimateOptions;
  /** Calls the functions exported as `hive` and returns the complete options. */
  resolve(): Promise<HiveOptions>;
}

/** Loads modules. @throws UsageError when one cannot be imported, or when their exports contradict each other. */
export async function loadApplication(
  paths: readonly string[],
  settings: Settings,
  more: readonly string[] = [],
): Promise<Application> {
  const named = [...(paths.length > 0 ? paths : (settings.modules ?? [])), ...more];
  const modules = [...new Map(named.toReversed().map((path) => [resolve(path), path])).values()].toReversed();
  if (modules.length === 0)
    throw new UsageError('Name a module that exports actors, here or as "modules" in beehive.config.json.');
  const loaded = await Promise.all(modules.map(async (path) => ({ path, module: await importFile(path) })));
  const exports = [...new Set(loaded.flatMap(({ module }) => valuesOf(module)))];
  const given = loaded.flatMap(({ path, module: { hive } }) => (isHiveExport(hive) ? [{ path, hive }] : []));
  const known = given.filter((one): one is Given => typeof one.hive === "object");
  const { descriptors, ...options } = await decide(combine(exports, known, settings), settings.actors);
  const { pulsers = [], sources = [], publishes = [] } = options;
  if (descriptors.length + pulsers.length + sources.length + publishes.length === 0)
    throw new UsageError(
      `${modules.join(" and ")} export no actor, no pulser and no "hive" with publishes. Name a module that does.`,
    );
  return {
    settings,
    exports,
    modules: loaded.map(({ path, module }) => ({ path: resolve(path), module })),
    descriptors,
    pulsers,
    publishers: [...pulsers, ...sources, { publishes }],
    options,
    simulation: Object.assign(
      {},
      ...loaded.map(({ module: { simulation } }) => simulation),
    ) as Partial<SimulateOptions>,
    workload: Object.assign({}, ...loaded.map(({ module: { workload } }) => workload)) as EstimateOptions,
    isWhole: given.length === known.length && (known.length > 0 || paths.length === 0),
    async resolve() {
      const all = given.map(async ({ path, hive }) => ({
        path,
        hive: typeof hive === "function" ? await hive() : hive,
      }));
      const { descriptors: _, ...resolved } = await decide(
        combine(exports, await Promise.all(all), settings),
        settings.actors,
      );
      return resolved;
    },
  };
}

/** Returns where code outside the actors and pulsers publishes to: the application, and its sources. */
export function publishedOutside({ publishes = [], sources = [] }: HiveOptions): readonly Published[] {
  return [...publishes, ...sources.flatMap((source) => source.publishes ?? [])];
}

interface Given {
  readonly path: string;
  readonly hive: Partial<HiveOptions>;
}

/** Combines modules and settings to the options of one hive. Settings win over modules. */
function combine(exports: readonly unknown[], given: readonly Given[], settings: Settings): HiveOptions {
  const exported: Partial<HiveOptions> = Object.assign({}, ...given.map(({ hive }) => hive));
  for (const name of Object.keys(exported)) {
    const by = given.filter(({ hive }) => name in hive).map(({ path }) => path);
    if (by.length > 1)
      throw new UsageError(`${by.join(" and ")} both export hive.${name}; export it from one of them.`);
  }
  const { defaults, overrides, topology, provider, journal } = settings;
  return {
    ...exported,
    actors: [...exports.filter(isActorClass), ...[exported.actors ?? []].flat()] as (ActorClasses | DescriptorSource)[],
    // A pulser may be exported by itself and also in `hive.pulsers`.
    pulsers: [...new Set([...(exported.pulsers ?? []), ...exports.filter(isPulser)])],
    defaults: { ...exported.defaults, ...defaults, retry: { ...exported.defaults?.retry, ...defaults?.retry } },
    ...(overrides !== undefined && { overrides }),
    ...(topology !== undefined && { topology }),
    ...(provider !== undefined && { provider }),
    // The setting switches the journal on or off, and keeps the journal that the module made.
    ...(journal !== undefined && {
      journal: journal && typeof exported.journal === "object" ? exported.journal : journal,
    }),
  };
}

type Decided = HiveOptions & { readonly descriptors: readonly ActorDescriptor[] };

/** Resolves the options of all actors, so that those of actors not chosen are checked too. Keeps the chosen ones. */
async function decide(options: HiveOptions, names: readonly string[] | undefined): Promise<Decided> {
  await using hive = await createHive({ ...options, provider: "memory:" });
  const descriptors = hive.descriptors.filter((one) => !names || namesOf(one).some((name) => names.includes(name)));
  const known = hive.descriptors.flatMap(namesOf);
  const unknown = (names ?? []).filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new UsageError(`No actor is called ${unknown.join(" or ")}. There are: ${known.join(", ")}.`);
  const actors: DescriptorSource = { getDescriptors: () => descriptors };
  return { ...options, actors, overrides: undefined, environment: {}, descriptors };
}

/** Returns the names of an actor: its class and its subscription. */
function namesOf({ name, queueName }: ActorDescriptor): string[] {
  return [name, queueName.toString()];
}

/** Returns the exports of a module, including those in namespaces (`export * as actors from "./actors/index.js"`). */
function valuesOf(module: object): unknown[] {
  return Object.values(module).flatMap((one: unknown) => (isModule(one) ? valuesOf(one) : [one]));
}

function isModule(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.prototype.toString.call(value) === "[object Module]";
}

function isHiveExport(value: unknown): value is HiveExport {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function isActorClass(value: unknown): value is ActorClass {
  return typeof value === "function" && subscriptionsOf(value).length > 0;
}

function isPulser(value: unknown): value is Pulser {
  if (typeof value !== "object" || value === null) return false;
  const { name, schedule, pulse } = value as Partial<Pulser>;
  return typeof name === "string" && typeof schedule === "object" && typeof pulse === "function";
}
