import type { Middleware, RetryOptions } from "beehive-actors";
import { randomNumbers } from "./chance.ts";

/** The highest failure rate that a run still ends with in reasonable time. */
export const highestFailureRate = 0.8;

/** Fails at random, before an actor runs and after it has done its work: what is not safe to repeat goes wrong here. */
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

/** So many attempts that chance alone sends not one event in 10^12 to the dead letters. */
export function retryAgainst(rate: number): RetryOptions {
  const failure = 1 - (1 - rate) ** 2;
  return { maxAttempts: Math.max(50, Math.ceil(Math.log(1e-12) / Math.log(failure))), minDelay: 1, maxDelay: 50 };
}
