import type { Clock } from "../../base/clock.ts";
import type { Middleware } from "../actor.ts";

/**
 * Returns a middleware that keeps its state by clock.
 *
 * Times of two clocks, such as those of two tests, cannot be compared.
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
