import { BeeHiveError } from "../errors.ts";

/** Refuses the options of a middleware that could only go wrong later. @throws BeeHiveError `InvalidConfiguration`. */
export function assertOption(holds: boolean, middleware: string, option: string, must: string, value: unknown): void {
  if (holds) return;
  throw new BeeHiveError("InvalidConfiguration", `${middleware}: ${option} must be ${must}, not ${String(value)}.`);
}

/** A time in ms that something may take or last. */
export function isTime(ms: number): boolean {
  return ms > 0 && ms < Infinity;
}

export function isCount(count: number): boolean {
  return Number.isSafeInteger(count) && count >= 1;
}
