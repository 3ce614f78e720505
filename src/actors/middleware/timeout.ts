import { withTimeLimit } from "../../base/clock.ts";
import { checkedDuration } from "../../base/checked-number.ts";
import type { Duration } from "../../base/duration.ts";
import { BeeHiveError } from "../../base/errors.ts";
import { time } from "../../base/numbers.ts";
import type { Middleware } from "../actor.ts";
import { withSignal } from "./run-through.ts";

/**
 * Fails a run that takes longer than `duration` with `Timeout`. The failure is retried like any other.
 *
 * The actor sees its signal abort. The run has failed by then, so later outputs are discarded.
 *
 * @example
 * @actorDescription("OrderAccepted-Payment", { middleware: [timeout("10s")] })
 * @throws BeeHiveError `InvalidConfiguration` when `duration` is no length of time.
 */
export function timeout(duration: Duration): Middleware {
  const limitMs = checkedDuration("timeout", "duration", duration, time);
  return (event, context, next) => {
    const passed = new AbortController();
    const run = next(withSignal(context, AbortSignal.any([context.signal, passed.signal])));
    return withTimeLimit(run, context.clock, limitMs, () => {
      const error = new BeeHiveError(
        "Timeout",
        `${context.descriptor.name} worked on ${event.id} for more than ${limitMs} ms.`,
      );
      passed.abort(error);
      throw error;
    });
  };
}
