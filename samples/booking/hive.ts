/** The hotel for the command line: `npx beehive run samples/booking/hive.ts --provider sqlite:hotel.db`. */
import type { HiveOptions } from "beehive-actors";

export * from "./actors.ts";
export * from "./booking.ts";
export * from "./events.ts";

/** With it, `beehive trace b-1` finds the events of a booking. */
export const hive: Partial<HiveOptions> = { journal: { subject: (event) => event.getBody<{ id?: string }>().id } };
