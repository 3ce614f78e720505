import { InvalidArgumentError } from "commander";
import { systemClock } from "../base/clock.ts";
import { inMs } from "../base/duration.ts";

/*
 * Parsers of option values, for `command.option(flags, description, parser)` of commander.
 */

/** Parses a whole number, `min` or more. */
export function whole(min = 0): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min}.`);
  };
}

/** Parses a number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && value < Infinity) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
}

/** Parses a length of time, such as `30s` or a number of ms, as ms. */
export function duration(minMs = 0): (text: string) => number {
  return (text) => {
    const value = durationIn(text);
    if (Number.isSafeInteger(value) && (value as number) >= minMs) return value as number;
    throw new InvalidArgumentError(
      `It must be a length of time such as 30s or 5m, or a number of ms, from ${minMs} ms.`,
    );
  };
}

/** Returns a length of time in ms. A text that is none is returned as it is, to be refused. */
export function durationIn(text: string): unknown {
  return /^\d+$/.test(text.trim()) ? Number(text) : inMs(text.trim());
}

/** Collects an option that may be repeated. */
export function several(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** Parses a time: ISO 8601, or a length before now such as `30m`, `2h` or `7d`. */
export function time(text: string): Date {
  const ago = inMs(text);
  const date = typeof ago === "number" ? new Date(systemClock.now() - ago) : new Date(text);
  if (!Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError(
    "It must be a time such as 2026-03-01T12:00Z, or 30m, 2h or 7d for a time that long ago.",
  );
}
