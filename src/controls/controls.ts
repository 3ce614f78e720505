import type { Hold } from "../actors/pause.ts";
import type { ThrottleOptions } from "../actors/middleware/throttle-options.ts";
import type { Clock } from "../base/clock.ts";
import { inMs } from "../base/duration.ts";
import { BeeHiveError } from "../base/errors.ts";
import type { Provider } from "../contract/provider.ts";
import { Acts } from "./acts.ts";
import {
  assertAct,
  operatorProblems,
  parallelismProblems,
  reasonProblems,
  throttleProblems,
  untilProblems,
} from "./checks.ts";
import { ControlStore } from "./control-store.ts";
import { controlId, everything, holds, type ControlledKind, type StoredSettings } from "./control.ts";

/** The operator of an act, as the record of acts names it. */
export interface ByOperator {
  /** A name, such as that of a user of the dashboard. */
  readonly by: string;
}

/**
 * The reason and the end of a pause.
 *
 * @example
 * { reason: "the bank is down", until: new Date("2026-03-01T18:00Z"), by: "ada" }
 */
export interface PauseOptions extends ByOperator {
  readonly reason: string;
  /** The end of the pause. @default None: until an operator resumes. */
  readonly until?: Date | undefined;
}

/**
 * New settings of a subscription, for every process. `"default"` restores what the code, files and variables say.
 *
 * @example
 * { parallelism: 20, throttle: { limit: 100, per: "1m" }, by: "ada" }
 */
export interface SettingsChange extends ByOperator {
  /** Events that one process works on at the same time. */
  readonly parallelism?: number | "default" | undefined;
  /** Runs that one process may start. A throttle in the code holds as well. */
  readonly throttle?: ThrottleOptions | "default" | undefined;
}

/** A pause that an operator set. */
export interface OperatorPause {
  /** The operator. */
  readonly by: string;
  readonly reason: string;
  readonly since: Date;
  /** The end of the pause; `undefined` until an operator resumes. */
  readonly until: Date | undefined;
}

/** Settings that an operator set. */
export interface OperatorSettings {
  readonly parallelism: number | undefined;
  readonly throttle: ThrottleOptions | undefined;
  /** The operator. */
  readonly by: string;
  readonly since: Date;
}

/** The state that operators set for a subscription, pulser or source. */
export interface OperatedState {
  readonly pause: OperatorPause | undefined;
  readonly settings: OperatorSettings | undefined;
}

/** The state that operators set on a provider, as of one look. */
export interface OperatedStates {
  /** The pause of all subscriptions. */
  readonly all: OperatorPause | undefined;
  /** By the name of the subscription or queue; only those with a state. */
  readonly queues: ReadonlyMap<string, OperatedState>;
  /** By the name of the pulser; only those with a state. */
  readonly pulsers: ReadonlyMap<string, OperatedState>;
  /** By the name of the source; only those with a state. */
  readonly sources: ReadonlyMap<string, OperatedState>;
}

/** Reads and changes what operators set on a provider, and records who did it. */
export class Controls {
  readonly #store: ControlStore;
  readonly #acts: Acts;
  readonly #clock: Clock;

  constructor({ stores }: Pick<Provider, "stores">, clock: Clock) {
    this.#store = new ControlStore(stores);
    this.#acts = new Acts(stores, clock);
    this.#clock = clock;
  }

  get acts(): Acts {
    return this.#acts;
  }

  /** Pauses a subscription, pulser or source; all subscriptions and sources without a name. */
  async pause(kind: ControlledKind, name: string | undefined, { reason, until, by }: PauseOptions): Promise<void> {
    const now = this.#clock.now();
    const on = name ?? "*";
    assertAct("pause", on, [...operatorProblems(by), ...reasonProblems(reason), ...untilProblems(until, now)]);
    const hold: Hold = { by, reason, since: now, ...(until && { until: until.getTime() }) };
    await this.#store.change(idOf(kind, name), (control) => ({ ...control, hold }));
    const end = until ? ` until ${until.toISOString()}` : "";
    await this.#acts.record({ by, act: "pause", on, detail: `${reason}${end}` });
  }

  /**
   * Ends the pause of a subscription, pulser or source; without a name, every pause of subscriptions.
   *
   * Does nothing when there is none. Returns whether there was one.
   *
   * @throws BeeHiveError `InvalidState` for one subscription while all are paused.
   */
  async resume(kind: ControlledKind, name: string | undefined, { by }: ByOperator): Promise<boolean> {
    assertAct("resume", name ?? "*", operatorProblems(by));
    if (name === undefined) return await this.#resumeAll(by);
    const { all } = await this.states();
    if (kind !== "pulser" && all)
      throw new BeeHiveError(
        "InvalidState",
        `Cannot resume ${name}: ${all.by} paused all subscriptions (${all.reason}). Resume all of them.`,
      );
    return await this.#resumeOne(controlId(kind, name), name, by);
  }

