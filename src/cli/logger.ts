import { messageOf } from "../error-text.ts";
import { systemClock } from "../clock.ts";
import { errorsAsData, type Logger } from "../logger.ts";
import type { Config } from "./config-schema.ts";
import type { Output } from "./output.ts";

const levels = ["debug", "info", "warn", "error"] as const;
type Level = (typeof levels)[number];

/**
 * A logger on the standard error, from this level on, secrets masked: a line for people on a terminal, else one JSON
 * object a line.
 */
export function loggerOf(output: Output, level: NonNullable<Config["logLevel"]> = "warn"): Logger {
  const from = level === "silent" ? levels.length : levels.indexOf(level);
  const format = output.showsProgress ? lineOf : jsonOf;
  const write = (name: Level): Logger["info"] =>
    levels.indexOf(name) < from ? () => {} : (fields, message) => output.note(format(name, fields, message));
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

function jsonOf(level: Level, fields: object, message: string): string {
  return JSON.stringify({ level, message, ...fields }, errorsAsData);
}

function lineOf(level: Level, fields: object, message: string): string {
  const time = new Date(systemClock.now()).toISOString().slice(11, 19);
  const facts = Object.entries(fields).map(
    ([name, value]: [string, unknown]) =>
      `${name}=${value instanceof Error ? messageOf(value) : typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return [time, level, message, ...facts].join(" ");
}
