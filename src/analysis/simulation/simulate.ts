import { checkedDuration, checkedNumber } from "../../base/checked-number.ts";
import type { Clock } from "../../base/clock.ts";
import type { Duration } from "../../base/duration.ts";
import { silentLogger } from "../../base/logger.ts";
import { delay, wholeNumber } from "../../base/numbers.ts";
import { throwProblems } from "../../base/problems.ts";
import type { Provider } from "../../contract/provider.ts";
import type { Stores } from "../../contract/stores.ts";
import type { Event } from "../../events/event.ts";
import { createHive, type HiveOptions } from "../../hive/hive.ts";
import { openProvider } from "../../hive/open-provider.ts";
import type { Container } from "../../actors/injection/container.ts";
import { checkNames, type Check } from "./checks.ts";
import { explore, type Exploration } from "./explore.ts";
import { profileOf, type Fault, type FaultProfile, type ProfileName } from "./faults.ts";
import type { SimulationReport } from "./report.ts";
import type { Plan, RunOutcome } from "./run.ts";

/** The actors to simulate, the number of runs, and the invariants. */
export interface SimulateOptions extends Pick<
  HiveOptions,
  "actors" | "pulsers" | "publishes" | "defaults" | "overrides"
> {
  /** The events that a client pushes, one after the other. */
  readonly push: Iterable<Event> | (() => Iterable<Event>);
  /** Writes what is in the stores before a run. @default Nothing. */
  readonly given?: ((stores: Stores) => unknown) | undefined;
  /** The container of a process. A function makes one for each, as singletons live in one process. @default None. */
  readonly container?: Container | (() => Container | Promise<Container>) | undefined;
  /** Checks what must hold after each run, and throws if it does not. @default Nothing. */
  readonly invariant?: ((stores: Stores, outcome: RunOutcome) => unknown) | undefined;
  /** The provider whose faults may strike. @default "memory" */
  readonly as?: ProfileName | FaultProfile | undefined;
  /** The relative frequency of single faults, in place of those of the profile; 0 switches one off. */
  readonly faults?: Readonly<Partial<Record<Fault, number>>> | undefined;
  /** The mean number of faults in a run. 0 leaves the order of things to chance, and nothing else. @default 3 */
  readonly faultsPerRun?: number | undefined;
  /** The number of runs. @default 100 */
  readonly runs?: number | undefined;
  /** The seed of the first run; each further run takes the next. @default 1 */
  readonly seed?: number | undefined;
  /** The number of processes that share the work. @default 2 */
  readonly processes?: number | undefined;
  /** Switches built-in checks off. @default All are on. */
  readonly checks?: Readonly<Partial<Record<Check, boolean>>> | undefined;
  /**
   * Leaves out of the comparison with a calm run: properties, `takenBy`, or beginnings of paths, `counters/Stock/`.
   *
   * Values that depend on the time alone are left out by themselves. @default Nothing else.
   */
  readonly ignore?: readonly string[] | undefined;
  /** The most virtual time of a run. @default "30d" */
  readonly within?: Duration | undefined;
  /** The virtual time that a run lasts at least, for pulsers. @default 0 */
  readonly lasts?: Duration | undefined;
  /** The most deliveries of a run. @default 10_000 */
  readonly deliveries?: number | undefined;
  /** Opens the provider below the faults, which must answer without I/O. @default Memory. */
  readonly engine?: ((clock: Clock) => Provider | Promise<Provider>) | undefined;
}

/**
 * Runs actors many times in virtual time, each time in another order and with other faults.
 *
 * Each run depends on its seed only. A run that breaks a rule is shrunk to the few faults that it takes, and thrown as
 * a {@link SimulationFailed} that tells the story.
 *
 * @throws SimulationFailed at the first run that breaks a rule; BeeHiveError `InvalidConfiguration`.
 * @example
 * await simulate({
 *   actors: [StockActor],
 *   push: [OrderAccepted.create({ orderId: "1" })],
 *   as: "aws",
 *   invariant: async (stores) => assert.equal(await stores.counters.get("Stock", "lamp"), 4),
 * });
 */
export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  const { report, failure } = await explore(await explorationOf(options));
  if (failure) throw failure;
  return report;
}

/** Returns the checked options of a simulation. */
export async function explorationOf(options: SimulateOptions): Promise<Exploration> {
  const { runs = 100, seed = 1, faultsPerRun = 3, push } = options;
  checkedNumber("simulate", "runs", runs, wholeNumber(1));
  checkedNumber("simulate", "seed", seed, wholeNumber(0));
  return {
    plan: await planOf(options),
    events: [...(typeof push === "function" ? push() : push)].map(named),
    runs,
    seed,
    faultsPerRun,
    stopsAtFirst: true,
  };
}

/** Returns an event with an id that is the same in each process. */
function named(event: Event, index: number): Event {
  return event.hasId ? event : event.with({ id: `push-${index + 1}` });
}

async function planOf(options: SimulateOptions): Promise<Plan> {
  const { processes = 2, within = "30d", lasts = 0, deliveries = 10_000, checks = {}, ignore = [] } = options;
  const { container, actors, defaults, overrides, pulsers = [], publishes = [] } = options;
  checkedNumber("simulate", "processes", processes, wholeNumber(1));
  checkedNumber("simulate", "deliveries", deliveries, wholeNumber(1));
  const unknown = Object.keys(checks).filter((name) => !checkNames.some((known) => known === name));
  throwProblems(
    unknown.map((name) => `checks.${name} is not a check; there are ${checkNames.join(", ")}`),
    "The simulation cannot run",
  );
  const profile = profileOf(options.as ?? "memory", options.faults);
  const { descriptors } = await createHive({ actors, defaults, overrides, environment: {}, logger: silentLogger });
  const window = Math.max(1, profile.deduplication);
  return {
    descriptors,
    profile,
    processes,
    options: async () => ({
      actors: { getDescriptors: () => descriptors },
      pulsers,
      publishes,
      container: typeof container === "function" ? await container() : container,
    }),
    engine: async (clock) =>
      (await options.engine?.(clock)) ?? openProvider(`memory:?deduplication=${window}`, { clock }),
    closesEngine: options.engine !== undefined,
    given: options.given ?? (() => {}),
    invariant: options.invariant ?? (() => {}),
    isOn: (check) => checks[check] ?? true,
    ignore,
    withinMs: checkedDuration("simulate", "within", within, delay),
    lastsMs: checkedDuration("simulate", "lasts", lasts, delay),
    maxDeliveries: deliveries,
  };
}
