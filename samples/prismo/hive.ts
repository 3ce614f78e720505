/** Prismo for the command line: `npx beehive run samples/prismo/hive.ts --provider sqlite:prismo.db`. */
import type { HiveOptions } from "beehive-actors";
import { defaultLease, journal } from "./app.ts";
import { prismoContainer } from "./container.ts";

export * from "./actors/index.ts";
export * from "./events.ts";
export { workload } from "./workload.ts";

export const hive: Partial<HiveOptions> = { container: prismoContainer(), journal, defaults: { lease: defaultLease } };
