import type { Clock } from "../../../src/base/clock.ts";

/** Remembers by destination when events of this process become visible. SQS counts them only some time after that. */
export class Arrivals {
  readonly #clock: Clock;
  readonly #latest = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records that an event to this topic or queue becomes visible now, or at `time`. */
  add(destination: string, time: number): void {
    const latest = this.#latest.get(destination) ?? -Infinity;
    this.#latest.set(destination, Math.max(latest, time, this.#clock.now()));
  }

  /** Returns the time of the latest: a receive that began before it proves nothing. */
  latest(destination: string): number {
    return this.#latest.get(destination) ?? -Infinity;
  }
}
