import { chance, hashOf } from "../../base/chance.ts";
import { Agenda } from "./agenda.ts";
import type { Slots } from "./slots.ts";
import type { Flow, Traffic } from "./traffic.ts";

/** More events than usual, for a while. */
export interface Burst {
  /** The factor of the rates at the entries. */
  readonly times: number;
  readonly seconds: number;
}

/** A queue in a rehearsal. */
interface RehearsedQueue {
  readonly queue: string;
  /** The mean number of slots in use before the burst. */
  readonly busy: number;
  /** The mean wait of an event for a slot before the burst, in ms. */
  readonly waitMs: number;
  /** The most events that waited in the burst or after it. */
  readonly behind: number;
  /** The time after the burst until hardly an event waited, in s; Infinity when many always did. */
  readonly lateSeconds: number;
}

/** The outcome of a run of the traffic in virtual time. */
export interface Rehearsal {
  readonly deliveries: number;
  /** The share of the rates and slots that was run: 1, or less for many events. */
  readonly share: number;
  readonly queues: readonly RehearsedQueue[];
}

const warmUpSeconds = 5;
const steadySeconds = 30;
const maxDeliveries = 100_000;
/** The share of the most waiting events from which a queue has caught up. */
const calmShare = 0.05;
/** A burst that is not worked off after so many times its length never is. */
const maxDrain = 20;

/** A queue at work. Times are in s. */
class Station {
  readonly flow: Flow;
  readonly slots: number;
  readonly hold: number;
  /** The times since which events wait. */
  readonly #waiting: number[] = [];
  #head = 0;
  busy = 0;
  /** Slots in use times the time for which they were. */
  busyTime = 0;
  /** The time of the last change of `busy`. */
  changedAt = 0;
  waits = 0;
  started = 0;
  maxWaiting = 0;
  /** The last time when many waited. */
  lateAt = 0;

  constructor(flow: Flow, slots: number, hold: number) {
    this.flow = flow;
    this.slots = slots;
    this.hold = hold;
  }

  get length(): number {
    return this.#waiting.length - this.#head;
  }

  /** True while as many wait as in calm times, or nearly. */
  get isCalm(): boolean {
    return this.length <= Math.max(this.slots, this.maxWaiting * calmShare);
  }

  add(now: number): void {
    this.#waiting.push(now);
  }

  /** Takes the event that waits longest. Returns since when. */
  take(): number {
    const since = this.#waiting[this.#head++] as number;
    // Now and then, because each removal moves all others.
    if (this.#head > 1_000 && this.#head * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
    return since;
  }
}

/**
 * Runs the traffic as single events in virtual time: random arrivals, random times of work, retries and fan-out.
 *
 * It depends on the seed alone.
 */
export function rehearse(traffic: Traffic, slots: readonly Slots[], burst: Burst, seed: number): Rehearsal {
  const seconds = warmUpSeconds + steadySeconds + burst.seconds * burst.times;
  const share = Math.min(1, maxDeliveries / (traffic.rate * seconds));
  return new Run(traffic, slots, burst, seed, share).run();
}

class Run {
  readonly #stations: readonly Station[];
  readonly #readers = new Map<string, Station[]>();
  readonly #entries: readonly (readonly [to: string, rate: number])[];
  readonly #burst: Burst;
  readonly #share: number;
  readonly #agenda = new Agenda();
  readonly #hash: number;
  #draws = 0;
  #now = 0;
  #deliveries = 0;

