import { inMs } from "../base/duration.ts";
import type { Schedule } from "../pulses/pulser.ts";

const units: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
];

/** A schedule for people: `every 5 minutes`, `0 3 * * * (Europe/Rome)`. */
export function scheduleText(schedule: Schedule): string {
  if (schedule.cron !== undefined) return schedule.timezone ? `${schedule.cron} (${schedule.timezone})` : schedule.cron;
  const every = inMs(schedule.every);
  const [ms, name] = units.find(([unit]) => every % unit === 0) ?? [1, "ms"];
  if (ms === every) return `every ${name}`;
  return `every ${every / ms} ${name === "ms" ? name : `${name}s`}`;
}
