import { durationProblems } from "../../base/duration.ts";
import { wholeMs } from "../../base/numbers.ts";
import { objectProblems } from "../../base/problems.ts";
import { isEventType } from "../../events/event-type.ts";
import { durationOf } from "./time-limits.ts";

/** Returns what is wrong with the options of a process manager, in words. */
export function processProblems(name: unknown, options: unknown): string[] {
  if (typeof name !== "string" || !/^[A-Za-z]\w*$/.test(name))
    return [`the name of a process manager must be a letter, then letters, digits or underscores, not ${String(name)}`];
  const problems = objectProblems(name, options);
  if (problems.length > 0) return problems;
  const { starts, on = [], after = {} } = options as Record<string, unknown>;
  if (!Array.isArray(on)) return [`${name}: on must be a list of steps`];
  const steps = [starts, ...(on as unknown[])];
  const names = steps.map((step) => (step as { event?: { name?: string } } | undefined)?.event?.name);
  return [
    ...steps.flatMap((step, index) =>
      stepProblems(index === 0 ? `${name}: starts` : `${name}: on[${index - 1}]`, step),
    ),
    ...names
      .filter((one, index) => one !== undefined && names.indexOf(one) !== index)
      .map((one) => `${name}: two steps take ${one}`),
    ...objectProblems(`${name}: after`, after),
    ...Object.entries(Object(after) as object).flatMap(([limit, run]) => [
      ...durationProblems(`${name}: the time limit`, durationOf(limit), wholeMs(1)),
      ...(typeof run === "function" ? [] : [`${name}: after["${limit}"] must be a function`]),
    ]),
  ];
}

const functions = ["run", "undo", "by"] as const;

function stepProblems(at: string, step: unknown): string[] {
  const problems = objectProblems(at, step);
  if (problems.length > 0) return problems;
  const given = step as Readonly<Record<string, unknown>>;
  const known: readonly string[] = ["event", ...functions];
  return [
    ...(isEventType(given["event"]) ? [] : [`${at}.event must be an event type`]),
    ...functions
      .filter((one) => given[one] !== undefined && typeof given[one] !== "function")
      .map((one) => `${at}.${one} must be a function`),
    ...Object.keys(given)
      .filter((one) => !known.includes(one))
      .map((one) => `${at}.${one} is not an option; there are ${known.join(", ")}`),
  ];
}
