import type { DescriptorSource, ActorClasses } from "../actors/actors-from.ts";
import { nestedProblems, type ActorDefaults } from "../actors/descriptor.ts";
import type { ActorOverrides } from "../actors/overrides.ts";
import { alertProblems, type AlertRule } from "../controls/alerts/alert.ts";
import { controlsProblems, type ControlsOptions } from "../controls/options.ts";
import type { Clock } from "../base/clock.ts";
import type { Codec } from "../contract/codec.ts";
import { numberProblems, wholeNumber } from "../base/numbers.ts";
import { objectProblems } from "../base/problems.ts";
import { isContainer, type ActorResolver, type Container } from "../actors/injection/container.ts";
import type { DeliveryReport } from "../delivery/delivery.ts";
import type { JournalOptions } from "../journal/journal.ts";
import type { Logger } from "../base/logger.ts";
import { pushLimitProblems, type PushLimit } from "./pools/push-limit.ts";
import { keepProblems, type KeptTopics } from "./keep.ts";
import type { Topology } from "./orchestrator.ts";
import type { Provider } from "../contract/provider.ts";
import { publishesProblems, type Publisher } from "../actors/publishes.ts";
import type { Pulser } from "../actors/pulses/pulser.ts";
import { sourceProblems, type Source } from "./source.ts";

/**
 * The options of {@link createHive}. A hive without actors only publishes, for example from a web process.
 *
 * @example
 * { actors: [PaymentActor], provider: "sqlite:./hive.db", defaults: { lease: "1m" } }
 */
export interface HiveOptions extends Publisher {
  /** Actor classes, modules that export them, or sources of descriptors; several are merged. @default [] */
  readonly actors?: ActorClasses | DescriptorSource | readonly (ActorClasses | DescriptorSource)[] | undefined;
  /** Publishers by the clock, see {@link pulse}. Each fires once, however many processes run it. @default [] */
  readonly pulsers?: readonly Pulser[] | undefined;
  /** Streams of other systems that become events, see {@link Source}. @default [] */
  readonly sources?: readonly Source[] | undefined;
  /** The place to run: a URL, or a provider of your own, which the hive does not close. @default "memory:" */
  readonly provider?: string | Provider | undefined;
  /** Encodes the bodies of events as they travel, such as `compressed()` of `beehive-actors/schemas`. @default None. */
  readonly codec?: Codec | undefined;
  /** The container of the application. Actors can have its bindings injected. @default None. */
  readonly container?: Container | undefined;
  /**
   * Makes an actor of another container for one event. `undefined` leaves the actor to the hive.
   *
   * @default None.
   * @example
   * resolve: (actorType, stores) => injector.createChild({ stores }).get(actorType)
   */
  readonly resolve?: ActorResolver | undefined;
  /** Creates missing queues in the set-up, or only checks for them. @default "create" */
  readonly topology?: Topology | undefined;
  /** Settings of every actor; its decorator wins over them. @default those of the library */
  readonly defaults?: ActorDefaults | undefined;
  /**
   * Settings of actors outside their code: the path of a JSON or YAML file, or its content. They win over decorators.
   *
   * @default None.
   */
  readonly overrides?: string | ActorOverrides | undefined;
  /** Variables with `BEEHIVE_ACTOR_PARALLELISM_<ActorName>`, which wins over all else. @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Takes warnings and errors; a pino logger fits. @default Standard error. */
  readonly logger?: Logger | undefined;
  /**
   * Keeps a journal, for `hive.trace` and `beehive trace`. It never holds a body.
   *
   * @default True on `memory:` (in the process), `sqlite:` and `postgres:`; false on a cloud, where it costs.
   */
  readonly journal?: boolean | JournalOptions | undefined;
  /**
   * The topics that keep their events, and for how long: to read them again, to rewind, to start in the past.
   *
   * @default None.
   */
  readonly keep?: KeptTopics | undefined;
  /**
   * Follows what operators set (pauses, settings), and sends heartbeats. `false` does neither.
   *
   * @default Both, see {@link ControlsOptions.interval}.
   */
  readonly controls?: ControlsOptions | false | undefined;
  /** Sends incidents to people, see {@link AlertRule}. @default [] */
  readonly alerts?: readonly AlertRule[] | undefined;
  /**
   * Actors that run at the same time in this hive, of all subscriptions together. A busy one starves no other.
   *
   * @default No limit but the `parallelism` of each actor.
   */
  readonly maxInFlight?: number | undefined;
  /** Queues that must not grow without end: `push` waits or refuses above them, see {@link PushLimit}. @default [] */
  readonly limits?: readonly PushLimit[] | undefined;
  /** Called after each delivery with its outcome, for tests and displays. @default None. */
  readonly onDelivery?: ((report: DeliveryReport) => void) | undefined;
  /** The time of the hive, for tests. @default {@link systemClock} */
  readonly clock?: Clock | undefined;
  /** The random part of retry delays, for tests. @default Math.random */
  readonly random?: (() => number) | undefined;
}

