import { BeeHiveError } from "../base/errors.ts";
import { durationForms, inMs } from "../base/duration.ts";
import { nearestOf } from "../base/nearest.ts";
import { isNumber, time, valueText, wholeNumber } from "../base/numbers.ts";

const maxName = 100;
const maxReason = 500;

/** Throws one error with every problem of an act, if there are any. */
export function assertAct(act: string, on: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new BeeHiveError("InvalidConfiguration", `Cannot ${act} ${on}: ${problems.join("; ")}.`);
}

/** Returns what is wrong with the name of an operator, in words. */
export function operatorProblems(by: unknown): string[] {
  return textProblems("by", by, maxName, "name who does it");
}

/** Returns what is wrong with a reason, in words. */
export function reasonProblems(reason: unknown): string[] {
  return textProblems("reason", reason, maxReason, "others read it in an incident");
}

function textProblems(name: string, text: unknown, max: number, why: string): string[] {
  if (typeof text !== "string" || text.trim() === "") return [`${name} must be a text, not ${valueText(text)}: ${why}`];
  return text.length > max ? [`${name} has ${text.length} characters, at most ${max} are allowed`] : [];
}

/** Returns what is wrong with the end of a pause, in words. */
export function untilProblems(until: unknown, now: number): string[] {
  if (until === undefined) return [];
  if (!(until instanceof Date) || Number.isNaN(until.getTime())) return ["until must be a date"];
  return until.getTime() > now ? [] : [`until lies in the past: ${until.toISOString()}`];
}

/** Returns what is wrong with a new parallelism, in words. */
export function parallelismProblems(parallelism: unknown): string[] {
  if (parallelism === undefined || parallelism === "default" || isNumber(parallelism, wholeNumber(1))) return [];
  return [`parallelism must be "default" or ${wholeNumber(1).must}, not ${valueText(parallelism)}`];
}

/** Returns what is wrong with a new throttle, in words. */
export function throttleProblems(throttle: unknown): string[] {
  if (throttle === undefined || throttle === "default") return [];
  if (typeof throttle !== "object" || throttle === null) return ['throttle must be "default" or { limit, per }'];
  const { limit, per = 1_000 } = throttle as { readonly limit?: unknown; readonly per?: unknown };
  return [
    ...(isNumber(limit, wholeNumber(1)) ? [] : [`throttle.limit must be ${wholeNumber(1).must}`]),
    ...(isNumber(inMs(per), time) ? [] : [`throttle.per must be ${time.must}; ${durationForms}`]),
  ];
}

/** Returns the error about an unknown subscription, queue or pulser, with the name that was probably meant. */
export function unknownName(
  code: "QueueNotFound" | "NotFound",
  kind: string,
  name: string,
  known: readonly string[],
): BeeHiveError {
  const near = nearestOf(name, known);
  const hint =
    near === undefined ? (known.length > 0 ? ` There are: ${known.slice(0, 10).join(", ")}.` : "") : ` Is it ${near}?`;
  return new BeeHiveError(code, `There is no ${kind} ${name}.${hint}`);
}
