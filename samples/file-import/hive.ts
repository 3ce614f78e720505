/** The import for the command line: `npx beehive run samples/file-import/hive.ts --provider sqlite:import.db`. */
import type { HiveOptions } from "beehive-actors";
import { sweeping } from "./actors.ts";

export { Clean, Load, Split, Sweep } from "./actors.ts";

export const hive: Partial<HiveOptions> = { pulsers: [sweeping] };