  async #resumeAll(by: string): Promise<boolean> {
    const controls = [...(await this.#store.all()).values()];
    const paused = controls.filter(({ id, hold }) => hold && (id === everything || id.startsWith("queue/")));
    let any = false;
    for (const { id } of paused) any = (await this.#resumeOne(id, nameOf(id), by)) || any;
    return any;
  }

  async #resumeOne(id: string, on: string, by: string): Promise<boolean> {
    let ended = false;
    await this.#store.change(id, ({ hold, ...control }) => {
      ended = holds(hold, this.#clock.now());
      return hold ? control : undefined;
    });
    if (ended) await this.#acts.record({ by, act: "resume", on, detail: undefined });
    return ended;
  }

  /** Changes settings of a subscription. */
  async set(name: string, { by, parallelism, throttle, ...unknown }: SettingsChange): Promise<void> {
    const others = Object.keys(unknown).map((one) => `"${one}" is not a setting; there are parallelism, throttle`);
    const none = parallelism === undefined && throttle === undefined ? ["name a setting: parallelism, throttle"] : [];
    const wrong = [...parallelismProblems(parallelism), ...throttleProblems(throttle)];
    assertAct("set", name, [...operatorProblems(by), ...others, ...(others.length > 0 ? [] : none), ...wrong]);
    await this.#store.change(controlId("queue", name), ({ settings, ...control }) => {
      const next = settingsAfter(settings, { parallelism, throttle, by }, this.#clock.now());
      return next ? { ...control, settings: next } : control;
    });
    await this.#acts.record({ by, act: "set", on: name, detail: changeText({ parallelism, throttle }) });
  }

  /** Returns the pauses of subscriptions that have not ended, by subscription; `*` for all of them. */
  async holds(): Promise<ReadonlyMap<string, Hold>> {
    const now = this.#clock.now();
    const controls = [...(await this.#store.all()).values()].filter(
      ({ id }) => id === everything || id.startsWith("queue/"),
    );
    return new Map(controls.flatMap(({ id, hold }) => (holds(hold, now) ? [[nameOf(id), hold] as const] : [])));
  }

  /** Returns what operators have set, in one look. Pauses that have ended are left out. */
  async states(): Promise<OperatedStates> {
    const now = this.#clock.now();
    const states = {
      queue: new Map<string, OperatedState>(),
      pulser: new Map<string, OperatedState>(),
      source: new Map<string, OperatedState>(),
    };
    let all: OperatorPause | undefined;
    for (const { id, hold, settings } of (await this.#store.all()).values()) {
      const pause = holds(hold, now) ? pauseOf(hold) : undefined;
      if (id === everything) all = pause;
      else if (pause || settings)
        states[kindOf(id)].set(nameOf(id), {
          pause,
          settings: settings && settingsOf(settings),
        });
    }
    return { all, queues: states.queue, pulsers: states.pulser, sources: states.source };
  }
}

function idOf(kind: ControlledKind, name: string | undefined): string {
  return name === undefined ? everything : controlId(kind, name);
}

function kindOf(id: string): ControlledKind {
  return id.slice(0, id.indexOf("/")) as ControlledKind;
}

/** Returns the name in an id; `*` for all subscriptions. */
function nameOf(id: string): string {
  return id === everything ? "*" : id.slice(id.indexOf("/") + 1);
}

function pauseOf({ by, reason, since, until }: Hold): OperatorPause {
  return { by, reason, since: new Date(since), until: until === undefined ? undefined : new Date(until) };
}

function settingsOf({ parallelism, throttle, by, since }: StoredSettings): OperatorSettings {
  return {
    parallelism,
    throttle: throttle && { limit: throttle.limit, per: throttle.perMs },
    by,
    since: new Date(since),
  };
}

/** Returns the settings after a change; `undefined` when all of them are the default again. */
function settingsAfter(
  before: StoredSettings | undefined,
  { parallelism = before?.parallelism, throttle, by }: SettingsChange,
  since: number,
): StoredSettings | undefined {
  const perMs = typeof throttle === "object" ? inMs(throttle.per ?? 1_000) : 0;
  const limit = typeof throttle === "object" ? { limit: throttle.limit, perMs } : undefined;
  const after = {
    parallelism: parallelism === "default" ? undefined : parallelism,
    throttle: throttle === undefined ? before?.throttle : limit,
  };
  return after.parallelism === undefined && !after.throttle ? undefined : { ...after, by, since };
}

function changeText({ parallelism, throttle }: Omit<SettingsChange, "by">): string {
  const rate = typeof throttle === "object" ? `${throttle.limit}/${throttle.per ?? 1_000}` : throttle;
  return [
    ...(parallelism === undefined ? [] : [`parallelism=${parallelism}`]),
    ...(rate === undefined ? [] : [`throttle=${rate}`]),
  ].join(" ");
}