const names: Readonly<Record<keyof HiveOptions, true>> = {
  actors: true,
  publishes: true,
  pulsers: true,
  sources: true,
  provider: true,
  codec: true,
  container: true,
  resolve: true,
  topology: true,
  defaults: true,
  overrides: true,
  environment: true,
  logger: true,
  journal: true,
  keep: true,
  controls: true,
  alerts: true,
  maxInFlight: true,
  limits: true,
  onDelivery: true,
  clock: true,
  random: true,
};

const defaultNames: Readonly<Record<keyof ActorDefaults, true>> = {
  parallelism: true,
  lease: true,
  maxOutputs: true,
  inheritPartitionKey: true,
  retry: true,
  supervision: true,
  failureLimit: true,
  middleware: true,
};

/** Returns what is wrong with the options, in words. Options from JSON or plain JavaScript are not type-checked. */
export function hiveOptionProblems(options: unknown): string[] {
  if (typeof options !== "object" || options === null)
    return ["createHive takes an object of options, such as { actors }"];
  const problems = Object.keys(options).flatMap((name) =>
    Object.hasOwn(names, name) ? [] : [`"${name}" is not an option; there are ${Object.keys(names).join(", ")}`],
  );
  const { provider, container, topology, logger, defaults = {}, clock } = options as Partial<HiveOptions>;
  for (const name of ["resolve", "onDelivery", "random"] as const) {
    const given = (options as Partial<HiveOptions>)[name];
    if (given !== undefined && typeof given !== "function") problems.push(`${name} must be a function`);
  }
  if (clock !== undefined && (typeof clock?.now !== "function" || typeof clock.after !== "function"))
    problems.push("clock must have the methods now and after");
  if (!["undefined", "string", "object"].includes(typeof provider) || provider === null)
    problems.push("provider must be a URL, such as sqlite:./hive.db, or a provider");
  const { codec } = options as Partial<HiveOptions>;
  if (codec !== undefined && (typeof codec?.encode !== "function" || typeof codec.decode !== "function"))
    problems.push("codec must have the methods encode and decode, such as compressed() of beehive-actors/schemas");
  if (container !== undefined && !isContainer(container))
    problems.push("container must be a Container of inversify: new Container(), which beehive-actors exports");
  if (topology !== undefined && topology !== "create" && topology !== "check")
    problems.push(`topology must be create or check, not "${String(topology)}"`);
  const silent = (["debug", "info", "warn", "error"] as const).filter(
    (level) => logger !== undefined && typeof logger?.[level] !== "function",
  );
  if (silent.length > 0)
    problems.push(`logger must have the methods debug, info, warn and error; it lacks ${silent.join(", ")}`);
  const { keep, controls, alerts, maxInFlight, limits, sources } = options as Partial<HiveOptions>;
  return [
    ...problems,
    ...(maxInFlight === undefined ? [] : numberProblems("maxInFlight", maxInFlight, wholeNumber(1))),
    ...pushLimitProblems(limits),
    ...keepProblems(keep),
    ...sourceProblems(sources),
    ...controlsProblems(controls),
    ...alertProblems(alerts),
    ...(controls === false && alerts !== undefined ? ["alerts need controls: leave controls: false out"] : []),
    ...publishesProblems("", options),
    ...defaultsProblems(defaults),
  ];
}

function defaultsProblems(defaults: object): string[] {
  const problems = objectProblems("defaults", defaults);
  if (problems.length > 0) return problems;
  const unknown = Object.keys(defaults).filter((name) => !Object.hasOwn(defaultNames, name));
  const { supervision = [], middleware = [], inheritPartitionKey = false } = defaults as ActorDefaults;
  const lists = Object.entries({ supervision, middleware }).filter(([, list]) => !Array.isArray(list));
  return [
    ...unknown.map((name) => `defaults.${name} is not an option; there are ${Object.keys(defaultNames).join(", ")}`),
    ...lists.map(([name]) => `defaults.${name} must be a list`),
    ...(typeof inheritPartitionKey === "boolean" ? [] : ["defaults.inheritPartitionKey must be true or false"]),
    ...nestedProblems("defaults.", defaults),
  ];
}
