import { setTimeout as pause } from "node:timers/promises";
import { systemClock, withTimeLimit } from "../../base/clock.ts";

/** The maximum wait for an expected result: clouds are slow at times. */
export const patienceMs = 60_000;
/** The wait that proves the absence of an event. */
export const quietMs = 250;

/** Resolves after `ms` milliseconds of system time. */
export async function wait(ms: number): Promise<void> {
  await pause(ms);
}

/** Returns the result of `look`, as soon as it has one. @throws if it has none in time. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const end = Date.now() + patienceMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(250, pauseMs * 2)) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() >= end) throw new Error(`It did not happen within ${patienceMs} ms: ${what}.`);
    await wait(pauseMs);
  }
}

/** Returns the result of `work`. @throws if it takes too long. */
export function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  return withTimeLimit(work, systemClock, ms, () => {
    throw new Error(`It took longer than ${ms} ms: ${what}.`);
  });
}
