/** The news feed for the command line: `npx beehive run samples/news-feed/hive.ts --provider sqlite:news.db`. */
import { Container, type HiveOptions } from "beehive-actors";
import { Press, pulsers } from "./actors.ts";

export { ChannelActor, LookActor, MatchActor, NotifyActor } from "./actors.ts";

export function containerOf(press: Press): Container {
  const container = new Container();
  container.bind(Press).toConstantValue(press);
  return container;
}

/** At most 24 actors run at the same time, of all subscriptions. */
export const settings = { pulsers, maxInFlight: 24 } as const;

export const hive: Partial<HiveOptions> = { ...settings, container: containerOf({ folder: "news", items: 40 }) };
