/** The smallest step that matters, in ms. */
const minStepMs = 1_000;

/** Detects that a clock is put back, as on a machine that started with a wrong time. */
export class ClockSteps {
  #latest = -Infinity;

  /** Returns how far the clock was put back since the last call, in ms, or 0. */
  back(now: number): number {
    const ms = this.#latest - now;
    if (ms >= minStepMs || ms < 0) this.#latest = now;
    return ms >= minStepMs ? ms : 0;
  }
}

/** Returns whether a past time comes from a clock that was ahead of this one. */
export function isAhead(time: number, now: number): boolean {
  return time - now >= minStepMs;
}
