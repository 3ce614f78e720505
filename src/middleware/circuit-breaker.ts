import { BeeHiveError, PauseSubscription } from "../errors.ts";
import type { Middleware } from "../actor.ts";
import type { Clock } from "../clock.ts";
import { assertOption, isCount, isTime } from "./options.ts";
import { perClock } from "./per-clock.ts";

export interface CircuitBreakerOptions {
  /** How many failures open the breaker; at least 1. */
  readonly failures: number;
  /** Within so many ms. */
  readonly within: number;
  /** How long it stays open, in ms. */
  readonly open: number;
  /** Which errors count; unless given all but those that say nothing of what is called: rejected events, collisions, lost leases. */
  readonly counts?: ((error: unknown) => boolean) | undefined;
}

/**
 * Opens after too many failures, so that what is down is left alone: the subscription stops leasing while it is
 * open, and what was leased before is given back without counting an attempt. Afterwards the subscription tries
 * one event; when that fails too, the breaker opens again at once (Nygard, "Release It!"). No attempt is lost to what is
 * down, so an event that alone is there and always fails is tried anew each `open` ms, until another one succeeds: what
 * can never succeed should throw `RejectEvent`. Actors that share the
 * middleware share the breaker, but for hives with a clock of their own.
 *
 * @throws BeeHiveError `InvalidConfiguration` when an option is no count or no time.
 */
export function circuitBreaker(options: CircuitBreakerOptions): Middleware {
  const { failures, within, open } = options;
  assertOption(isCount(failures), "circuitBreaker", "failures", "a whole number from 1", failures);
  assertOption(isTime(within), "circuitBreaker", "within", "more than 0 ms", within);
  assertOption(isTime(open), "circuitBreaker", "open", "more than 0 ms", open);
  return perClock((clock) => breakerAt(clock, options));
}

function breakerAt(clock: Clock, { failures, within, open, counts = mayBeDown }: CircuitBreakerOptions): Middleware {
  let recent: number[] = [];
  let openUntil = 0;
  let halfOpen = false;
  let openings = 0;
  return async (_event, _context, next) => {
    const left = openUntil - clock.now();
    if (left > 0) throw new PauseSubscription(left, "the circuit breaker is open");
    const before = openings;
    try {
      const events = await next();
      // A run that began before the breaker opened says nothing of how things are since.
      if (before === openings) halfOpen = false;
      return events;
    } catch (error) {
      if (!counts(error)) throw error;
      const now = clock.now();
      if (before !== openings && openUntil > now)
        throw new PauseSubscription(openUntil - now, "the circuit breaker is open", { cause: error });
      recent = [...recent.filter((time) => time > now - within), now];
      if (!halfOpen && recent.length < failures) throw error;
      recent = [];
      halfOpen = true;
      openings++;
      openUntil = now + open;
      throw new PauseSubscription(open, "the circuit breaker opened", { cause: error });
    }
  };
}

/** Whether the error may tell that what is called is down. An event that is rejected would otherwise come back for ever. */
function mayBeDown(error: unknown): boolean {
  if (!(error instanceof BeeHiveError)) return true;
  return error.retryable && error.code !== "ConcurrencyConflict" && error.code !== "LeaseLost";
}
