import { Cron } from "croner";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";

/** When a pulser fires: every so many ms, counted from the epoch, or by a cron line; not both. */
export type Schedule =
  | { readonly every: number; readonly cron?: undefined }
  | {
      /** Five fields, or six with seconds: `"0 3 * * *"`, see croner. */
      readonly cron: string;
      /** An IANA name; UTC unless given, so that all processes agree whatever their machine is set to. */
      readonly timezone?: string | undefined;
      readonly every?: undefined;
    };

/** The first time after `after` that the schedule names, in ms since the epoch; none when a cron line has no more. */
export function nextTime(schedule: Schedule, after: number): number | undefined {
  if (schedule.every !== undefined) return (Math.floor(after / schedule.every) + 1) * schedule.every;
  return cronOf(schedule).nextRun(new Date(after))?.getTime();
}

/** The last time up to `now` that the schedule names, so that a process that was asleep fires once and not for each pulse that it missed. */
export function lastTime(schedule: Schedule, now: number): number {
  if (schedule.every !== undefined) return Math.floor(now / schedule.every) * schedule.every;
  return (
    cronOf(schedule)
      .previousRuns(1, new Date(now + 1))[0]
      ?.getTime() ?? 0
  );
}

function cronOf({ cron, timezone = "UTC" }: Extract<Schedule, { readonly cron: string }>): Cron {
  try {
    return new Cron(cron, { timezone, paused: true });
  } catch (cause) {
    throw new BeeHiveError("InvalidConfiguration", `"${cron}" is not a cron line: ${messageOf(cause)}`, { cause });
  }
}
