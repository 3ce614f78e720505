import type { Elastic } from "../actors/elastic.ts";
import type { Clock } from "../base/clock.ts";
import type { CollectionStore, Identified, Stores } from "../contract/stores.ts";
import type { Schedule } from "../actors/pulses/schedule.ts";

/** A process at work on a provider, as it last told. Returned by `hive.hives()`. */
export interface RunningHive {
  /** Unique for each start. */
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** The version of this package. */
  readonly version: string;
  /** The version of the application, see {@link ControlsOptions.version}. */
  readonly appVersion: string | undefined;
  /** See {@link ControlsOptions.stage}. */
  readonly stage?: string | undefined;
  readonly started: Date;
  /** When it told this. */
  readonly beat: Date;
  /** The events in work in all subscriptions. */
  readonly inFlight: number;
  /** When it last committed an event, to the length of a look; `undefined` before the first. */
  readonly lastCommit: Date | undefined;
  readonly subscriptions: readonly ReadSubscription[];
  readonly pulsers: readonly RunningPulser[];
  readonly sources: readonly SampledSource[];
}

/** A subscription or queue that a process reads. */
export interface ReadSubscription {
  readonly queue: string;
  readonly actor: string;
  /** The events that it may work on at the same time now. */
  readonly parallelism: number;
  /** The bounds of a parallelism that follows the load; absent for a fixed one. */
  readonly elastic?: Elastic | undefined;
  readonly inFlight: number;
  readonly lastCommit: Date | undefined;
  /** True while the process follows a pause of an operator. */
  readonly held: boolean;
  /** The pause that supervision, an open breaker or a full queue downstream began in this process. */
  readonly paused: SupervisionPause | undefined;
  /** Set while its events wait longer than its actor allows. */
  readonly late?: LateSubscription | undefined;
}

/** A subscription whose events wait longer than its actor allows. */
export interface LateSubscription {
  /** The time limit of the actor, in ms. */
  readonly maxMs: number;
  /** The longest wait, in ms. */
  readonly lagMs: number;
  readonly since: Date;
}

/** A pause that supervision or a full queue downstream began in one process. */
export interface SupervisionPause {
  /** See {@link PausedBy}; `back-pressure` for a full queue. */
  readonly by: string;
  /** The code or name of the error behind it, or the full queue. */
  readonly reason: string;
  readonly since: Date;
  /**
   * The end; `undefined` until a full queue has room.
   *
   * In the past while single events are tried, until one is committed.
   */
  readonly until: Date | undefined;
}

/** A pulser that a process runs. */
export interface RunningPulser {
  readonly name: string;
  readonly schedule: Schedule;
}

/** A source that a process runs. */
export interface SampledSource {
  readonly name: string;
  /** The number of records that the process has yet to read; absent while it does not know. */
  readonly behind?: number | undefined;
  /** The code or name of the error that holds it up; absent for none. */
  readonly failing?: string | undefined;
}

/** A heartbeat as it is stored: the same, with times in ms since the epoch. */
export interface Heartbeat extends Identified, Omit<RunningHive, Times | "subscriptions" | "inFlight" | "sources"> {
  readonly started: number;
  readonly beat: number;
  /** The time between two beats, in ms; absent for a process that tells on demand. */
  readonly everyMs?: number | undefined;
  readonly subscriptions: readonly StoredSubscription[];
  /** Absent for a process without sources. */
  readonly sources?: readonly SampledSource[] | undefined;
}

type Times = "id" | "started" | "beat" | "lastCommit";

export interface StoredSubscription extends Omit<ReadSubscription, "lastCommit" | "paused" | "late"> {
  readonly lastCommit?: number | undefined;
  readonly paused?: {
    readonly by: string;
    readonly reason: string;
    readonly since: number;
    readonly until?: number | undefined;
  };
  readonly late?: { readonly maxMs: number; readonly lagMs: number; readonly since: number };
}

/** Beats that may be missing before a process counts as gone. */
const maxMissedBeats = 3;
/** Differences between the clocks of machines, and the duration of a beat, in ms. */
const toleranceMs = 5_000;

/** The heartbeats of the processes that work on a provider, in its stores. */
export class Heartbeats {
  readonly #beats: CollectionStore<Heartbeat>;
  readonly #clock: Clock;

  constructor(stores: Stores, clock: Clock) {
    this.#beats = stores.collection<Heartbeat>("HiveHeartbeats");
    this.#clock = clock;
  }

  async write(beat: Heartbeat): Promise<void> {
    await this.#beats.upsert(beat);
  }

  /** Removes a heartbeat, if there is one. */
  async remove(id: string): Promise<void> {
    await this.#beats.delete(id).catch(() => {});
  }

  /** Returns the processes at work, the longest-running first. Those that missed some beats are left out. */
  async running(): Promise<readonly RunningHive[]> {
    const now = this.#clock.now();
    const beats: Heartbeat[] = [];
    for await (const beat of this.#beats.all()) if (!isGone(beat, now)) beats.push(beat);
    return beats.map(toRunning).toSorted((a, b) => a.started.getTime() - b.started.getTime());
  }

  /** Removes the heartbeats of processes that are gone. */
  async removeGone(): Promise<void> {
    const now = this.#clock.now();
    for await (const beat of this.#beats.all()) if (isGone(beat, now)) await this.remove(beat.id);
  }
}

function isGone({ beat, everyMs }: Heartbeat, now: number): boolean {
  return everyMs !== undefined && now - beat > maxMissedBeats * everyMs + toleranceMs;
}

function toRunning({
  subscriptions,
  sources = [],
  started,
  beat,
  everyMs: _,
  etag: __,
  ...rest
}: Heartbeat): RunningHive {
  const commits = subscriptions.flatMap(({ lastCommit }) => lastCommit ?? []);
  return {
    ...rest,
    sources,
    started: new Date(started),
    beat: new Date(beat),
    inFlight: subscriptions.reduce((sum, { inFlight }) => sum + inFlight, 0),
    lastCommit: dateOf(commits.length === 0 ? undefined : Math.max(...commits)),
    subscriptions: subscriptions.map(({ lastCommit, paused, late, ...one }) => ({
      ...one,
      lastCommit: dateOf(lastCommit),
      paused: paused && { ...paused, since: new Date(paused.since), until: dateOf(paused.until) },
      ...(late && { late: { ...late, since: new Date(late.since) } }),
    })),
  };
}

function dateOf(time: number | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time);
}
