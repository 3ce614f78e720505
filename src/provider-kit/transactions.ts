import { sleep, type Clock } from "../base/clock.ts";
import type { Step } from "../contract/provider.ts";
import type { Stores } from "../contract/stores.ts";
import { StepConflict } from "./step-changes.ts";

type Transact = NonNullable<Stores["transact"]>;

/** Reruns after conflicts. Each means that another has committed, so the work as a whole goes on. */
const maxReruns = 50;
/** The longest pause before a rerun, in ms. */
const maxPauseMs = 100;

/**
 * Returns the `transact` of a provider with atomic steps: each transaction is a step without a lease.
 *
 * @example
 * this.stores.transact = stepTransactions(clock, () => new AtomicStep(undefined, this.#steps));
 */
export function stepTransactions(clock: Clock, begin: () => Step): Transact {
  return (name, work) =>
    untilCommitted(clock, async () => {
      const step = begin();
      try {
        // The stores of a step have the method.
        const result = await (step.stores.transact as Transact)(name, work);
        await step.commit(step.published ?? []);
        return result;
      } finally {
        step.discard();
      }
    });
}

/** Returns the result of `work`, which runs again after each conflict with another step. */
export async function untilCommitted<R>(clock: Clock, work: () => Promise<R>): Promise<R> {
  for (let reruns = 0; ; reruns++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StepConflict) || reruns === maxReruns) throw error;
    }
    // At random, so that those who met do not meet again. The first rerun is at once: most meet once.
    if (reruns > 0) await sleep(clock, Math.random() * Math.min(maxPauseMs, 2 ** reruns));
  }
}
