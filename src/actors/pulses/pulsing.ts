import { actorDefaults } from "../descriptor.ts";
import type { Hold } from "../pause.ts";
import { collect } from "../output.ts";
import { sleep, waitFor, type Clock } from "../../base/clock.ts";
import { BeeHiveError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Stores } from "../../contract/stores.ts";
import type { Event } from "../../events/event.ts";
import type { Pulser } from "./pulser.ts";
import { lastTime, nextTime } from "./schedule.ts";

export interface PulsingParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stores: Stores;
  readonly push: (events: readonly Event[]) => Promise<unknown>;
}

/** The collection of {@link Fired}. */
export const firedCollection = "Pulses";

/** The last pulse of a pulser, stored for all processes. */
export interface Fired {
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
 * one is dropped as a duplicate. Pulses that were missed while no process ran are fired once later if the schedule says
 * so.
 */
export class Pulsing {
  readonly #pulser: Pulser;
  readonly #parts: PulsingParts;
  readonly #stop = new AbortController();
  /** Ends the outputs that a pulse under way still reads. */
  readonly #end = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #hold: Hold | undefined;

  constructor(pulser: Pulser, parts: PulsingParts) {
    this.#pulser = pulser;
    this.#parts = parts;
  }

  get pulser(): Pulser {
    return this.#pulser;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Fires nothing while an operator holds the pulser. Without a hold it fires again, and makes up for missed pulses. */
  hold(hold: Hold | undefined): void {
    this.#hold = hold;
    if (!hold) this.#running = Promise.all([this.#running, this.#makeUp()]).then(() => undefined);
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
    await this.#makeUp();
    while (!signal.aborted) {
      // After a clock was put back, past times come again; the stored pulse keeps them from firing twice.
      if (clock.now() < last) last = clock.now() - 1;
      const due = nextTime(this.#pulser.schedule, last);
      if (due === undefined) return;
      await sleep(clock, due - clock.now(), signal);
      if (clock.now() < due) continue;
      last = Math.max(due, lastTime(this.#pulser.schedule, clock.now()));
      if (!this.#hold) await this.#fireOrWait(last);
    }
  }

  /** Fires the last pulse that no process has fired, if the schedule says so. */
  async #makeUp(): Promise<void> {
    const { clock, logger, stores } = this.#parts;
    const { name, schedule } = this.#pulser;
    if (schedule.missed !== "once" || this.#hold) return;
    const time = lastTime(schedule, clock.now());
    try {
      // The pulses before the first start of a pulser were not missed.
      if (await stores.collection<Fired>(firedCollection).insertIfAbsent({ id: name, time })) return;
    } catch (error) {
      logger.error({ err: error, pulser: name }, "missed pulses could not be made up for");
      return;
    }
    await this.#fireOrWait(time);
  }

  /** Tries until the pulse has fired, in this process or another, or the next one is due. */
  async #fireOrWait(time: number): Promise<void> {
    const { clock, logger } = this.#parts;
    const next = nextTime(this.#pulser.schedule, time) ?? Infinity;
    try {
      while (!(await this.#fire(time))) {
        if (this.#stop.signal.aborted || this.#hold || clock.now() + lockMs >= next) return;
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
      await stores.collection<Fired>(firedCollection).upsert({ id: name, time });
      return true;
    } finally {
      await lock.release();
    }
  }

  /** Returns whether any process has fired the pulse of `time`, or a later one. */
  async #fired(time: number): Promise<boolean> {
    const { clock, stores } = this.#parts;
    const { name } = this.#pulser;
    const pulses = stores.collection<Fired>(firedCollection);
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
