import { inMs } from "../base/duration.ts";
import { BeeHiveError } from "../base/errors.ts";
import { isNumber, wholeNumber } from "../base/numbers.ts";
import { shownUrl, type ProviderUrl } from "../contract/provider-url.ts";
import { safeText } from "../base/safe-text.ts";

/*
 * Options of providers, which come from a URL (`sqlite:./hive.db?durability=normal`) or from an object: what is wrong
 * with them is told in the same words either way, all of it at once.
 */

/** A wrong value is shown up to here, in characters, and without a secret in it. */
const maxShown = 100;

/** What one option may be. */
export interface OptionRule {
  /** What a text in a URL stands for. */
  readonly read: (text: string) => unknown;
  /** What the option must be, in words; nothing when the value is that. */
  readonly refuse: (value: unknown) => string | undefined;
}

/** What each option of a provider may be; `T` is what they come to. */
export type OptionRules<T> = { readonly [name in keyof T]-?: OptionRule };

/** A whole number within bounds, both inclusive. */
export function whole(least: number, most?: number): OptionRule {
  const rule = wholeNumber(least, most);
  return {
    read: (text) => (text.trim() === "" ? NaN : Number(text)),
    refuse: (value) => (isNumber(value, rule) ? undefined : `must be ${rule.must}`),
  };
}

/**
 * A length of time within bounds in ms, both inclusive: a number of ms or a text such as `"30s"`.
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

/** One of these. */
export function oneOf(...choices: readonly string[]): OptionRule {
  return {
    read: (text) => text,
    refuse: (value) => (choices.includes(value as string) ? undefined : `must be ${choices.join(" or ")}`),
  };
}

/** A text of that form. @param must what it must be, in words. */
export function matching(form: RegExp, must: string): OptionRule {
  return {
    read: (text) => text,
    refuse: (value) => (typeof value === "string" && form.test(value) ? undefined : `must be ${must}`),
  };
}

/** An address, with its protocol. */
export function address(): OptionRule {
  return {
    read: (text) => text,
    refuse: (value) => (typeof value === "string" && URL.canParse(value) ? undefined : "must be a URL"),
  };
}

/** Whether something is so; in a URL its name alone says that it is. */
export function flag(): OptionRule {
  return {
    read: (text) => (text === "" ? true : readFlag(text)),
    refuse: (value) => (typeof value === "boolean" ? undefined : "must be true or false"),
  };
}

const flags: Readonly<Record<string, boolean>> = { true: true, "1": true, false: false, "0": false };

/** Returns what a text says of a switch: `true`, `True`, `1` and their opposites; any other text as it is. */
export function readFlag(text: string): boolean | string {
  const said = text.trim().toLowerCase();
  return (Object.hasOwn(flags, said) ? flags[said] : undefined) ?? text;
}

/** An option that may be left out altogether. */
export function optional(rule: OptionRule): OptionRule {
  return { read: rule.read, refuse: (value) => (value === undefined ? undefined : rule.refuse(value)) };
}

/** The options behind the question mark of a URL, as they are meant. @throws BeeHiveError `InvalidConfiguration` with every problem. */
export function optionsIn<T>(url: ProviderUrl, rules: OptionRules<T>): Partial<T> {
  const given = [...url.query].map(([name, text]) => [name.trim(), text.trim()] as const);
  const names = Object.keys(rules);
  const ruleOf = (name: string): OptionRule | undefined => (names.includes(name) ? rules[name as keyof T] : undefined);
  const problems = given.flatMap(([name, text], index) => {
    const rule = ruleOf(name);
    if (!rule) return [`"${safeText(name, maxShown)}" is not an option; there are ${names.join(", ")}`];
    if (given.findIndex(([other]) => other === name) < index) return [`${name} is given more than once`];
    const refusal = rule.refuse(rule.read(text));
    return refusal === undefined ? [] : [`${name} ${refusal}, not ${told(text)}`];
  });
  throwProblems(`"${shownUrl(url)}" cannot be opened`, problems);
  return Object.fromEntries(given.map(([name, text]) => [name, ruleOf(name)?.read(text)])) as Partial<T>;
}

/** What is wrong with options, in words. */
export function optionProblems<T>(options: T, rules: OptionRules<T>): string[] {
  return (Object.keys(rules) as (keyof T)[]).flatMap((name) => {
    const refusal = rules[name].refuse(options[name]);
    return refusal === undefined ? [] : [`${String(name)} ${refusal}, not ${told(options[name])}`];
  });
}

/** The options as they are. @throws BeeHiveError `InvalidConfiguration` with every problem. */
export function checkedOptions<T, O extends T>(provider: string, options: O, rules: OptionRules<T>): O {
  throwProblems(`The provider ${provider} cannot be made`, optionProblems<T>(options, rules));
  return options;
}

/** `NaN` is what JSON has no word for. */
function told(value: unknown): string {
  return typeof value === "string" ? `"${safeText(value, maxShown)}"` : String(value);
}

function throwProblems(what: string, problems: readonly string[]): void {
  if (problems.length > 0) throw new BeeHiveError("InvalidConfiguration", `${what}: ${problems.join("; ")}.`);
}
