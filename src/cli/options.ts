import { InvalidArgumentError } from "commander";
import { systemClock } from "../base/clock.ts";

/** For `option(flags, description, parser)`: a whole number from `least` on. */
export function whole(least = 0): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least}.`);
  };
}

/** Gathers an option that may be given several times. */
export function several(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A time: ISO 8601, or so long ago: `90s`, `30m`, `2h`, `7d`. */
export function time(text: string): Date {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (amount !== undefined) return new Date(systemClock.now() - Number(amount) * units[unit as keyof typeof units]);
  const date = new Date(text);
  if (!Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError("It must be a time such as 2026-03-01T12:00Z, or so long ago such as 30m, 2h or 7d.");
}
