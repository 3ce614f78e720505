import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";

/** Returns a signal that the first SIGINT or SIGTERM aborts. A second one ends the process at once. */
export function interruption(output: Output): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCode.interrupted);
      output.note(`${name}: stopping. Send it again to stop at once.`);
      controller.abort(name);
    });
  }
  return controller.signal;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
