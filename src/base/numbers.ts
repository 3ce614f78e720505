/*
 * Rules for the numbers of options. Checked at run time, since many come from the environment or from JSON:
 * `Number(undefined)` is NaN, and a number may arrive as a text.
 */

/** A rule for a number, and its words. */
export interface NumberRule {
  readonly must: string;
  readonly holds: (value: number) => boolean;
}

/** The longest time of an option, in ms: a date that far ahead still exists. */
const maxTimeMs = 100 * 365 * 24 * 60 * 60 * 1000;

/** A whole number within bounds, both inclusive. */
export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER): NumberRule {
  const bounds = max === Number.MAX_SAFE_INTEGER ? `from ${grouped(min)}` : `from ${grouped(min)} to ${grouped(max)}`;
  return {
    must: `a whole number ${bounds}`,
    holds: (value) => Number.isSafeInteger(value) && value >= min && value <= max,
  };
}

/** A whole number of milliseconds. */
export function wholeMs(min: number): NumberRule {
  return {
    must: `a whole number of ms from ${grouped(min)}, at most 100 years`,
    holds: (value) => Number.isSafeInteger(value) && value >= min && value <= maxTimeMs,
  };
}

/** A length of time above 0. */
export const time: NumberRule = {
  must: "more than 0 ms, at most 100 years",
  holds: (value) => value > 0 && value <= maxTimeMs,
};

/** A wait; 0 for none. */
export const delay: NumberRule = {
  must: "0 ms or more, at most 100 years",
  holds: (value) => value >= 0 && value <= maxTimeMs,
};

/** Any number within bounds, both inclusive. */
export function numberBetween(min: number, max: number): NumberRule {
  return { must: `from ${min} to ${max}`, holds: (value) => value >= min && value <= max };
}

/** A finite number from a minimum. */
export function numberFrom(min: number): NumberRule {
  return { must: `${min} or more`, holds: (value) => value >= min && value < Infinity };
}

/** Returns whether a value is a number that the rule allows. */
export function isNumber(value: unknown, rule: NumberRule): value is number {
  return typeof value === "number" && rule.holds(value);
}

/** Returns the problems of a number called `name`, in words. */
export function numberProblems(name: string, value: unknown, rule: NumberRule): string[] {
  return isNumber(value, rule) ? [] : [`${name} must be ${rule.must}, not ${valueText(value)}`];
}

/** Returns a value for a message: a text in quotes, numbers and booleans unchanged, the kind of all else. */
export function valueText(value: unknown): string {
  switch (typeof value) {
    case "number":
      return String(value);
    case "string":
      return JSON.stringify(value);
    case "boolean":
    case "undefined":
      return String(value);
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? "an array" : "an object";
    default:
      return `a ${typeof value}`;
  }
}

function grouped(number: number): string {
  return number.toLocaleString("en-GB");
}
