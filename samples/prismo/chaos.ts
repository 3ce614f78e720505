import type { Middleware, RetryOptions } from "beehive-actors";
import { randomNumbers } from "./chance.ts";

/** Maximum failure rate with which a run ends in reasonable time. */
export const maxFailureRate = 0.8;

/** Fails at random before and after an actor runs, which exposes steps that are not safe to repeat. */
export function chaos(rate: number, seed: number): Middleware {
  const random = randomNumbers(seed);
  const maybeFail = (when: string): void => {
    if (random() < rate) throw new Error(`Chaos struck ${when} the actor.`);
  };
  return async (_event, _context, next) => {
    maybeFail("before");
    const output = await next();
    maybeFail("after");
    return output;
  };
}

/** Returns enough attempts that chance alone dead-letters fewer than one event in 10^12. */
export function retryAgainst(rate: number): RetryOptions {
  const failure = 1 - (1 - rate) ** 2;
  return { maxAttempts: Math.max(50, Math.ceil(Math.log(1e-12) / Math.log(failure))), minDelay: 1, maxDelay: 50 };
}
