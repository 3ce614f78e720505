/** Runs the news feed until every item was read, and compares the stores with the files. */
import { setTimeout as wait } from "node:timers/promises";
import { createHive, type Hive, type Provider } from "beehive-actors";
import { ChannelActor, LookActor, MatchActor, NotifyActor, type Press } from "./actors.ts";
import { Channels, Counters, notified, Notifications, readers } from "./events.ts";
import { containerOf, settings } from "./hive.ts";
import { channelsIn, isComplete, itemsOf } from "./newsroom.ts";

/** The outcome of a run: from the files, and from the stores. */
export interface Report {
  readonly channels: number;
  /** Items in the files. */
  readonly items: number;
  /** Items that were read from them. */
  readonly read: number;
  /** Notifications that the files ask for. */
  readonly expected: number;
  readonly notifications: number;
  /** Expected notifications that nobody got. */
  readonly lost: number;
  /** Notifications that were counted more than once. */
  readonly twice: number;
  readonly dead: number;
  readonly durationMs: number;
}

export async function runNewsFeed(provider: Provider, press: Press): Promise<Report> {
  const started = performance.now();
  const actors = [LookActor, ChannelActor, MatchActor, NotifyActor];
  await using hive = await createHive({ actors, provider, container: containerOf(press), ...settings });
  await hive.start();
  while (!(await isComplete(press.folder, press.items)) || !(await isRead(hive, press))) await wait(50);
  await hive.whenIdle();
  return { ...(await reportOf(hive, press)), durationMs: Math.round(performance.now() - started) };
}

async function isRead(hive: Hive, { folder }: Press): Promise<boolean> {
  for (const channel of await channelsIn(folder)) {
    const { read = 0 } = (await hive.store(Channels).find(channel)) ?? {};
    if (read < (await itemsOf(folder, channel)).length) return false;
  }
  return true;
}

async function reportOf(hive: Hive, { folder }: Press): Promise<Omit<Report, "durationMs">> {
  const channels = await channelsIn(folder);
  const items = (await Promise.all(channels.map((channel) => itemsOf(folder, channel)))).flat();
  const expected = new Set<string>();
  for (const { channel, id, title } of items)
    for (const [reader, words] of Object.entries(readers))
      for (const word of words) if (title.includes(word)) expected.add(`${channel} ${id} ${reader} ${word}`);
  let [read, counted, dead] = [0, 0, 0];
  for await (const one of hive.store(Channels).all()) read += one.read;
  for (const reader of Object.keys(readers)) counted += await hive.store(Counters).get(notified, reader);
  for (const { queueName } of hive.descriptors) dead += (await hive.queue(String(queueName)).counts()).dead;
  const found = new Set<string>();
  for await (const { id } of hive.store(Notifications).all()) found.add(id);
  return {
    channels: channels.length,
    items: items.length,
    read,
    expected: expected.size,
    notifications: found.size,
    lost: [...expected].filter((id) => !found.has(id)).length,
    twice: counted - found.size,
    dead,
  };
}

/** Returns the violated invariants, in words. */
export function problemsOf({ items, read, expected, notifications, lost, twice, dead }: Report): readonly string[] {
  return [
    ...(read === items ? [] : [`${read} of ${items} items were read`]),
    ...(lost === 0 ? [] : [`${lost} notifications were lost`]),
    ...(notifications === expected ? [] : [`${notifications} notifications were sent, not ${expected}`]),
    ...(twice === 0 ? [] : [`${twice} notifications were counted twice`]),
    ...(dead === 0 ? [] : [`${dead} dead letters`]),
  ];
}
