import { errorNameOf } from "../base/error-text.ts";
import type { Clock } from "../base/clock.ts";
import { PauseSubscription } from "../base/errors.ts";
import type { FactoryActor } from "../delivery/factory-actor.ts";
import type { HeldKey } from "../delivery/held-keys.ts";
import type { PausedBy } from "../actors/pause.ts";
import type { Provider } from "../contract/provider.ts";
import type { QueueSpec } from "../contract/queue-operator.ts";

/** Whether a hive is well, as Kubernetes asks. Nothing in it is secret: errors are told by their code. */
export interface Health {
  /** The loops turn. When they do not, only a new process helps. */
  readonly live: boolean;
  /** The hive works on events: it was started and is not stopping, and its provider answers and has all its queues. */
  readonly ready: boolean;
  readonly detail: HealthDetail;
}

export interface HealthDetail {
  readonly state: HiveState;
  readonly provider: ProviderHealth;
  readonly actors: readonly ActorHealth[];
}

export type HiveState = "new" | "running" | "stopping" | "stopped";

export interface ProviderHealth {
  readonly name: string;
  /** `unknown` when it was not asked. */
  readonly state: "well" | "failed" | "unknown";
  /** Queues that are not there. */
  readonly missing: readonly string[];
  /** The code of a `BeeHiveError` or the name of another error; `Timeout` when it did not answer in time. */
  readonly error: string | undefined;
}

export interface ActorHealth {
  readonly actor: string;
  readonly subscription: string;
  readonly inFlight: number;
  /** `stuck`: a request for events was never answered. `ended`: the loop is over though the hive runs. */
  readonly polling: "well" | "failing" | "stuck" | "ended";
  /** What the last request for events failed with, as {@link ProviderHealth.error}. */
  readonly error: string | undefined;
  /** Why this process takes no events of the subscription, or one at a time; others may. */
  readonly paused: PauseHealth | undefined;
  /** Events of an ordered subscription that this process will try again and that hold back their keys; 10 at most. */
  readonly heldKeys: readonly HeldKey[];
}

export interface PauseHealth {
  readonly by: PausedBy;
  /** Past while one event at a time is tried, until one is committed. */
  readonly until: Date;
  /** The failure that led to it, as {@link ProviderHealth.error}. */
  readonly error: string;
}

export interface HealthParts {
  readonly provider: Provider;
  readonly factories: readonly FactoryActor[];
  /** What must be there. */
  readonly specs: readonly QueueSpec[];
  readonly clock: Clock;
}

/** How long an answer of the provider holds, in ms: probes come every few seconds, and on a cloud each look is paid for. */
const holdsMs = 5_000;
/** How long the provider may take to answer, in ms: a probe of Kubernetes waits for a second unless told. */
const answerMs = 800;
/** A poll waits for up to 20 s; one that was not answered for as long as this, in ms, never will be. */
const stuckMs = 120_000;

const maxHeldKeys = 10;

/** What made somebody ask for a pause says more than that they did. */
function causeOf(error: unknown): unknown {
  return error instanceof PauseSubscription && error.cause !== undefined ? error.cause : error;
}

/** Tells the health of a hive. */
export class HealthCheck {
  readonly #parts: HealthParts;
  #asked: { readonly at: number; readonly answer: Promise<ProviderHealth> } | undefined;

  constructor(parts: HealthParts) {
    this.#parts = parts;
  }

  /** @param askProvider whether the provider is asked: what is live does not hang on it. */
  async health(state: HiveState, askProvider: boolean): Promise<Health> {
    const provider = state === "running" && askProvider ? await this.#provider() : this.#unknown();
    const actors = this.#parts.factories.map((factory) => this.#actor(factory, state === "running"));
    return {
      live: state !== "stopped" && actors.every(({ polling }) => polling === "well" || polling === "failing"),
      ready: state === "running" && provider.state === "well" && actors.every(({ polling }) => polling === "well"),
      detail: { state, provider, actors },
    };
  }

  #actor({ descriptor, inFlight, polling: { state, paused }, heldKeys }: FactoryActor, running: boolean): ActorHealth {
    const { askedAt, error, over } = state;
    const now = this.#parts.clock.now();
    const stuck = askedAt !== undefined && now - askedAt > stuckMs;
    const polling = running && over ? "ended" : running && stuck ? "stuck" : error === undefined ? "well" : "failing";
    return {
      actor: descriptor.name,
      subscription: descriptor.queueName.toString(),
      inFlight,
      polling,
      error: error === undefined ? undefined : errorNameOf(error),
      paused: paused && { by: paused.by, until: new Date(paused.until), error: errorNameOf(causeOf(paused.error)) },
      heldKeys: heldKeys?.list(now).slice(0, maxHeldKeys) ?? [],
    };
  }

  #unknown(): ProviderHealth {
    return { name: this.#parts.provider.name, state: "unknown", missing: [], error: undefined };
  }

  #provider(): Promise<ProviderHealth> {
    const now = this.#parts.clock.now();
    if (!this.#asked || Math.abs(now - this.#asked.at) >= holdsMs) this.#asked = { at: now, answer: this.#ask() };
    return this.#asked.answer;
  }

  async #ask(): Promise<ProviderHealth> {
    const { provider, specs, clock } = this.#parts;
    const { name } = provider;
    let tooLate = (): void => {};
    const limit = new Promise<"late">((resolve) => (tooLate = () => resolve("late")));
    const timer = clock.after(answerMs, tooLate);
    try {
      const missing = await Promise.race([provider.queues.missing(specs), limit]);
      if (missing === "late") return { name, state: "failed", missing: [], error: "Timeout" };
      return { name, state: missing.length === 0 ? "well" : "failed", missing: missing.map(String), error: undefined };
    } catch (error) {
      return { name, state: "failed", missing: [], error: errorNameOf(error) };
    } finally {
      timer.cancel();
    }
  }
}