  constructor(traffic: Traffic, slots: readonly Slots[], burst: Burst, seed: number, share: number) {
    this.#stations = traffic.flows.map((flow, n) => {
      const { slots: count = 1, holdMs = 0 } = slots[n] ?? {};
      return new Station(flow, Math.ceil(count * share), holdMs / 1_000);
    });
    for (const station of this.#stations) {
      const { destination } = station.flow;
      this.#readers.set(destination, [...(this.#readers.get(destination) ?? []), station]);
    }
    this.#entries = [...traffic.entries].filter(([, rate]) => rate > 0);
    this.#burst = burst;
    this.#share = share;
    this.#hash = hashOf(seed, "rehearsal");
  }

  get #burstAt(): number {
    return warmUpSeconds + steadySeconds;
  }

  run(): Rehearsal {
    const burstEnd = this.#burstAt + this.#burst.seconds;
    const last = burstEnd + this.#burst.seconds * maxDrain;
    for (const entry of this.#entries) this.#scheduleArrival(entry);
    for (;;) {
      const next = this.#agenda.next();
      if (!next || next.at > last) break;
      this.#now = next.at;
      next.act();
      if (this.#now > burstEnd && this.#stations.every(({ isCalm }) => isCalm)) break;
    }
    const queues = this.#stations.map((station): RehearsedQueue => {
      const { flow, busyTime, waits, started, maxWaiting, lateAt, isCalm } = station;
      return {
        queue: flow.queue,
        busy: busyTime / steadySeconds / this.#share,
        waitMs: started === 0 ? 0 : (waits / started) * 1_000,
        behind: Math.round(maxWaiting / this.#share),
        lateSeconds: isCalm ? Math.max(0, lateAt - burstEnd) : Infinity,
      };
    });
    return { deliveries: this.#deliveries, share: this.#share, queues };
  }

  #scheduleArrival(entry: readonly [to: string, rate: number]): void {
    const [to, rate] = entry;
    const inBurst = this.#now >= this.#burstAt && this.#now < this.#burstAt + this.#burst.seconds;
    const wait = this.#exponential(1 / (rate * this.#share * (inBurst ? this.#burst.times : 1)));
    this.#agenda.add(this.#now + wait, () => {
      this.#publish(to);
      this.#scheduleArrival(entry);
    });
  }

  #publish(to: string): void {
    for (const station of this.#readers.get(to) ?? []) this.#arrive(station);
  }

  #arrive(station: Station): void {
    station.add(this.#now);
    this.#begin(station);
  }

  /** Begins work on events that wait, while there are slots. */
  #begin(station: Station): void {
    while (station.busy < station.slots && station.length > 0) {
      const since = station.take();
      if (this.#steady) {
        station.waits += this.#now - since;
        station.started++;
      }
      this.#count(station, 1);
      this.#agenda.add(this.#now + this.#exponential(station.hold), () => this.#end(station));
    }
    if (this.#now < this.#burstAt) return;
    station.maxWaiting = Math.max(station.maxWaiting, station.length);
    if (!station.isCalm) station.lateAt = this.#now;
  }

  #end(station: Station): void {
    this.#deliveries++;
    this.#count(station, -1);
    const { work, retryMs } = station.flow;
    if (this.#draw() < 1 - 1 / work.attempts)
      this.#agenda.add(this.#now + retryMs / 1_000, () => this.#arrive(station));
    else for (const [to, mean] of work.publishes) this.#publishSome(to, mean);
    this.#begin(station);
  }

  /** Publishes as many events as the mean says: 1.3 are one, and three times in ten two. */
  #publishSome(to: string, mean: number): void {
    const count = Math.floor(mean) + (this.#draw() < mean % 1 ? 1 : 0);
    for (let n = 0; n < count; n++) this.#publish(to);
  }

  get #steady(): boolean {
    return this.#now >= warmUpSeconds && this.#now < this.#burstAt;
  }

  /** Changes the number of slots in use, and adds the time with the old one up within the steady part of the run. */
  #count(station: Station, change: number): void {
    const [from, to] = [Math.max(station.changedAt, warmUpSeconds), Math.min(this.#now, this.#burstAt)];
    if (to > from) station.busyTime += (to - from) * station.busy;
    station.changedAt = this.#now;
    station.busy += change;
  }

  #draw(): number {
    return chance(this.#hash, this.#draws++);
  }

  #exponential(mean: number): number {
    return -Math.log(1 - this.#draw()) * mean;
  }
}
