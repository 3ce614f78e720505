import { messageOf } from "../base/error-text.ts";
import { Cron } from "croner";
import { actorDefaults } from "../actors/descriptor.ts";
import { sleep, waitFor, type Clock } from "../base/clock.ts";
import { BeeHiveError } from "../base/errors.ts";
import { Event } from "../events/event.ts";
import type { EventType } from "../events/event-type.ts";
import type { Logger } from "../base/logger.ts";
import { numberProblems, wholeMs } from "../base/numbers.ts";
import { collect } from "../delivery/stamp.ts";
import type { ActorOutput } from "../actors/actor.ts";
import { publishesProblems, type Publisher } from "../actors/publishes.ts";
import type { Stores } from "../contract/stores.ts";

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
export interface Pulser extends Publisher {
  /** Unique among the pulsers of all hives on a provider: what makes each pulse fire once. */
  readonly name: string;
  readonly schedule: Schedule;
  /** The events of the pulse that was due at `time`. Errors are logged, and the next pulse tries again. */
  pulse(time: Date): ActorOutput | Promise<ActorOutput>;
}

/** The body of the events that {@link pulse} makes. */
export interface PulseBody {
  /** When the pulse was due, as ISO 8601. */
  readonly time: string;
}

/**
 * A pulser that publishes an event of that type, its body the time that was due: `pulse("OneMinutePassed", { every: 60_000 })`,
 * or `pulse(OneMinutePassed, ...)` with an event type, whose events go where the type says.
 */
export function pulse(
  type: string | Pick<EventType<PulseBody>, "name" | "queueName" | "create">,
  schedule: Schedule,
): Pulser {
  const name = typeof type === "string" ? type : type.name;
  return {
    name,
    schedule,
    publishes: [type],
    pulse(time) {
      const body: PulseBody = { time: time.toISOString() };
      return [typeof type === "string" ? new Event(name, body) : type.create(body)];
    },
  };
}

/** What is wrong with pulsers, in words. */
export function pulserProblems(pulsers: readonly Pulser[]): string[] {
  const names = pulsers.map(({ name }) => name);
  const twice = names
    .filter((name, index) => names.indexOf(name) !== index)
    .map((name) => `two pulsers are called "${name}"`);
  const unpublishable = pulsers.flatMap((pulser) => publishesProblems(`the pulser "${pulser.name}"`, pulser));
  const wrong = pulsers.flatMap(({ name, schedule }) => {
    if (schedule.every !== undefined && (schedule.cron as unknown) !== undefined)
      return [`the pulser "${name}" has both every and cron; give one of them`];
    if (schedule.every !== undefined) {
      return numberProblems(`the pulser "${name}": every`, schedule.every, wholeMs(10));
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

/** How long a pulse is left to a process that died while it fired it, in ms. A process that lives renews its lock. */
const lockMs = 5_000;
/** A pulse that is remembered as fired so far in the future, in ms, was fired by a clock that was wrong. */
const maxAheadMs = 10_000;

/**
 * Runs one pulser. Every process that has it keeps time, and the lock store lets one of them fire each pulse. When that
 * process dies meanwhile, another one fires it: events carry ids made from the pulse, so that a repeated one is dropped as
 * a duplicate. Pulses that were missed while no process ran are not made up for.
 */
export class Pulsing {
  readonly #pulser: Pulser;
  readonly #parts: PulsingParts;
  readonly #stop = new AbortController();
  /** Ends what a pulse under way still reads. */
  readonly #end = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(pulser: Pulser, parts: PulsingParts) {
    this.#pulser = pulser;
    this.#parts = parts;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Fires no more, and waits for a pulse under way, `deadline` ms at most. */
  async stop(deadline: number): Promise<void> {
    this.#stop.abort();
    await waitFor(this.#running, this.#parts.clock, deadline);
    this.#end.abort(new BeeHiveError("Timeout", `The hive stopped before the pulser ${this.#pulser.name} had ended.`));
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#stop;
    let last = clock.now();
    while (!signal.aborted) {
      // A clock that was put back brings times that were there before: what was fired then is remembered.
      if (clock.now() < last) last = clock.now() - 1;
      const due = nextTime(this.#pulser.schedule, last);
      if (due === undefined) return;
      await sleep(clock, due - clock.now(), signal);
      if (clock.now() < due) continue;
      last = Math.max(due, lastTime(this.#pulser.schedule, clock.now()));
      await this.#fireOrSee(last);
    }
  }

  /** Sees to it that a pulse is fired, by this process or another, until the next one is due. */
  async #fireOrSee(time: number): Promise<void> {
    const { clock, logger } = this.#parts;
    const next = nextTime(this.#pulser.schedule, time) ?? Infinity;
    try {
      while (!(await this.#fire(time))) {
        if (this.#stop.signal.aborted || clock.now() + lockMs >= next) return;
        await sleep(clock, lockMs, this.#stop.signal);
        if (await this.#fired(time)) return;
      }
    } catch (error) {
      logger.error({ err: error, pulser: this.#pulser.name }, "a pulse failed, the next one will try again");
    }
  }

  /** Fires the pulse that was due at `time` unless it was. @returns false when another process is about to. */
  async #fire(time: number): Promise<boolean> {
    const { stores, push } = this.#parts;
    const { name } = this.#pulser;
    const lock = await stores.locks.tryLock(`pulser/${name}`, { ttl: lockMs });
    if (!lock) return false;
    try {
      if (await this.#fired(time)) return true;
      await push(await pulseEvents(this.#pulser, time, this.#end.signal));
      await stores.collection<Fired>("Pulses").upsert({ id: name, time });
      return true;
    } finally {
      await lock.release();
    }
  }

  /** Whether that pulse, or a later one, was fired by whichever process. */
  async #fired(time: number): Promise<boolean> {
    const { clock, stores } = this.#parts;
    const { name } = this.#pulser;
    const pulses = stores.collection<Fired>("Pulses");
    const fired = (await pulses.exists(name)) ? (await pulses.get(name)).time : -Infinity;
    return fired >= time && fired <= Math.max(time, clock.now()) + maxAheadMs;
  }
}

/** The events of the pulse that was due at `time`, in ms since the epoch, with ids that are the same whoever fires it. */
export async function pulseEvents(
  pulser: Pulser,
  time: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly Event[]> {
  const { name } = pulser;
  const descriptor = { name: `The pulser ${name}`, maxOutputs: actorDefaults.maxOutputs };
  const events = await collect(await pulser.pulse(new Date(time)), { descriptor, signal });
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
