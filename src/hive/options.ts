import type { DescriptorSource, ActorClasses } from "../actors/actors-from.ts";
import { nestedProblems, type ActorDefaults } from "../actors/descriptor.ts";
import type { ActorOverrides } from "../actors/overrides.ts";
import type { Clock } from "../base/clock.ts";
import { objectProblems } from "../base/problems.ts";
import { isContainer, type Container } from "../injection/container.ts";
import type { DeliveryReport } from "../delivery/delivery.ts";
import type { JournalOptions } from "../journal/journal.ts";
import type { Logger } from "../base/logger.ts";
import type { Topology } from "./orchestrator.ts";
import type { Provider } from "../contract/provider.ts";
import { publishesProblems, type Publisher } from "../actors/publishes.ts";
import type { Pulser } from "../pulses/pulser.ts";

/** What a hive is made of. A hive without actors only publishes, from a web process for example. */
export interface HiveOptions extends Publisher {
  /** Actor classes, modules of them, or configurations; several are merged. @default [] */
  readonly actors?: ActorClasses | DescriptorSource | readonly (ActorClasses | DescriptorSource)[] | undefined;
  /** What makes events by time; each fires once however many processes run it. */
  readonly pulsers?: readonly Pulser[] | undefined;
  /** Where to run: a URL such as `memory:` (the default), or a provider of your own, which the hive does not close. */
  readonly provider?: string | Provider | undefined;
  /** The application's container: what it binds can be injected into actors. */
  readonly container?: Container | undefined;
  /** Whether the set-up makes queues (the default) or only checks that they are there. */
  readonly topology?: Topology | undefined;
  /** What holds for every actor unless its decorator says otherwise. */
  readonly defaults?: ActorDefaults | undefined;
  /** What is said of actors outside their code: the path of a JSON or YAML file, or the same as an object. Wins over decorators. */
  readonly overrides?: string | ActorOverrides | undefined;
  /** Where `BEEHIVE_ACTOR_PARALLELISM_<ActorName>` is looked up, which wins over all else; `process.env` unless given. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Warnings and errors go to the standard error unless given; a pino logger fits. */
  readonly logger?: Logger | undefined;
  /**
   * Whether the hive writes down what it does, for `hive.trace` and `beehive trace`; bodies are never in it. Unless
   * given it does on `memory:`, in the memory of the process, and on `sqlite:`, in the file; not on a cloud, where it costs.
   */
  readonly journal?: boolean | JournalOptions | undefined;
  /** Told how each delivery ended, after it did: for tests and displays. */
  readonly onDelivery?: ((report: DeliveryReport) => void) | undefined;
  /** For tests: time, and the random part of back-offs. */
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
}

const names: Readonly<Record<keyof HiveOptions, true>> = {
  actors: true,
  publishes: true,
  pulsers: true,
  provider: true,
  container: true,
  topology: true,
  defaults: true,
  overrides: true,
  environment: true,
  logger: true,
  journal: true,
  onDelivery: true,
  clock: true,
  random: true,
};

const defaultNames: Readonly<Record<keyof ActorDefaults, true>> = {
  parallelism: true,
  lease: true,
  maxOutputs: true,
  retry: true,
  supervision: true,
  failureLimit: true,
  middleware: true,
};

/** What is wrong with the options as such, in words: the compiler sees no options that come from elsewhere. */
export function hiveOptionProblems(options: unknown): string[] {
  if (typeof options !== "object" || options === null)
    return ["createHive takes an object of options, such as { actors }"];
  const problems = Object.keys(options).flatMap((name) =>
    Object.hasOwn(names, name) ? [] : [`"${name}" is not an option; there are ${Object.keys(names).join(", ")}`],
  );
  const { provider, container, topology, logger, defaults = {}, clock } = options as Partial<HiveOptions>;
  for (const name of ["onDelivery", "random"] as const) {
    const given = (options as Partial<HiveOptions>)[name];
    if (given !== undefined && typeof given !== "function") problems.push(`${name} must be a function`);
  }
  if (clock !== undefined && (typeof clock?.now !== "function" || typeof clock.after !== "function"))
    problems.push("clock must have the methods now and after");
  if (!["undefined", "string", "object"].includes(typeof provider) || provider === null)
    problems.push("provider must be a URL, such as sqlite:./hive.db, or a provider");
  if (container !== undefined && !isContainer(container))
    problems.push(
      "container must be one of inversify, made with the Container that beehive-actors exports; npm ls beehive-actors inversify shows whether there are two copies",
    );
  if (topology !== undefined && topology !== "create" && topology !== "check")
    problems.push(`topology must be create or check, not "${String(topology)}"`);
  const silent = (["debug", "info", "warn", "error"] as const).filter(
    (level) => logger !== undefined && typeof logger?.[level] !== "function",
  );
  if (silent.length > 0)
    problems.push(`logger must have the methods debug, info, warn and error; it lacks ${silent.join(", ")}`);
  return [...problems, ...publishesProblems("", options), ...defaultsProblems(defaults)];
}

function defaultsProblems(defaults: object): string[] {
  const problems = objectProblems("defaults", defaults);
  if (problems.length > 0) return problems;
  const unknown = Object.keys(defaults).filter((name) => !Object.hasOwn(defaultNames, name));
  const { supervision = [], middleware = [] } = defaults as ActorDefaults;
  const lists = Object.entries({ supervision, middleware }).filter(([, list]) => !Array.isArray(list));
  return [
    ...unknown.map((name) => `defaults.${name} is not an option; there are ${Object.keys(defaultNames).join(", ")}`),
    ...lists.map(([name]) => `defaults.${name} must be a list`),
    ...nestedProblems("defaults.", defaults),
  ];
}
