import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { withTimeLimit, type Clock, type Timer } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { ownVersion } from "../base/package-root.ts";
import type { Stores } from "../contract/stores.ts";
import {
  Heartbeats,
  type Heartbeat,
  type RunningPulser,
  type SampledSource,
  type StoredSubscription,
} from "./heartbeats.ts";

/** A subscription as it is now. */
export interface SampledSubscription extends Omit<StoredSubscription, "lastCommit"> {
  /** The number of events that were committed since the start. */
  readonly committed: number;
}

export interface BeaterParts {
  readonly stores: Stores;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The time between two beats, in ms; `undefined` to tell on demand, in this process. */
  readonly everyMs: number | undefined;
  readonly appVersion: string | undefined;
  readonly stage?: string | undefined;
  /** Called before each beat, to look at what a beat tells. */
  readonly look?: (() => Promise<void>) | undefined;
  readonly subscriptions: () => readonly SampledSubscription[];
  readonly pulsers: readonly RunningPulser[];
  readonly sources: () => readonly SampledSource[];
}

/** How long a beat waits after the start of a pause, so that pauses of a moment share it, in ms. */
const soonMs = 500;
/** How long a stop waits for the removal of its heartbeat, in ms. */
const maxRemovalMs = 2_000;

/** Tells on demand, by the stores of the provider. */
const onDemand = new WeakMap<Stores, Set<() => Promise<void>>>();

/** Lets the processes of these stores tell that have no timer of their own. */
export async function tellNow(stores: Stores): Promise<void> {
  await Promise.all([...(onDemand.get(stores) ?? [])].map((tell) => tell()));
}

/** Tells the other processes that this one is at work. */
export class Beater {
  readonly id: string = randomUUID();
  readonly #parts: BeaterParts;
  readonly #heartbeats: Heartbeats;
  readonly #started: number;
  /** Counts of commits at the last sample, and when they last grew. */
  readonly #commits = new Map<string, { readonly count: number; readonly at: number | undefined }>();
  readonly #tell = (): Promise<void> => this.beat();
  #timer: Timer | undefined;
  #soon: Timer | undefined;
  #beating: Promise<void> = Promise.resolve();
  #failed = false;
  #stopped = false;

  constructor(parts: BeaterParts) {
    this.#parts = parts;
    this.#started = parts.clock.now();
    this.#heartbeats = new Heartbeats(parts.stores, parts.clock);
  }

  async start(): Promise<void> {
    const { stores, everyMs } = this.#parts;
    if (everyMs === undefined) {
      const tells = onDemand.get(stores) ?? new Set();
      onDemand.set(stores, tells.add(this.#tell));
      return;
    }
    await this.beat();
    // A process that crashed leaves its heartbeat behind.
    await this.#heartbeats.removeGone().catch(() => {});
    this.#schedule(everyMs);
  }

  /** Notes which subscriptions have committed since the last sample. */
  sample(): void {
    const now = this.#parts.clock.now();
    for (const { queue, committed } of this.#parts.subscriptions()) {
      const before = this.#commits.get(queue);
      const grown = committed > (before?.count ?? 0);
      this.#commits.set(queue, { count: committed, at: grown ? now : before?.at });
    }
  }

  /** Tells soon, since a pause began or ended here. */
  soon(): void {
    if (this.#soon || this.#stopped || this.#parts.everyMs === undefined) return;
    this.#soon = this.#parts.clock.after(soonMs, () => {
      this.#soon = undefined;
      void this.beat();
    });
  }

  /** Tells now. Never rejects. */
  async beat(): Promise<void> {
    if (this.#stopped) return;
    this.sample();
    await this.#parts.look?.();
    if (this.#stopped) return;
    await (this.#beating = this.#write());
  }

  async stop(): Promise<void> {
    const { clock, stores } = this.#parts;
    this.#stopped = true;
    this.#timer?.cancel();
    this.#soon?.cancel();
    onDemand.get(stores)?.delete(this.#tell);
    const removal = this.#beating.then(() => this.#heartbeats.remove(this.id));
    await withTimeLimit(removal, clock, maxRemovalMs, () => undefined);
  }

  #schedule(everyMs: number): void {
    if (this.#stopped) return;
    this.#timer = this.#parts.clock.after(everyMs, () => void this.beat().then(() => this.#schedule(everyMs)));
  }

  async #write(): Promise<void> {
    try {
      await this.#heartbeats.write(this.#now());
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) this.#parts.logger.warn({ err: error }, "the heartbeat of this process cannot be written");
      this.#failed = true;
    }
  }

  #now(): Heartbeat {
    const { clock, everyMs, appVersion, stage, subscriptions, pulsers } = this.#parts;
    const sources = this.#parts.sources();
    return {
      id: this.id,
      host: hostname(),
      pid: process.pid,
      version: ownVersion(),
      appVersion,
      stage,
      started: this.#started,
      beat: clock.now(),
      everyMs,
      subscriptions: subscriptions().map(({ committed: _, ...one }) => ({
        ...one,
        lastCommit: this.#commits.get(one.queue)?.at,
      })),
      pulsers,
      ...(sources.length > 0 && { sources }),
    };
  }
}
