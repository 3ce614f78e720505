import { systemClock, type Clock, type Timer } from "../base/clock.ts";
import type { Duration } from "../base/duration.ts";
import { BeeHiveError } from "../base/errors.ts";
import { nearestOf } from "../base/nearest.ts";
import type { Provider } from "../contract/provider.ts";
import { createHive, type Hive, type HiveOptions } from "../hive/hive.ts";
import type { Health } from "../hive/health.ts";
import { openProvider } from "../hive/open-provider.ts";
import type { PlannedStage, StagePlan } from "./plan.ts";

/** Options of stages: those of a hive, without its actors. */
export interface StagesOptions extends Omit<HiveOptions, "actors" | "overrides"> {
  /** The stages to run. @default all of the plan */
  readonly only?: readonly string[] | undefined;
  /** Returns the memory of the process, in bytes. @default process.memoryUsage.rss */
  readonly memory?: (() => number) | undefined;
}

/** The time between two looks at the memory, in ms. */
const memoryEveryMs = 1_000;

/**
 * Creates a hive for each stage of a plan, all on one connection to the provider.
 *
 * @throws BeeHiveError `InvalidConfiguration` for an unknown stage, and for an actor in two stages; and as `createHive`.
 * @example
 * await using stages = await createStages(plan, { provider: "sqlite:./hive.db", only: ["billing"] });
 * await stages.start();
 */
export async function createStages(plan: StagePlan, options: StagesOptions = {}): Promise<Stages> {
  const { only, memory, ...hiveOptions } = options;
  const chosen = chosenStages(plan, only);
  const clock = options.clock ?? systemClock;
  const given = options.provider;
  const provider =
    typeof given === "object" ? given : await openProvider(given ?? "memory:", { clock, logger: options.logger });
  const hives = new Map<string, Hive>();
  try {
    for (const { stage, actors } of chosen) {
      const { controls = {}, pulsers, sources, alerts, ...common } = hiveOptions;
      const isFirst = hives.size === 0;
      const hive = await createHive({
        ...common,
        ...(isFirst && { pulsers, sources }),
        ...(stage.settings.maxInFlight !== undefined && { maxInFlight: stage.settings.maxInFlight }),
        // A rule that names its subscriptions is checked once, for all stages.
        alerts: alerts?.filter(({ of }) => isFirst || of === undefined),
        provider,
        actors: { getDescriptors: () => actors },
        environment: {},
        controls: controls && { ...controls, stage: stage.name },
      });
      hives.set(stage.name, hive);
    }
  } catch (error) {
    if (provider !== given) await provider.close();
    throw error;
  }
  const limits = chosen.map(({ stage }) => stage.settings.memory);
  const maxMemory = limits.every((limit) => limit !== undefined)
    ? limits.reduce((sum, limit) => sum + limit, 0)
    : Infinity;
  return new Stages(hives, { clock, maxMemory, memory, owned: provider === given ? undefined : provider });
}

function chosenStages({ stages, twice }: StagePlan, only: readonly string[] | undefined): readonly PlannedStage[] {
  const names = stages.map(({ stage }) => stage.name);
  const unknown = (only ?? []).filter((name) => !names.includes(name));
  for (const name of unknown) {
    const near = nearestOf(name, names);
    const hint = near === undefined ? `There are: ${names.join(", ")}` : `Is it ${near}?`;
    throw new BeeHiveError("InvalidConfiguration", `There is no stage ${name}. ${hint}`);
  }
  const [first] = twice;
  if (first)
    throw new BeeHiveError(
      "InvalidConfiguration",
      `${first.actor.name} on "${first.actor.queueName}" is in the stages ${first.stages.join(" and ")}. Leave it in one.`,
    );
  return only ? stages.filter(({ stage }) => only.includes(stage.name)) : stages;
}

interface StagesParts {
  readonly clock: Clock;
  readonly maxMemory: number;
  readonly memory: (() => number) | undefined;
  /** The provider, if it closes with the stages. */
  readonly owned: Provider | undefined;
}

/** The stages of one process. Returned by {@link createStages}. */
export class Stages implements AsyncDisposable {
  /** By the name of the stage. */
  readonly hives: ReadonlyMap<string, Hive>;
  readonly #parts: StagesParts;
  #watch: Timer | undefined;
  #tooLarge: BeeHiveError | undefined;
  #stopping: Promise<void> | undefined;

  /** @internal Created by {@link createStages}. */
  constructor(hives: ReadonlyMap<string, Hive>, parts: StagesParts) {
    this.hives = hives;
    this.#parts = parts;
  }

  /** Starts all stages. @throws BeeHiveError as `Hive.start`. */
  async start(): Promise<void> {
    for (const hive of this.hives.values()) await hive.start();
    if (this.#parts.maxMemory < Infinity) this.#watchMemory();
  }

  /** Stops all stages at once. See `Hive.stop`. */
  async stop(options: { readonly deadline?: Duration } = {}): Promise<void> {
    await (this.#stopping ??= this.#stop(options));
  }

  async #stop(options: { readonly deadline?: Duration }): Promise<void> {
    this.#watch?.cancel();
    await Promise.all([...this.hives.values()].map((hive) => hive.stop(options)));
    await this.#parts.owned?.close();
  }

  /**
   * Resolves when all stages have stopped; one that stops ends the others.
   *
   * Rejects with the error for which supervision stopped one, and when they needed more memory than they may.
   */
  async whenStopped(): Promise<void> {
    try {
      await Promise.race([...this.hives.values()].map((hive) => hive.whenStopped()));
    } finally {
      await this.stop();
    }
    if (this.#tooLarge) throw this.#tooLarge;
  }

  /** Returns the health of the process: live and ready if each stage is. */
  async health(options: { readonly askProvider?: boolean } = {}): Promise<Health> {
    const [first, ...others] = await Promise.all([...this.hives.values()].map((hive) => hive.health(options)));
    if (!first) throw new BeeHiveError("InvalidState", "There are no stages.");
    const all = [first, ...others];
    const failed = all.find(({ ready }) => !ready) ?? first;
    return {
      live: all.every(({ live }) => live),
      ready: all.every(({ ready }) => ready),
      detail: {
        ...failed.detail,
        stage: [...this.hives.keys()].join(", "),
        actors: all.flatMap(({ detail }) => detail.actors),
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #watchMemory(): void {
    const { clock, maxMemory, memory = () => process.memoryUsage.rss() } = this.#parts;
    this.#watch = clock.after(memoryEveryMs, () => {
      const used = memory();
      if (used <= maxMemory) return this.#watchMemory();
      const [is, may] = [used, maxMemory].map((bytes) => `${Math.round(bytes / 2 ** 20)} MB`);
      const names = [...this.hives.keys()].join(", ");
      const text = `The process of ${names} needs ${is}, and may need ${may}. Start it anew, or raise its memory.`;
      this.#tooLarge = new BeeHiveError("TooLarge", text);
      void this.stop();
    });
  }
}
