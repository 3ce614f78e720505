import { pulse, type HiveOptions } from "beehive-actors";

export * as actors from "./shop.ts";
export const minutes = pulse("MinutePassed", { every: 60_000 });

export const hive: Partial<HiveOptions> = {
  defaults: { parallelism: 7, retry: { maxAttempts: 4, minDelay: 11 } },
  pulsers: [pulse("HourPassed", { cron: "0 * * * *" })],
  journal: { entries: 500 },
};
