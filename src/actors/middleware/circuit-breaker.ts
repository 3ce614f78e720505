import { checkedDuration, checkedNumber, checkedOptions } from "../../base/checked-number.ts";
import type { Clock } from "../../base/clock.ts";
import type { Duration } from "../../base/duration.ts";
import { BeeHiveError, CircuitOpen, OverLimit } from "../../base/errors.ts";
import { time, wholeNumber } from "../../base/numbers.ts";
import { Span } from "../../base/span.ts";
import type { Middleware } from "../actor.ts";
import { CallWindow } from "./call-window.ts";
import { perClock } from "./per-clock.ts";

export interface CircuitBreakerOptions {
  /** Failures that open the breaker; at least 1. @default 10 */
  readonly failures?: number | undefined;
  /**
   * The share of calls that must have failed as well, above 0 and up to 1. A gateway that always fails one call in five
   * is not down. @default 0.5
   */
  readonly rate?: number | undefined;
  /** Calls that must have ended before `rate` is looked at; at least 1. @default the value of `failures` */
  readonly minimumCalls?: number | undefined;
  /** The span in which failures and calls are counted. @default 60_000 */
  readonly within?: Duration | undefined;
  /** How long the breaker stays open. @default 30_000 */
  readonly open?: Duration | undefined;
  /** Returns whether an error counts. @default all but rejected events, concurrency conflicts and lost leases */
  readonly counts?: ((error: unknown) => boolean) | undefined;
}

const optionNames: Readonly<Record<keyof CircuitBreakerOptions, true>> = {
  failures: true,
  rate: true,
  minimumCalls: true,
  within: true,
  open: true,
  counts: true,
};

interface Settings {
  readonly failures: number;
  readonly rate: number;
  readonly minimumCalls: number;
  readonly withinMs: number;
  readonly openMs: number;
  readonly counts: (error: unknown) => boolean;
}

/**
 * Opens when too many calls fail, by number and by rate. So it spares a service that is down.
 *
 * While it is open, the subscription leases nothing, and events that were leased before are abandoned without counting
 * an attempt. Afterwards the subscription tries one event; when that fails too, the breaker opens again at once
 * (Nygard, "Release It!"). An event that always fails and is alone is tried again after each `open`, until another
 * event succeeds: throw `RejectEvent` for an event that can never succeed. Actors that share the middleware share the
 * breaker.
 *
 * @example
 * @actorDescription("OrderAccepted-Payment", { middleware: [circuitBreaker({ failures: 5, within: "30s", open: "1m" })]
 * })
 * @throws BeeHiveError `InvalidConfiguration` when an option is unknown, or is no count, rate or length of time.
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): Middleware {
  checkedOptions("circuitBreaker", options);
  const { failures = 10, rate = 0.5, within = 60_000, open = 30_000, counts = mayBeDown } = options;
  const { minimumCalls = failures } = options;
  const of = "circuitBreaker";
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(optionNames, name));
  if (unknown.length > 0)
    throw new BeeHiveError(
      "InvalidConfiguration",
      `${of}: ${unknown.join(", ")} is not an option; there are ${Object.keys(optionNames).join(", ")}.`,
    );
  const settings: Settings = {
    failures: checkedNumber(of, "failures", failures, wholeNumber(1)),
    rate: checkedNumber(of, "rate", rate, share),
    minimumCalls: checkedNumber(of, "minimumCalls", minimumCalls, wholeNumber(1)),
    withinMs: checkedDuration(of, "within", within, time),
    openMs: checkedDuration(of, "open", open, time),
    counts,
  };
  return perClock((clock) => breakerAt(clock, settings));
}

const share = { must: "above 0 and at most 1", holds: (value: number) => value > 0 && value <= 1 };

function breakerAt(clock: Clock, { failures, rate, minimumCalls, withinMs, openMs, counts }: Settings): Middleware {
  const recent = new CallWindow(withinMs);
  let opened: Span | undefined;
  let halfOpen = false;
  let openings = 0;
  const tooMany = (): boolean =>
    recent.failures >= failures && recent.calls >= minimumCalls && recent.failures >= rate * recent.calls;
  return async (_event, _context, next) => {
    if (opened && opened.left > 0) throw new CircuitOpen(opened.left, "the circuit breaker is open");
    const before = openings;
    try {
      const events = await next();
      // The success of a run that began before the breaker opened is out of date.
      if (before === openings) {
        halfOpen = false;
        recent.add(clock.now(), false);
      }
      return events;
    } catch (error) {
      if (!counts(error)) throw error;
      if (before !== openings && opened && opened.left > 0)
        throw new CircuitOpen(opened.left, "the circuit breaker is open", { cause: error });
      recent.add(clock.now(), true);
      if (!halfOpen && !tooMany()) throw error;
      recent.clear();
      halfOpen = true;
      openings++;
      opened = new Span(clock, openMs);
      throw new CircuitOpen(openMs, "the circuit breaker opened", { cause: error });
    }
  };
}

/** Returns whether `error` may come from a service that is down. A rejected event must not come back for ever. */
function mayBeDown(error: unknown): boolean {
  if (!(error instanceof BeeHiveError)) return true;
  if (error instanceof OverLimit) return false;
  return error.retryable && error.code !== "ConcurrencyConflict" && error.code !== "LeaseLost";
}
