import type { HiveOptions } from "beehive-actors";

export const hive: Partial<HiveOptions> = { journal: false };
