import { Latch } from "../../src/base/latch.ts";

/** Returns the result of a call; `undefined` when the signal aborts before. */
export async function untilAborted<T>(call: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const aborted = new Latch<undefined>();
  const abort = (): void => aborted.resolve(undefined);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([call, aborted.promise]);
  } finally {
    // A promise that lives as long as the signal would keep each call.
    signal.removeEventListener("abort", abort);
  }
}
