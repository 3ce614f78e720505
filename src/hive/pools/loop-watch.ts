import { systemClock, type Clock, type Timer } from "../../base/clock.ts";
import { longestHold } from "../../base/event-loop.ts";
import type { Logger } from "../../base/logger.ts";
import type { SubscriptionLoop } from "../../delivery/subscription-loop.ts";

/** The time between two looks, in ms. */
const lookMs = 1_000;
/** The shortest block that is logged, in ms: no lease ends by it, but every other actor waits. */
const minBlockMs = 1_000;
/** The shortest time between two log lines, in ms. */
const quietMs = 60_000;

/** False on Bun, which does not tell how busy its event loop was. */
const measuresUse = typeof (performance as Partial<typeof performance>).eventLoopUtilization === "function";

/**
 * Notices code that blocks the event loop, and logs the actor that does it.
 *
 * The actor is known when it blocks before its first `await`. Otherwise those that were at work are named.
 */
export class LoopWatch {
  readonly #logger: Logger;
  readonly #loops: readonly SubscriptionLoop[];
  /** The deliveries of each loop that had ended at the last look. */
  #settled: readonly number[] = [];
  #timer: Timer | undefined;
  #loggedAt = -Infinity;

  constructor(loops: readonly SubscriptionLoop[], logger: Logger) {
    this.#loops = loops;
    this.#logger = logger;
  }

  /** Watches in the time of the machine only: virtual time says nothing about the event loop. */
  start(clock: Clock): void {
    if (clock === systemClock && this.#loops.length > 0 && measuresUse) this.#watch();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #watch(): void {
    const startedAt = performance.now();
    const before = performance.eventLoopUtilization();
    this.#settled = this.#loops.map(({ settled }) => settled);
    this.#timer = systemClock.after(lookMs, () => {
      // A process that slept, or had no processor, was not blocked by its code.
      this.#look(startedAt, performance.eventLoopUtilization(before).active);
      this.#watch();
    });
    this.#timer.unref?.();
  }

  #look(startedAt: number, activeMs: number): void {
    const now = performance.now();
    const blockedMs = Math.round(now - startedAt - lookMs);
    if (blockedMs < minBlockMs || activeMs < blockedMs || now - this.#loggedAt < quietMs) return;
    this.#loggedAt = now;
    const hold = longestHold(startedAt);
    const named = hold?.by !== undefined && hold.ms >= blockedMs / 2 ? [hold.by] : this.#atWork();
    const [actor, ...others] = named;
    this.#logger.warn(
      { blockedMs, ...(others.length === 0 ? { actor } : { actors: named }) },
      "the event loop was blocked: leases are not renewed meanwhile, and no other actor runs; isolate the actor",
    );
  }

  /** Returns the actors with events in work now or since the last look. */
  #atWork(): readonly string[] {
    const atWork = this.#loops.filter(
      ({ inFlight, settled }, index) => inFlight > 0 || settled !== this.#settled[index],
    );
    return [...new Set(atWork.map(({ descriptor }) => descriptor.name))];
  }
}
