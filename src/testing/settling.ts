import type { ManualClock } from "./manual-clock.ts";

/** So many turns of the event loop in which nothing happens: then all that is left waits for time. */
const stillTurns = 10;

/** Resolves when all that is ready now has had its turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Lets code that awaits get on until nothing happens any more; no time passes.
 *
 * @param changes grows with everything that happens.
 * @param enough ends it early: for what would go on for ever.
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
 * Moves the clock from timer to timer until the work is done.
 *
 * @throws Error when there is nothing left to wait for and it is not.
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
