import { describedSettings } from "../actors/descriptor.ts";
import type { ActorDescriptor } from "../actors/actor.ts";
import { QueueName } from "../events/queue-name.ts";
import { lagsOf } from "../hive/lags.ts";
import type { Looks } from "./looks.ts";
import { readerOf, type Watched } from "./watched.ts";
import type { QueueDetail, Setting } from "./wire.ts";

/** Returns a queue in detail. Its counts are in each look. */
export async function queueDetail(text: string, watched: Watched, { activity }: Looks): Promise<QueueDetail> {
  const { provider, clock } = watched;
  const name = QueueName.parse(text);
  const descriptor = readerOf(watched, name);
  const [holders, lags] = await Promise.all([provider.queues.holders?.(name) ?? [], lagsOf(provider, [name])]);
  const lag = lags.get(name);
  return {
    name: text,
    actor: descriptor?.name ?? activity?.readers.get(text),
    settings: descriptor ? settingsOf(descriptor) : [],
    publishes: descriptor?.publishes.map(String) ?? [],
    series: activity?.series(clock.now(), text) ?? { time: [], done: [], failed: [], wait: [] },
    holders: holders.map(({ eventId, behind, attempts, state }) => ({ eventId, behind, attempts, state })),
    behind: lag && { count: lag.behind, oldest: lag.oldest?.getTime() },
  };
}

/** Returns the settings in effect, and where each comes from. */
function settingsOf(descriptor: ActorDescriptor): readonly Setting[] {
  return describedSettings.flatMap((name) => {
    const value = descriptor[name];
    if (value === undefined) return [];
    const origin = descriptor.origins[name] ?? "configuration";
    if (typeof value !== "object" || value === null) return [{ name, value: unitOf(name, value), origin }];
    return Object.entries(value).map(([part, one]: [string, unknown]) => ({
      name: `${name}.${part}`,
      value: unitOf(part, one),
      origin,
    }));
  });
}

/** Writes lengths of time with their unit. */
function unitOf(name: string, value: unknown): string {
  if (typeof value !== "number" || !/delay|lease|within|pause|ms$/i.test(name)) return String(value);
  return value < 1_000 ? `${value} ms` : value < 120_000 ? `${value / 1_000} s` : `${value / 60_000} min`;
}
