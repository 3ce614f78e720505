import ms from "ms";
import { numberProblems, type NumberRule } from "./numbers.ts";

/**
 * A length of time: a number of milliseconds, or a text with a unit.
 *
 * Units are `ms`, `s`, `m` (minutes), `h`, `d` and `w`.
 *
 * @example
 * { lease: "30s", retry: { maxDelay: "5m" } } // the same as { lease: 30_000, retry: { maxDelay: 300_000 } }
 */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d" | "w"}`;

/** The forms of a length of time, for messages. */
export const durationForms = `write a number of ms or a text such as "30s", "5m" or "7d"`;

const shape = /^\d+(\.\d+)?(ms|s|m|h|d|w)$/;

/** Returns the length in ms, or an invalid value unchanged, for a check to refuse. */
export function inMs<D>(duration: D): D extends Duration ? number : D {
  const length = typeof duration === "string" && shape.test(duration) ? ms(duration as ms.StringValue) : duration;
  return length as D extends Duration ? number : D;
}

/** Returns the problems of a length of time called `name`, in words. */
export function durationProblems(name: string, duration: unknown, rule: NumberRule): string[] {
  const problems = numberProblems(name, inMs(duration), rule);
  return problems.map((problem) => `${problem}; ${durationForms}`);
}
