import { Cron } from "croner";
import { inMs, type Duration } from "../../base/duration.ts";
import { messageOf } from "../../base/error-text.ts";
import { BeeHiveError } from "../../base/errors.ts";

/**
 * When a pulser fires: at multiples of a length of time since the epoch, or by a cron line.
 *
 * `missed` says what becomes of firings that no process made, because none ran or an operator paused the pulser: `skip`
 * leaves them out, `once` makes up for them with a single firing, that of the last due time. `@default "skip"`
 *
 * @example
 * { every: "5m" }
 * { cron: "0 3 * * *", timezone: "Europe/Berlin", missed: "once" }
 */
export type Schedule = (
  | { readonly every: Duration; readonly cron?: undefined }
  | {
      /** Five fields, or six with seconds: `"0 3 * * *"`, see croner. */
      readonly cron: string;
      /** An IANA name. Never that of the machine, so that all processes agree. @default "UTC" */
      readonly timezone?: string | undefined;
      readonly every?: undefined;
    }
) & { readonly missed?: "skip" | "once" | undefined };

/**
 * Returns the first time of the schedule after `after`, in ms; `undefined` after its end.
 */
export function nextTime(schedule: Schedule, after: number): number | undefined {
  if (schedule.every !== undefined) {
    const everyMs = inMs(schedule.every);
    return (Math.floor(after / everyMs) + 1) * everyMs;
  }
  return cronOf(schedule).nextRun(new Date(after))?.getTime();
}

/**
 * Returns the last time of the schedule up to `now`. A process that was asleep fires once, not for every missed pulse.
 */
export function lastTime(schedule: Schedule, now: number): number {
  if (schedule.every !== undefined) {
    const everyMs = inMs(schedule.every);
    return Math.floor(now / everyMs) * everyMs;
  }
  return (
    cronOf(schedule)
      .previousRuns(1, new Date(now + 1))[0]
      ?.getTime() ?? 0
  );
}

/** Returns a schedule in words: `every 5m`, `0 3 * * * (Europe/Berlin)`. */
export function scheduleText(schedule: Schedule): string {
  if (schedule.every !== undefined) return `every ${schedule.every}${typeof schedule.every === "number" ? " ms" : ""}`;
  return schedule.timezone === undefined ? schedule.cron : `${schedule.cron} (${schedule.timezone})`;
}

function cronOf({ cron, timezone = "UTC" }: Extract<Schedule, { readonly cron: string }>): Cron {
  try {
    return new Cron(cron, { timezone, paused: true });
  } catch (cause) {
    throw new BeeHiveError("InvalidConfiguration", `"${cron}" is not a cron line: ${messageOf(cause)}`, { cause });
  }
}
