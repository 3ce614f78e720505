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

/** The last pulse of a pulser, stored for all processes. */
interface Fired {
  readonly id: string;
  /** In ms since the epoch. */
  readonly time: number;
}

/** The lock on a pulse, in ms. A live process renews it; the pulse of a process that died is free after that. */
const lockMs = 5_000;
/** A stored pulse that lies further in the future, in ms, was fired by a wrong clock. */
const maxAheadMs = 10_000;

/**
 * Runs one pulser in one process; the lock store lets one process fire each pulse.
 *
 * When that process dies meanwhile, another one fires the pulse. Events carry ids made from the pulse, so a repeated
 * one is dropped as a duplicate. Pulses that were missed while no process ran are not fired later.
 */
export class Pulsing {
  readonly #pulser: Pulser;
  readonly #parts: PulsingParts;
  readonly #stop = new AbortController();
  /** Ends the outputs that a pulse under way still reads. */
  readonly #end = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(pulser: Pulser, parts: PulsingParts) {
    this.#pulser = pulser;
    this.#parts = parts;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Stops firing, and waits for a pulse under way, `deadline` ms at most. */
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
      // After a clock was put back, past times come again; the stored pulse keeps them from firing twice.
      if (clock.now() < last) last = clock.now() - 1;
      const due = nextTime(this.#pulser.schedule, last);
      if (due === undefined) return;
      await sleep(clock, due - clock.now(), signal);
      if (clock.now() < due) continue;
      last = Math.max(due, lastTime(this.#pulser.schedule, clock.now()));
      await this.#fireOrWait(last);
    }
  }

  /** Tries until the pulse has fired, in this process or another, or the next one is due. */
  async #fireOrWait(time: number): Promise<void> {
    const { clock, logger } = this.#parts;
    const next = nextTime(this.#pulser.schedule, time) ?? Infinity;
    try {
      while (!(await this.#fire(time))) {
        if (this.#stop.signal.aborted || clock.now() + lockMs >= next) return;
        await sleep(clock, lockMs, this.#stop.signal);
        if (await this.#fired(time)) return;
      }
    } catch (error) {
      logger.error({ err: error, pulser: this.#pulser.name }, "a pulse failed; the next pulse tries again");
    }
  }

  /** Fires the pulse of `time` once. Returns false when another process holds its lock. */
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

  /** Returns whether any process has fired the pulse of `time`, or a later one. */
  async #fired(time: number): Promise<boolean> {
    const { clock, stores } = this.#parts;
    const { name } = this.#pulser;
    const pulses = stores.collection<Fired>("Pulses");
    const fired = (await pulses.find(name))?.time ?? -Infinity;
    return fired >= time && fired <= Math.max(time, clock.now()) + maxAheadMs;
  }
}

/** Returns the events of the pulse of `time`, with the same ids in every process. */
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
