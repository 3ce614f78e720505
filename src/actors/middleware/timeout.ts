import { BeeHiveError } from "../../base/errors.ts";
import type { Middleware } from "../actor.ts";
import { checkedNumber } from "../../base/checked-number.ts";
import { time } from "../../base/numbers.ts";
import { withSignal } from "./run-through.ts";

/**
 * Fails a run that takes longer than `ms` milliseconds with `Timeout`, which is retried like any failure. The
 * actor sees its signal abort; what it does afterwards changes nothing, because its step is over.
 *
 * @throws BeeHiveError `InvalidConfiguration` when `ms` is no time.
 */
export function timeout(ms: number): Middleware {
  checkedNumber("timeout", "ms", ms, time);
  return (event, context, next) => {
    const passed = new AbortController();
    const timer = context.clock.after(ms, () => {
      passed.abort(
        new BeeHiveError("Timeout", `${context.descriptor.name} worked on ${event.id} for more than ${ms} ms.`),
      );
    });
    const run = next(withSignal(context, AbortSignal.any([context.signal, passed.signal])));
    return Promise.race([run, rejection(passed.signal)]).finally(() => timer.cancel());
  };
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
