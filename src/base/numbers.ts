/*
 * Numbers of options. Many come from the environment or from JSON, where no compiler looks: `Number(undefined)` is NaN,
 * and a number may arrive as a text. Each is checked where it is given, in the same words everywhere.
 */

/** What a number must be, and in words. */
export interface NumberRule {
  readonly must: string;
  readonly holds: (value: number) => boolean;
}

/** The longest time that an option may name, in ms: a date that far ahead can still be told. */
const maxTimeMs = 100 * 365 * 24 * 60 * 60 * 1000;

/** A whole number within bounds, both inclusive. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): NumberRule {
  const bounds =
    most === Number.MAX_SAFE_INTEGER ? `from ${grouped(least)}` : `from ${grouped(least)} to ${grouped(most)}`;
  return {
    must: `a whole number ${bounds}`,
    holds: (value) => Number.isSafeInteger(value) && value >= least && value <= most,
  };
}

/** A whole number of milliseconds. */
export function wholeMs(least: number): NumberRule {
  return {
    must: `a whole number of ms from ${grouped(least)}, at most 100 years`,
    holds: (value) => Number.isSafeInteger(value) && value >= least && value <= maxTimeMs,
  };
}

/** A time that something takes or lasts. */
export const time: NumberRule = {
  must: "more than 0 ms, at most 100 years",
  holds: (value) => value > 0 && value <= maxTimeMs,
};

/** A time to wait; 0 for none. */
export const delay: NumberRule = {
  must: "0 ms or more, at most 100 years",
  holds: (value) => value >= 0 && value <= maxTimeMs,
};

/** Any number within bounds, both inclusive. */
export function numberBetween(least: number, most: number): NumberRule {
  return { must: `from ${least} to ${most}`, holds: (value) => value >= least && value <= most };
}

/** A finite number that is not smaller. */
export function numberFrom(least: number): NumberRule {
  return { must: `${least} or more`, holds: (value) => value >= least && value < Infinity };
}

/** Whether a value is a number as the rule wants it; a text never is. */
export function isNumber(value: unknown, rule: NumberRule): value is number {
  return typeof value === "number" && rule.holds(value);
}

/** What is wrong with the number called `name`, in words; empty when nothing is. */
export function numberProblems(name: string, value: unknown, rule: NumberRule): string[] {
  return isNumber(value, rule) ? [] : [`${name} must be ${rule.must}, not ${told(value)}`];
}

/** A value as messages name it: a text in quotes, `NaN` as it is. */
export function told(value: unknown): string {
  switch (typeof value) {
    case "number":
      return String(value);
    case "string":
      return JSON.stringify(value);
    default:
      return value === undefined || value === null ? String(value) : `a value of type ${typeof value}`;
  }
}

function grouped(number: number): string {
  return number.toLocaleString("en-GB");
}
