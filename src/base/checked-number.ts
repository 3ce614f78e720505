import { durationProblems, inMs } from "./duration.ts";
import { BeeHiveError } from "./errors.ts";
import { isNumber, valueText, type NumberRule } from "./numbers.ts";
import { objectProblems } from "./problems.ts";

/**
 * Returns a number if the rule allows it.
 *
 * @param of the owner of the option, the first word of the message.
 * @throws BeeHiveError `InvalidConfiguration`.
 */
export function checkedNumber(of: string, name: string, value: unknown, rule: NumberRule): number {
  if (isNumber(value, rule)) return value;
  throw new BeeHiveError("InvalidConfiguration", `${of}: ${name} must be ${rule.must}, not ${valueText(value)}.`);
}

/** Returns a length of time in ms. @throws BeeHiveError `InvalidConfiguration` when the rule does not allow it. */
export function checkedDuration(of: string, name: string, value: unknown, rule: NumberRule): number {
  const [problem] = durationProblems(name, value, rule);
  if (problem === undefined) return inMs(value) as number;
  throw new BeeHiveError("InvalidConfiguration", `${of}: ${problem}.`);
}

/** @throws BeeHiveError `InvalidConfiguration` when the options are no object. */
export function checkedOptions(of: string, options: unknown): void {
  const [problem] = objectProblems("what it is given", options);
  if (problem !== undefined) throw new BeeHiveError("InvalidConfiguration", `${of}: ${problem}.`);
}
