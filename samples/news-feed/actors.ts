/** The actors of the news feed, from a pulse to a notification. */
import { actor, pulse, token } from "beehive-actors";
import {
  ChannelDue,
  Channels,
  Counters,
  FeedsDue,
  ItemPublished,
  KeywordFound,
  notified,
  Notifications,
  readers,
} from "./events.ts";
import { channelsIn, itemsOf, publishEditions } from "./newsroom.ts";

/** The folder of the feeds, and the number of items that each gets. */
export interface Press {
  readonly folder: string;
  readonly items: number;
}

export const Press = token<Press>("Press");

export const pulsers = [pulse(FeedsDue, { every: "250ms" })];

/** Looks for feeds at each pulse. The newsroom is its child: it writes until all is published, or the hive stops. */
export const LookActor = actor(
  "FeedsDue-Look",
  FeedsDue,
  { publishes: [ChannelDue], uses: { press: Press } },
  async ({ context, press: { folder, items } }) => {
    context.spawn("newsroom", (child) => publishEditions(folder, items, child));
    return (await channelsIn(folder)).map((channel) => ChannelDue.create({ channel }, { partitionKey: channel }));
  },
);

/** Reads one channel at a time from where it was. It waits while the matcher is behind. */
export const ChannelActor = actor(
  "ChannelDue-Channel",
  ChannelDue,
  {
    publishes: [ItemPublished],
    uses: { press: Press, channels: Channels },
    ordered: true,
    holdWhen: { queue: "ItemPublished-Match", above: 200 },
  },
  async ({ body: { channel }, press, channels }) => {
    const before = await channels.find(channel);
    const fresh = (await itemsOf(press.folder, channel)).slice(before?.read ?? 0, (before?.read ?? 0) + 10);
    if (fresh.length === 0) return [];
    await channels.upsert({ ...before, id: channel, read: (before?.read ?? 0) + fresh.length });
    return fresh.map((item) => ItemPublished.create(item));
  },
);

/** Finds the words that readers follow. Its slots follow the load. */
export const MatchActor = actor(
  "ItemPublished-Match",
  ItemPublished,
  { publishes: [KeywordFound], parallelism: { min: 1, max: 16 } },
  ({ body: item }) =>
    Object.entries(readers).flatMap(([reader, words]) =>
      words.filter((word) => item.title.includes(word)).map((word) => KeywordFound.create({ ...item, reader, word })),
    ),
);

/** Notifies a reader, and counts it in the same step. */
export const NotifyActor = actor(
  "KeywordFound-Notify",
  KeywordFound,
  { uses: { notifications: Notifications, counters: Counters } },
  async ({ body, notifications, counters }) => {
    const { channel, id, reader, word } = body;
    await notifications.insert({ ...body, id: `${channel} ${id} ${reader} ${word}` });
    await counters.increment(notified, reader, 1);
  },
);
