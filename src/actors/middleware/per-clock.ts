import type { Middleware } from "../actor.ts";
import type { Clock } from "../../base/clock.ts";

/**
 * A middleware that remembers times, one of its own for each clock: what happened by another clock, such as that of the
 * test before, is neither past nor future.
 */
export function perClock(make: (clock: Clock) => Middleware): Middleware {
  const made = new WeakMap<Clock, Middleware>();
  return (event, context, next) => {
    const { clock } = context;
    const middleware = made.get(clock) ?? make(clock);
    made.set(clock, middleware);
    return middleware(event, context, next);
  };
}
