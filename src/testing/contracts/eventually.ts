import { setTimeout as pause } from "node:timers/promises";

/** How long anything that must happen is waited for: clouds are slow at times. */
const patienceMs = 20_000;
/** How long it is watched that something does not happen. */
export const quietMs = 250;

/** Resolves after `ms` milliseconds of the machine's time. */
export async function wait(ms: number): Promise<void> {
  await pause(ms);
}

/** What `look` finds, as soon as it finds something. @throws when it found nothing in time. */
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

/** What `work` answers. @throws when it took too long. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = pause(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`It took longer than ${ms} ms: ${what}.`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
    late.catch(() => {});
  }
}
