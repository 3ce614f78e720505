import { inMs } from "../base/duration.ts";
import { BeeHiveError } from "../base/errors.ts";
import { isNumber, wholeNumber } from "../base/numbers.ts";
import { safeText } from "../base/safe-text.ts";
import { shownUrl, type ProviderUrl } from "../contract/provider-url.ts";

/*
 * Options of providers, from a URL (`sqlite:./hive.db?durability=normal`) or from an object. One error lists all
 * problems, in the same words for both.
 */

/** The shown part of a wrong value, in characters. Secrets in it are masked. */
const maxShown = 100;

/** The rule for one option. */
export interface OptionRule {
  /** Returns the value of a text in a URL. */
  readonly read: (text: string) => unknown;
  /** Returns what the option must be, in words; `undefined` for an allowed value. */
  readonly refuse: (value: unknown) => string | undefined;
}

/**
 * The rules for the options of a provider; `T` is the type of its options.
 *
 * @example
 * const rules: OptionRules<{ readonly maxEventBytes: number }> = { maxEventBytes: whole(1) };
 */
export type OptionRules<T> = { readonly [name in keyof T]-?: OptionRule };

/** Allows a whole number within bounds, both inclusive. */
export function whole(min: number, max?: number): OptionRule {
  const rule = wholeNumber(min, max);
  return {
    read: (text) => (text.trim() === "" ? NaN : Number(text)),
    refuse: (value) => (isNumber(value, rule) ? undefined : `must be ${rule.must}`),
  };
}

/**
 * A length of time within inclusive bounds in ms: a number, or a text such as `"30s"`.
 *
 * `read` returns ms. The value of an option object is turned into ms by `inMs`, after the check.
 */
export function duration(min: number, max?: number): OptionRule {
  const rule = wholeNumber(min, max);
  return {
    read: (text) => inMs(/^\d+$/.test(text) ? Number(text) : text),
    refuse: (value) =>
      isNumber(inMs(value), rule) ? undefined : `must be ${rule.must} ms, or a text such as "30s" or "5m"`,
  };
}

/** Allows one of these texts. */
export function oneOf(...choices: readonly string[]): OptionRule {
  return {
    read: (text) => text,
    refuse: (value) => (choices.includes(value as string) ? undefined : `must be ${choices.join(" or ")}`),
  };
}

/** Allows a text of a form. @param must the form, in words. */
export function matching(form: RegExp, must: string): OptionRule {
  return {
    read: (text) => text,
    refuse: (value) => (typeof value === "string" && form.test(value) ? undefined : `must be ${must}`),
  };
}

/** Allows a URL with its protocol. */
export function address(): OptionRule {
  return {
    read: (text) => text,
    refuse: (value) => (typeof value === "string" && URL.canParse(value) ? undefined : "must be a URL"),
  };
}

/** Allows a boolean. In a URL the name of the option alone is `true`. */
export function flag(): OptionRule {
  return {
    read: (text) => (text === "" ? true : readFlag(text)),
    refuse: (value) => (typeof value === "boolean" ? undefined : "must be true or false"),
  };
}

const flags: Readonly<Record<string, boolean>> = { true: true, "1": true, false: false, "0": false };

/** Returns the value of a switch: of `true`, `True`, `1` and their opposites; other texts unchanged. */
export function readFlag(text: string): boolean | string {
  const word = text.trim().toLowerCase();
  return (Object.hasOwn(flags, word) ? flags[word] : undefined) ?? text;
}

/** Allows `undefined` as well. */
export function optional(rule: OptionRule): OptionRule {
  return { read: rule.read, refuse: (value) => (value === undefined ? undefined : rule.refuse(value)) };
}

/**
 * Returns the options behind the question mark of a URL.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem.
 * @example
 * const options = optionsIn(parsePlacelessUrl("memory:?maxEventBytes=65536"), rules); // { maxEventBytes: 65_536 }
 */
export function optionsIn<T>(url: ProviderUrl, rules: OptionRules<T>): Partial<T> {
  const given = [...url.query].map(([name, text]) => [name.trim(), text.trim()] as const);
  const names = Object.keys(rules);
  const ruleOf = (name: string): OptionRule | undefined => (names.includes(name) ? rules[name as keyof T] : undefined);
  const problems = given.flatMap(([name, text], index) => {
    const rule = ruleOf(name);
    if (!rule) return [`"${safeText(name, maxShown)}" is not an option; there are ${names.join(", ")}`];
    if (given.findIndex(([other]) => other === name) < index) return [`${name} is given more than once`];
    const refusal = rule.refuse(rule.read(text));
    return refusal === undefined ? [] : [`${name} ${refusal}, not ${shownValue(text)}`];
  });
  throwProblems(`"${shownUrl(url)}" cannot be opened`, problems);
  return Object.fromEntries(given.map(([name, text]) => [name, ruleOf(name)?.read(text)])) as Partial<T>;
}

/** Returns the problems of options, in words. */
export function optionProblems<T>(options: T, rules: OptionRules<T>): string[] {
  return (Object.keys(rules) as (keyof T)[]).flatMap((name) => {
    const refusal = rules[name].refuse(options[name]);
    return refusal === undefined ? [] : [`${String(name)} ${refusal}, not ${shownValue(options[name])}`];
  });
}

/** Returns options if the rules allow them. @throws BeeHiveError `InvalidConfiguration` with every problem. */
export function checkedOptions<T, O extends T>(provider: string, options: O, rules: OptionRules<T>): O {
  throwProblems(`The provider ${provider} cannot be made`, optionProblems<T>(options, rules));
  return options;
}

function shownValue(value: unknown): string {
  return typeof value === "string" ? `"${safeText(value, maxShown)}"` : String(value);
}

function throwProblems(what: string, problems: readonly string[]): void {
  if (problems.length > 0) throw new BeeHiveError("InvalidConfiguration", `${what}: ${problems.join("; ")}.`);
}
