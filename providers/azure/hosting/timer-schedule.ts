import { inMs } from "../../../src/base/duration.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { lastTime, type Schedule } from "../../../src/actors/pulses/schedule.ts";

/*
 * Timers of Azure Functions understand NCRONTAB: six fields, seconds first, of numbers, names, ranges, lists and steps.
 * All else that a worker understands is translated into these, or refused.
 */

interface Field {
  readonly what: string;
  readonly min: number;
  readonly max: number;
  /** Names of the numbers, beginning with `min`. */
  readonly names?: readonly string[];
}

const fields: readonly Field[] = [
  { what: "seconds", min: 0, max: 59 },
  { what: "minutes", min: 0, max: 59 },
  { what: "hours", min: 0, max: 23 },
  { what: "days of the month", min: 1, max: 31 },
  {
    what: "months",
    min: 1,
    max: 12,
    names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
  },
  { what: "days of the week", min: 0, max: 6, names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] },
];
const [daysOfMonth, daysOfWeek] = [3, 5];

const nicknames: Readonly<Record<string, string>> = {
  "@yearly": "0 0 0 1 1 *",
  "@annually": "0 0 0 1 1 *",
  "@monthly": "0 0 0 1 * *",
  "@weekly": "0 0 0 * * 0",
  "@daily": "0 0 0 * * *",
  "@midnight": "0 0 0 * * *",
  "@hourly": "0 0 * * * *",
};

/**
 * Returns a schedule as the six fields of a timer trigger.
 *
 * @param name the name of the pulser, for errors.
 * @throws BeeHiveError `InvalidConfiguration` when no timer can fire at the same times as a worker.
 * @example
 * timerSchedule("Report", { cron: "0 6 * * *" }); // "0 0 6 * * *"
 */
export function timerSchedule(name: string, schedule: Schedule): string {
  if (schedule.cron === undefined) return intervalLine(name, inMs(schedule.every));
  if (schedule.timezone !== undefined && schedule.timezone !== "UTC")
    throw noTimer(name, "a timer has the time zone of its function app: set WEBSITE_TIME_ZONE and leave timezone out");
  // Throws, with the words of a worker, when the line is malformed.
  lastTime(schedule, 0);
  return cronLine(name, schedule.cron.trim());
}

function intervalLine(name: string, every: number): string {
  const units = [
    { ms: 1_000, max: 60, line: (n: number) => `*/${n} * * * * *` },
    { ms: 60_000, max: 60, line: (n: number) => `0 */${n} * * * *` },
    { ms: 3_600_000, max: 24, line: (n: number) => `0 0 */${n} * * *` },
    { ms: 86_400_000, max: 2, line: () => "0 0 0 * * *" },
  ];
  for (const { ms, max, line } of units) {
    const n = every / ms;
    if (Number.isInteger(n) && n < max && max % n === 0) return line(n);
  }
  throw noTimer(name, `${every} ms do not divide a minute, an hour or a day evenly: use a cron line`);
}

function cronLine(name: string, cron: string): string {
  const nickname = nicknames[cron.toLowerCase()];
  if (nickname !== undefined) return nickname;
  const given = cron.split(/\s+/);
  const texts = given.length === 5 ? ["0", ...given] : given;
  if (texts.length !== fields.length) throw noTimer(name, `"${cron}" has a year, which a timer does not know`);
  const line = fields.map((field, n) => fieldText(name, field, texts[n] ?? "*"));
  const days = [daysOfMonth, daysOfWeek];
  if (days.some((n) => texts[n] === "*" || texts[n] === "?")) return line.join(" ");
  // A worker fires on days that match either field, so on every day when one field names all.
  if (days.some((n) => isAll(fields[n], line[n])))
    return line.map((text, n) => (days.includes(n) ? "*" : text)).join(" ");
  throw noTimer(
    name,
    `"${cron}" names days of the month and of the week: a worker fires on days that match either, ` +
      "a timer on days that match both. Make two pulsers, each with one of them",
  );
}

/** A value, a range or `*`, and a step. */
const part = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/;

/** Returns a field for a timer. It is unchanged, unless Sunday is 7 or the end of a range. */
function fieldText(name: string, field: Field, text: string): string {
  if (text === "?") return "*";
  for (const one of text.split(",")) {
    const [matched, from, to] = part.exec(one) ?? [];
    if (matched === undefined || [from, to].some((end) => end !== undefined && numberOf(field, end) === undefined))
      throw noTimer(name, `a timer does not know "${one}" in its ${field.what}`);
  }
  if (field.max !== 6 || !/7|-SUN/i.test(text.replaceAll(/\/\d+/g, ""))) return text;
  return isAll(field, text) ? "*" : [...valuesOf(field, text)].toSorted((a, b) => a - b).join(",");
}

function isAll(field: Field | undefined, text: string | undefined): boolean {
  return field !== undefined && text !== undefined && valuesOf(field, text).size === field.max - field.min + 1;
}

/** Returns the numbers that a field names; Sunday is 0, also when written as 7. */
function valuesOf(field: Field, text: string): Set<number> {
  const values = new Set<number>();
  for (const one of text.split(",")) {
    const [, first, last, step = "1"] = part.exec(one) ?? [];
    const from = first === undefined ? field.min : (numberOf(field, first) ?? 0);
    const to = first === undefined ? field.max : last === undefined ? from : (numberOf(field, last) ?? 0);
    // At the end of a range, Sunday is the last day.
    const end = field.max === 6 && to < from ? to + 7 : to;
    for (let value = from; value <= end; value += Number(step)) values.add(field.max === 6 ? value % 7 : value);
  }
  return values;
}

function numberOf({ names = [], min }: Field, text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  const index = names.indexOf(text.toUpperCase());
  return index < 0 ? undefined : index + min;
}

function noTimer(name: string, reason: string): BeeHiveError {
  return new BeeHiveError("InvalidConfiguration", `The pulser "${name}" cannot be a function: ${reason}.`);
}
