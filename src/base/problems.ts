import { BeeHiveError } from "./errors.ts";
import { valueText } from "./numbers.ts";

/** The problems that an error lists, kept beside it. */
const listed = new WeakMap<BeeHiveError, readonly string[]>();

/** Returns the problem of a value that must be an object of options, in words. */
export function objectProblems(name: string, value: unknown): string[] {
  if (Object.prototype.toString.call(value) === "[object Object]") return [];
  return [`${name} must be an object of options, not ${valueText(value)}`];
}

/** Throws one error that lists every problem, if there are any. */
export function throwProblems(problems: readonly string[], what: string = "The hive cannot start"): void {
  if (problems.length === 0) return;
  const list = [...new Set(problems)].map((problem) => `\n  - ${problem}`).join("");
  const error = new BeeHiveError("InvalidConfiguration", `${what}:${list}`);
  listed.set(error, problems);
  throw error;
}

/** Returns the result of `work`. Throws its problems together with the known ones. */
export async function withProblems<T>(known: readonly string[], work: Promise<T>): Promise<T> {
  const [result] = await Promise.allSettled([work]);
  const found = result.status === "rejected" ? listed.get(result.reason as BeeHiveError) : undefined;
  throwProblems([...known, ...(found ?? [])]);
  return work;
}
