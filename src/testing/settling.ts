import type { ManualClock } from "./manual-clock.ts";

/** Turns of the event loop without a change, after which all code waits for the clock. */
const stillTurns = 10;

/** Resolves after one turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Lets awaiting code run until nothing changes any more; no time passes.
 *
 * @param changes Returns a number that grows with every change.
 * @param enough Ends it early, for work that would never end.
 */
export async function stillness(changes: () => number, enough: () => boolean = () => false): Promise<void> {
  let seen = changes();
  for (let still = 0; still < stillTurns && !enough();) {
    await turn();
    const now = changes();
    still = now === seen ? still + 1 : 0;
    seen = now;
  }
}

/**
 * Advances the clock from timer to timer until the work is done.
 *
 * @throws Error when no timer is left and the work is not done.
 */
export async function inVirtualTime<T>(
  what: string,
  clock: ManualClock,
  changes: () => number,
  work: Promise<T>,
): Promise<T> {
  let done = false;
  const end = (): void => {
    done = true;
  };
  void work.then(end, end);
  for (;;) {
    await stillness(changes, () => done);
    if (done) return work;
    if (clock.next === undefined) throw new Error(`${what} waits for something that never comes.`);
    await clock.advance(clock.next - clock.now());
  }
}
