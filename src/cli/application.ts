import type { DescriptorSource, ActorClasses } from "../actors/actors-from.ts";
import { subscriptionsOf, type ActorClass, type ActorDescriptor } from "../actors/actor.ts";
import { createHive, type HiveOptions } from "../hive/hive.ts";
import type { Pulser } from "../pulses/pulser.ts";
import type { Publisher } from "../actors/publishes.ts";
import { UsageError } from "./exit-code.ts";
import { importFile } from "./import-file.ts";
import type { Settings } from "./settings.ts";

/**
 * What a module may export as `hive` beside its actors: all that only code can say, such as a container, middleware,
 * a logger or a provider that was made with clients of its own. A function is called by the commands that run actors
 * (`run`), and by no other: what connects to somewhere belongs in one.
 */
type HiveExport = Partial<HiveOptions> | (() => Partial<HiveOptions> | Promise<Partial<HiveOptions>>);

/** The modules of a call, put together with what the settings say of them. */
export interface Application {
  readonly settings: Settings;
  /** Everything the modules export, what they re-export as a namespace included. */
  readonly exports: readonly unknown[];
  /** The actors that were chosen, everything decided. */
  readonly descriptors: readonly ActorDescriptor[];
  readonly pulsers: readonly Pulser[];
  /** All that publish and are no actors: the pulsers, and the application itself by `hive.publishes`. */
  readonly publishers: readonly Publisher[];
  /** What a hive of it is made of; `provider` is there only if the settings or a module name one. */
  readonly options: HiveOptions;
  /** Whether `options` says all that a hive is made with; not so when some of it is in code that was not run. */
  readonly isWhole: boolean;
  /** The same, with what the functions among the exports called `hive` give. */
  resolve(): Promise<HiveOptions>;
}

/** @throws UsageError when a module cannot be imported, or what they export cannot be one hive. */
export async function loadApplication(paths: readonly string[], settings: Settings): Promise<Application> {
  const modules = paths.length > 0 ? paths : (settings.modules ?? []);
  if (modules.length === 0)
    throw new UsageError('Name a module that exports actors, here or as "modules" in beehive.config.json.');
  const loaded = await Promise.all(modules.map(async (path) => ({ path, module: await importFile(path) })));
  const exports = [...new Set(loaded.flatMap(({ module }) => valuesOf(module)))];
  const given = loaded.flatMap(({ path, module: { hive } }) => (isHiveExport(hive) ? [{ path, hive }] : []));
  const known = given.filter((one): one is Given => typeof one.hive === "object");
  const { descriptors, ...options } = await decide(combine(exports, known, settings), settings.actors);
  const { pulsers = [], publishes = [] } = options;
  if (descriptors.length + pulsers.length + publishes.length === 0)
    throw new UsageError(`${modules.join(" and ")} export no actor, no pulser and no hive with publishes.`);
  return {
    settings,
    exports,
    descriptors,
    pulsers,
    publishers: [...pulsers, { publishes }],
    options,
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

interface Given {
  readonly path: string;
  readonly hive: Partial<HiveOptions>;
}

/** Everything as one hive: what the settings say wins over what the modules say. */
function combine(exports: readonly unknown[], given: readonly Given[], settings: Settings): HiveOptions {
  const said: Partial<HiveOptions> = Object.assign({}, ...given.map(({ hive }) => hive));
  for (const name of Object.keys(said)) {
    const by = given.filter(({ hive }) => name in hive).map(({ path }) => path);
    if (by.length > 1) throw new UsageError(`${by.join(" and ")} both export hive.${name}; say it in one of them.`);
  }
  const { defaults, overrides, topology, provider, journal } = settings;
  return {
    ...said,
    actors: [...exports.filter(isActorClass), ...[said.actors ?? []].flat()] as (ActorClasses | DescriptorSource)[],
    // One that is exported and named, too, is one.
    pulsers: [...new Set([...(said.pulsers ?? []), ...exports.filter(isPulser)])],
    defaults: { ...said.defaults, ...defaults, retry: { ...said.defaults?.retry, ...defaults?.retry } },
    ...(overrides !== undefined && { overrides }),
    ...(topology !== undefined && { topology }),
    ...(provider !== undefined && { provider }),
    // A switch does not undo what the code says of how.
    ...(journal !== undefined && { journal: journal && typeof said.journal === "object" ? said.journal : journal }),
  };
}

type Decided = HiveOptions & { readonly descriptors: readonly ActorDescriptor[] };

/** Describes all actors, so that what is said of one that is not chosen is checked too, then keeps the chosen ones. */
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

/** An actor is called like its class or its subscription. */
function namesOf({ name, queueName }: ActorDescriptor): string[] {
  return [name, queueName.toString()];
}

/** What a module exports, and what is in the namespaces among it: `export * as actors from "./actors/index.js"`. */
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
