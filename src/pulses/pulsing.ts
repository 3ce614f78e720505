import { actorDefaults } from "../actors/descriptor.ts";
import { collect } from "../actors/output.ts";
import { sleep, waitFor, type Clock } from "../base/clock.ts";
import { BeeHiveError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Stores } from "../contract/stores.ts";
import type { Event } from "../events/event.ts";
import type { Pulser } from "./pulser.ts";
import { lastTime, nextTime } from "./schedule.ts";

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
    const fired = (await pulses.find(name))?.time ?? -Infinity;
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
