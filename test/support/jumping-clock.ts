import { ManualClock } from "beehive-actors/testing";
import type { Clock, Timer } from "../../src/base/clock.ts";

/** A clock that jumps forward or back without its timers. */
export class JumpingClock implements Clock {
  readonly timers = new ManualClock();
  #ahead = 0;

  now(): number {
    return this.timers.now() + this.#ahead;
  }

  after(ms: number, callback: () => void): Timer {
    return this.timers.after(ms, callback);
  }

  jump(ms: number): void {
    this.#ahead += ms;
  }
}
