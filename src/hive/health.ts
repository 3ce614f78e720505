import { errorNameOf } from "../base/error-text.ts";
import { withTimeLimit, type Clock } from "../base/clock.ts";
import { parallelismOf, type SubscriptionLoop } from "../delivery/subscription-loop.ts";
import type { HeldKey } from "../delivery/held-keys.ts";
import { backPressure, pressureText, type Hold, type Pause, type PausedBy, type Pressure } from "../actors/pause.ts";
import type { Provider } from "../contract/provider.ts";
import type { SampledSource } from "../controls/heartbeats.ts";
import type { QueueSpec } from "../contract/queue-operator.ts";
import type { QueueName } from "../events/queue-name.ts";
import { causeOf } from "./operated.ts";
import type { LagLimits, Late } from "./lag-limits.ts";
import { LagWatch, lagsOf, type Lag } from "./lags.ts";

/** The health of a hive, for probes such as those of Kubernetes. Holds no secret: errors appear as their codes. */
export interface Health {
  /** All loops run. When one does not, only a new process helps. */
  readonly live: boolean;
  /** The hive is running, and its provider responds and has all queues. */
  readonly ready: boolean;
  readonly detail: HealthDetail;
}

export interface HealthDetail {
  readonly state: HiveState;
  /** See {@link ControlsOptions.stage}. */
  readonly stage: string | undefined;
  readonly provider: ProviderHealth;
  readonly actors: readonly ActorHealth[];
  /** Each source in this process: the records that it has yet to read, and the cause that holds it up. */
  readonly sources: readonly SampledSource[];
}

export type HiveState = "new" | "running" | "stopping" | "stopped";

export interface ProviderHealth {
  readonly name: string;
  /** `unknown` when the provider was not asked. */
  readonly state: "well" | "failed" | "unknown";
  /** Queues that do not exist. */
  readonly missing: readonly string[];
  /**
   * Causes that slow the provider down and only an operator can end, and subscriptions that no process reads.
   *
   * In sentences. The provider may still be `well`.
   */
  readonly warnings: readonly string[];
  /** The code of a `BeeHiveError` or the name of another error; `Timeout` without a response in time. */
  readonly error: string | undefined;
}

export interface ActorHealth {
  readonly actor: string;
  readonly subscription: string;
  /** The slots now. */
  readonly parallelism: number;
  readonly inFlight: number;
  /** `stuck`: a poll has not returned for 2 minutes. `ended`: the loop has ended while the hive is running. */
  readonly polling: "well" | "failing" | "stuck" | "ended";
  /** The error of the last poll, as {@link ProviderHealth.error}. */
  readonly error: string | undefined;
  /** Why this process leases no events of the subscription, or one at a time. Other processes may lease them. */
  readonly paused: PauseHealth | undefined;
  /** Up to 10 partition keys that are held back by an event with a retry here. */
  readonly heldKeys: readonly HeldKey[];
  /** `undefined` when the topic keeps no events, or the provider did not say. */
  readonly lag: Lag | undefined;
  /** Set while events wait longer than the actor allows. */
  readonly late: Late | undefined;
}

/** A pause of a subscription, which an operator, supervision or a full queue downstream began. */
export interface PauseHealth {
  readonly by: PausedBy | "operator" | "back-pressure";
  /** The name of the operator; `undefined` for a pause of supervision. */
  readonly operator: string | undefined;
  /** The words of the operator, the full queue, or the failure behind the pause as {@link ProviderHealth.error}. */
  readonly reason: string;
  readonly since: Date;
  /**
   * The end of the pause; `undefined` until an operator resumes, or the queue downstream has room.
   *
   * In the past while single events are tried, until one is committed.
   */
  readonly until: Date | undefined;
}

export interface HealthParts {
  readonly provider: Provider;
  /** Returns the loops of subscriptions that this process works on. */
  readonly joined: () => readonly SubscriptionLoop[];
  /** The queues that must exist. */
  readonly specs: readonly QueueSpec[];
  readonly clock: Clock;
  /** Returns the subscriptions that no process reads. @default They are not looked for. */
  readonly unread?: (() => Promise<readonly string[] | undefined>) | undefined;
  /** @default none */
  readonly sources?: (() => readonly SampledSource[]) | undefined;
  /** The time limits of actors; `undefined` when none has one. */
  readonly limits?: LagLimits | undefined;
  readonly stage?: string | undefined;
}

/** How long an answer of the provider is reused, in ms. Probes are frequent, and a cloud charges for each request. */
const reusedMs = 5_000;
/** How long the provider may take to respond, in ms. A probe of Kubernetes waits for 1 s by default. */
const maxAnswerMs = 800;
/** How long a poll may take, in ms. Polls wait for at most 20 s, so a longer one is stuck. */
const stuckMs = 120_000;

