import { systemClock } from "../../src/base/clock.ts";
import type { StampRules } from "../../src/delivery/stamp.ts";

/** The rules of outputs by default. @param changes the rules that differ. */
export function stampRules(changes: Partial<StampRules> = {}): StampRules {
  return { clock: systemClock, atomic: false, inheritPartitionKey: false, ...changes };
}
