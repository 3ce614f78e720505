import { BeeHiveError, CircuitOpen } from "../../base/errors.ts";
import type { Middleware } from "../actor.ts";
import type { Clock } from "../../base/clock.ts";
import { checkedNumber } from "../../base/checked-number.ts";
import { time, wholeNumber } from "../../base/numbers.ts";
import { Span } from "../../base/span.ts";
import { CallWindow } from "./call-window.ts";
import { perClock } from "./per-clock.ts";

export interface CircuitBreakerOptions {
  /** How many failures open the breaker at the least, at least 1. @default 10 */
  readonly failures?: number | undefined;
  /**
   * Which share of the calls must have failed as well, above 0 and up to 1: a gateway that always fails one call in five
   * is not down. @default 0.5
   */
  readonly rate?: number | undefined;
  /** How many calls must have ended before the rate says anything, at least 1. @default the number of `failures` */
  readonly minimumCalls?: number | undefined;
  /** How far back failures and calls are counted, in ms. @default 60_000 */
  readonly within?: number | undefined;
  /** How long it stays open, in ms. @default 30_000 */
  readonly open?: number | undefined;
  /** Which errors count; unless given all but those that say nothing of what is called: rejected events, collisions, lost leases. */
  readonly counts?: ((error: unknown) => boolean) | undefined;
}

type Settings = { readonly [name in keyof CircuitBreakerOptions]-?: NonNullable<CircuitBreakerOptions[name]> };

/**
 * Opens when too many calls fail, by number and by rate, so that what is down is left alone: the subscription stops leasing
 * while it is open, and what was leased before is given back without counting an attempt. Afterwards the subscription tries
 * one event; when that fails too, the breaker opens again at once (Nygard, "Release It!"). No attempt is lost to what is
 * down, so an event that alone is there and always fails is tried anew each `open` ms, until another one succeeds: what
 * can never succeed should throw `RejectEvent`. Actors that share the
 * middleware share the breaker, but for hives with a clock of their own.
 *
 * @throws BeeHiveError `InvalidConfiguration` when an option is no count, no rate or no time, or is none of these.
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): Middleware {
  const { failures = 10, rate = 0.5, within = 60_000, open = 30_000, counts = mayBeDown } = options;
  const { minimumCalls = failures } = options;
  const settings: Settings = { failures, rate, minimumCalls, within, open, counts };
  const of = "circuitBreaker";
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(settings, name));
  if (unknown.length > 0)
    throw new BeeHiveError(
      "InvalidConfiguration",
      `${of}: ${unknown.join(", ")} is not an option; there are ${Object.keys(settings).join(", ")}.`,
    );
  checkedNumber(of, "failures", failures, wholeNumber(1));
  checkedNumber(of, "rate", rate, share);
  checkedNumber(of, "minimumCalls", minimumCalls, wholeNumber(1));
  checkedNumber(of, "within", within, time);
  checkedNumber(of, "open", open, time);
  return perClock((clock) => breakerAt(clock, settings));
}

const share = { must: "above 0 and at most 1", holds: (value: number) => value > 0 && value <= 1 };

function breakerAt(clock: Clock, { failures, rate, minimumCalls, within, open, counts }: Settings): Middleware {
  const recent = new CallWindow(within);
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
      // A run that began before the breaker opened says nothing of how things are since.
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
      opened = new Span(clock, open);
      throw new CircuitOpen(open, "the circuit breaker opened", { cause: error });
    }
  };
}

/** Whether the error may tell that what is called is down. An event that is rejected would otherwise come back for ever. */
function mayBeDown(error: unknown): boolean {
  if (!(error instanceof BeeHiveError)) return true;
  return error.retryable && error.code !== "ConcurrencyConflict" && error.code !== "LeaseLost";
}
