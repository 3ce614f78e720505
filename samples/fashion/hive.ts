/** The catalogue for the command line: `npx beehive run samples/fashion/hive.ts --provider sqlite:fashion.db`. */
import { Container, type HiveOptions } from "beehive-actors";
import { LiveIndex, newIndex, type Index } from "./search.ts";

export * from "./events.ts";
export * from "./merging.ts";
export { MetricsActor } from "./metrics.ts";
export { SearchActor } from "./search.ts";

/** The lines of brands for a month; of each product the newest event, for ever. */
export const keep = { "ProductEnriched-": { compact: true }, "*": "30d" } as const;

export function containerOf(index: Index): Container {
  const container = new Container();
  container.bind(LiveIndex).toConstantValue(index);
  return container;
}

export const hive: Partial<HiveOptions> = { keep, container: containerOf(newIndex()) };
