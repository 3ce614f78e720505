import { systemClock } from "../base/clock.ts";
import { messageOf } from "../base/error-text.ts";
import { logLine } from "../base/log-line.ts";
import type { Logger } from "../base/logger.ts";
import { safeText } from "../base/safe-text.ts";
import type { Config } from "./config-schema.ts";
import type { Output } from "./output.ts";

const levels = ["debug", "info", "warn", "error"] as const;
type Level = (typeof levels)[number];
const maxText = 2_048;

/**
 * Returns a logger on the standard error, with secrets masked.
 *
 * Writes text for people on a terminal, and one JSON object per line elsewhere.
 */
export function stderrLogger(output: Output, level: NonNullable<Config["logLevel"]> = "warn"): Logger {
  const from = level === "silent" ? levels.length : levels.indexOf(level);
  const put = output.showsProgress
    ? (name: Level, fields: object, message: string) => output.note(lineOf(name, fields, message))
    : (name: Level, fields: object, message: string) => output.log(logLine(systemClock.now(), name, fields, message));
  const write = (name: Level): Logger["info"] =>
    levels.indexOf(name) < from ? () => {} : (fields, message) => put(name, fields, message);
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

function lineOf(level: Level, fields: object, message: string): string {
  const time = new Date(systemClock.now()).toISOString().slice(11, 19);
  const facts = Object.entries(fields).map(([name, value]: [string, unknown]) => `${name}=${textOf(name, value)}`);
  return [time, level, message, ...facts].join(" ");
}

function textOf(name: string, value: unknown): string {
  if (name === "err" || value instanceof Error) return safeText(messageOf(value), maxText);
  return typeof value === "string" ? safeText(value, maxText) : JSON.stringify(value);
}
