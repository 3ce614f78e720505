import { messageOf } from "./error-text.ts";
import { Cron } from "croner";
import { destination } from "./actor-descriptor.ts";
import { sleep, type Clock } from "./clock.ts";
import { BeeHiveError } from "./errors.ts";
import { Event } from "./event.ts";
import type { Logger } from "./logger.ts";
import { collect } from "./outputs.ts";
import type { ActorOutput, Published } from "./actor.ts";
import type { Stores } from "./stores.ts";

/** When a pulser fires: every so many ms, counted from the epoch, or by a cron line; not both. */
export type Schedule =
  | { readonly every: number; readonly cron?: undefined }
  | {
      /** Five fields, or six with seconds: `"0 3 * * *"`, see croner. */
      readonly cron: string;
      /** An IANA name; UTC unless given, so that all processes agree whatever their machine is set to. */
      readonly timezone?: string | undefined;
      readonly every?: undefined;
    };

/** What makes events by time. */
export interface Pulser {
  /** Unique among the pulsers of all hives on a provider: what makes each pulse fire once. */
  readonly name: string;
  readonly schedule: Schedule;
  /** The topics and queues that it publishes to, as actors name theirs: made by the set-up, drawn in the graph. */
  readonly publishes?: readonly Published[] | undefined;
  /** The events of the pulse that was due at `time`. What it throws is logged, and the next pulse tries again. */
  pulse(time: Date): ActorOutput | Promise<ActorOutput>;
}

/** A pulser that publishes an event of that type, its body the time that was due: `pulse("OneMinutePassed", { every: 60_000 })`. */
export function pulse(eventType: string, schedule: Schedule): Pulser {
  const publishes = [eventType];
  return {
    name: eventType,
    schedule,
    publishes,
    pulse: (time) => [new Event(eventType, { time: time.toISOString() })],
  };
}

/** What is wrong with pulsers, in words. */
export function pulserProblems(pulsers: readonly Pulser[]): string[] {
  const names = pulsers.map(({ name }) => name);
  const twice = names
    .filter((name, index) => names.indexOf(name) !== index)
    .map((name) => `two pulsers are called "${name}"`);
  const unpublishable = pulsers.flatMap(({ name, publishes = [] }) =>
    Array.isArray(publishes as unknown)
      ? publishes.flatMap((to) => destinationProblems(name, to))
      : [`the pulser "${name}": publishes must be a list`],
  );
  const wrong = pulsers.flatMap(({ name, schedule }) => {
    if (schedule.every !== undefined && (schedule.cron as unknown) !== undefined)
      return [`the pulser "${name}" has both every and cron; give one of them`];
    if (schedule.every !== undefined) {
      return Number.isSafeInteger(schedule.every) && schedule.every >= 10
        ? []
        : [`the pulser "${name}": every must be a whole number of ms from 10, not ${schedule.every}`];
    }
    try {
      // Only when it is asked for a time does it look at the time zone.
      nextTime(schedule, 0);
      return [];
    } catch (error) {
      return [`the pulser "${name}": ${messageOf(error)}`];
    }
  });
  return [...twice, ...unpublishable, ...wrong];
}

function destinationProblems(pulser: string, to: Published): string[] {
  try {
    destination(to);
    return [];
  } catch (error) {
    return [`the pulser "${pulser}" publishes: ${messageOf(error)}`];
  }
}

export interface PulsingParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stores: Stores;
  readonly push: (events: readonly Event[]) => Promise<unknown>;
}

/** When a pulser fired last: remembered across processes. */
interface Fired {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

const lockMs = 30_000;

/**
 * Runs one pulser. Every process that has it keeps time, and the lock store lets one of them fire each pulse: at
 * most once, and once unless that process dies while it fires. Pulses that were missed while no process ran are
 * not made up for. Events carry ids made from the pulse, so that a repeated one is dropped as a duplicate.
 */
export class Pulsing {
  readonly #pulser: Pulser;
  readonly #parts: PulsingParts;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(pulser: Pulser, parts: PulsingParts) {
    this.#pulser = pulser;
    this.#parts = parts;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Fires no more, and waits for a pulse under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#parts;
    const { signal } = this.#stop;
    let last = clock.now();
    while (!signal.aborted) {
      const due = nextTime(this.#pulser.schedule, last);
      if (due === undefined) return;
      await sleep(clock, due - clock.now(), signal);
      if (clock.now() < due) continue;
      last = Math.max(due, lastTime(this.#pulser.schedule, clock.now()));
      try {
        await this.#fire(last);
      } catch (error) {
        logger.error({ error, pulser: this.#pulser.name }, "a pulse failed, the next one will try again");
      }
    }
  }

  /** Fires the pulse that was due at `time`, unless another process does or did. */
  async #fire(time: number): Promise<void> {
    const { stores, push } = this.#parts;
    const { name } = this.#pulser;
    const lock = await stores.locks.tryLock(`pulser/${name}`, { ttl: lockMs });
    if (!lock) return;
    try {
      const pulses = stores.collection<Fired>("Pulses");
      const fired = (await pulses.exists(name)) ? await pulses.get(name) : undefined;
      if (fired && fired.time >= time) return;
      await push(await pulseEvents(this.#pulser, time));
      await pulses.upsert({ id: name, time });
    } finally {
      await lock.release();
    }
  }
}

/** The events of the pulse that was due at `time`, in ms since the epoch, with ids that are the same whoever fires it. */
export async function pulseEvents(pulser: Pulser, time: number): Promise<readonly Event[]> {
  const { name } = pulser;
  const events = await collect(await pulser.pulse(new Date(time)), `The pulser ${name}`);
  return events.map((event, n) => (event.hasId ? event : event.clone({ id: `${name}-${time}-${n}` })));
}

/** The first time after `after` that the schedule names, in ms since the epoch; none when a cron line has no more. */
function nextTime(schedule: Schedule, after: number): number | undefined {
  if (schedule.every !== undefined) return (Math.floor(after / schedule.every) + 1) * schedule.every;
  return cronOf(schedule).nextRun(new Date(after))?.getTime();
}

/** The last time up to `now` that the schedule names, so that a process that was asleep fires once and not for each pulse that it missed. */
export function lastTime(schedule: Schedule, now: number): number {
  if (schedule.every !== undefined) return Math.floor(now / schedule.every) * schedule.every;
  return (
    cronOf(schedule)
      .previousRuns(1, new Date(now + 1))[0]
      ?.getTime() ?? 0
  );
}

function cronOf({ cron, timezone = "UTC" }: Extract<Schedule, { readonly cron: string }>): Cron {
  try {
    return new Cron(cron, { timezone, paused: true });
  } catch (cause) {
    throw new BeeHiveError("InvalidConfiguration", `"${cron}" is not a cron line: ${messageOf(cause)}`, { cause });
  }
}
