import { BeeHiveError } from "./errors.ts";
import { isNumber, told, wholeNumber } from "./numbers.ts";
import { redact } from "./redact.ts";

/*
 * Options of providers, which come from a URL (`sqlite:./hive.db?durability=normal`) or from an object: what is wrong
 * with them is told in the same words either way, all of it at once.
 */

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
    read: (text) => (text === "" || text === "true" ? true : text === "false" ? false : text),
    refuse: (value) => (typeof value === "boolean" ? undefined : "must be true or false"),
  };
}

/** An option that may be left out altogether. */
export function optional(rule: OptionRule): OptionRule {
  return { read: rule.read, refuse: (value) => (value === undefined ? undefined : rule.refuse(value)) };
}

/** The options behind the question mark of a URL, as they are meant. @throws BeeHiveError `InvalidConfiguration` with every problem. */
export function optionsIn<T>(url: string, rules: OptionRules<T>): Partial<T> {
  const given = [...new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?") + 1) : "")];
  const names = Object.keys(rules);
  const ruleOf = (name: string): OptionRule | undefined => (names.includes(name) ? rules[name as keyof T] : undefined);
  const problems = given.flatMap(([name, text]) => {
    const rule = ruleOf(name);
    if (!rule) return [`"${name}" is not an option; there are ${names.join(", ")}`];
    const refusal = rule.refuse(rule.read(text));
    return refusal === undefined ? [] : [`${name} ${refusal}, not "${text}"`];
  });
  throwProblems(`"${url}" cannot be opened`, problems);
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

/** Among the options of a URL somebody may have put a secret. */
function throwProblems(what: string, problems: readonly string[]): void {
  if (problems.length > 0) throw new BeeHiveError("InvalidConfiguration", redact(`${what}: ${problems.join("; ")}.`));
}
