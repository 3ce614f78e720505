/** Smaller steps, in ms, change nothing that anybody would notice. */
const minStepMs = 1_000;

/** Notices when a clock is put back, as a machine does that started with a wrong time. */
export class ClockSteps {
  #latest = -Infinity;

  /** Returns how far the clock was put back since it was last looked at, in ms; 0 when it was not. */
  back(now: number): number {
    const ms = this.#latest - now;
    if (ms >= minStepMs || ms < 0) this.#latest = now;
    return ms >= minStepMs ? ms : 0;
  }
}

/** Whether a time was told by a clock that was ahead of the one that says `now`. */
export function isAhead(time: number, now: number): boolean {
  return time - now >= minStepMs;
}