const maxHeldKeys = 10;

function heldHealth({ by, reason, since, until }: Hold): PauseHealth {
  const end = until === undefined ? undefined : new Date(until);
  return { by: "operator", operator: by, reason, since: new Date(since), until: end };
}

function pausedHealth({ by, error, since, until }: Pause): PauseHealth {
  const reason = errorNameOf(causeOf(error));
  return { by, operator: undefined, reason, since: new Date(since), until: new Date(until) };
}

function pressedHealth(pressure: Pressure): PauseHealth {
  const { since } = pressure;
  const reason = pressureText(pressure);
  return { by: backPressure, operator: undefined, reason, since: new Date(since), until: undefined };
}

/** The response of the provider. */
interface Answer {
  readonly provider: ProviderHealth;
  readonly lags: ReadonlyMap<QueueName, Lag>;
}

/** Computes the health of a hive. */
export class HealthCheck {
  readonly #parts: HealthParts;
  readonly #lags = new LagWatch();
  #asked: { readonly at: number; readonly answer: Promise<Answer> } | undefined;

  constructor(parts: HealthParts) {
    this.#parts = parts;
  }

  /** @param askProvider Whether to ask the provider; liveness does not depend on it. */
  async health(state: HiveState, askProvider: boolean): Promise<Health> {
    const { provider, lags } = state === "running" && askProvider ? await this.#answer() : this.#unknown();
    const actors = this.#parts.joined().map((loop) => this.#actor(loop, lags, state === "running"));
    return {
      live: state !== "stopped" && actors.every(({ polling }) => polling === "well" || polling === "failing"),
      ready: state === "running" && provider.state === "well" && actors.every(({ polling }) => polling === "well"),
      detail: { state, stage: this.#parts.stage, provider, actors, sources: this.#parts.sources?.() ?? [] },
    };
  }

  #actor(loop: SubscriptionLoop, lags: Answer["lags"], running: boolean): ActorHealth {
    const { descriptor, inFlight, heldKeys } = loop;
    const { state, paused, held, pressure } = loop.polling;
    const { askedAt, error, over } = state;
    const now = this.#parts.clock.now();
    const stuck = askedAt !== undefined && now - askedAt > stuckMs;
    const polling = running && over ? "ended" : running && stuck ? "stuck" : error === undefined ? "well" : "failing";
    return {
      actor: descriptor.name,
      subscription: descriptor.queueName.toString(),
      parallelism: parallelismOf(loop),
      inFlight,
      polling,
      error: error === undefined ? undefined : errorNameOf(error),
      paused: held ? heldHealth(held) : paused ? pausedHealth(paused) : pressure && pressedHealth(pressure),
      heldKeys: heldKeys?.list(now).slice(0, maxHeldKeys) ?? [],
      lag: lags.get(descriptor.queueName),
      late: this.#parts.limits?.of(loop),
    };
  }

  #unknown(): Answer {
    return this.#saying({ state: "unknown", missing: [], warnings: [], error: undefined });
  }

  #answer(): Promise<Answer> {
    const now = this.#parts.clock.now();
    if (!this.#asked || Math.abs(now - this.#asked.at) >= reusedMs) this.#asked = { at: now, answer: this.#ask() };
    return this.#asked.answer;
  }

  #saying(provider: Omit<ProviderHealth, "name">, lags: Answer["lags"] = new Map()): Answer {
    return { provider: { name: this.#parts.provider.name, ...provider }, lags };
  }

  async #ask(): Promise<Answer> {
    const { provider, specs, joined, clock, limits } = this.#parts;
    const names = joined().map(({ descriptor }) => descriptor.queueName);
    const failed = (error: string): Answer => this.#saying({ state: "failed", missing: [], warnings: [], error });
    const asked = async (): Promise<Answer> => {
      const [missing, slow, unread = []] = await Promise.all([
        provider.queues.missing(specs),
        provider.warnings?.() ?? [],
        this.#parts.unread?.() ?? [],
        limits?.look(),
      ]);
      const warnings = [...slow, ...(unread.length > 0 ? [`No process reads ${unread.join(", ")}.`] : [])];
      const state = missing.length === 0 ? "well" : "failed";
      const found = state === "well" ? [...(await lagsOf(provider, names, specs))] : [];
      const now = clock.now();
      const lags = new Map(found.map(([name, progress]) => [name, this.#lags.look(name, progress, now)]));
      return this.#saying({ state, missing: missing.map(String), warnings, error: undefined }, lags);
    };
    try {
      return await withTimeLimit(asked(), clock, maxAnswerMs, () => failed("Timeout"));
    } catch (error) {
      return failed(errorNameOf(error));
    }
  }
}
