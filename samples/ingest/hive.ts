/** The actors, for the command line too: `npx beehive graph samples/ingest/hive.ts`. */
import { setTimeout as sleep } from "node:timers/promises";
import { actor } from "beehive-actors";
import { IngestionRejected } from "beehive-actors/http";
import { Newest, OverheatSeen, Paid, PaymentReceived, ReadingTaken } from "./events.ts";

/** The problems at the edge, for the people who look after it. */
export const reported: { handler: string; path: string }[] = [];
/** Devices that were too hot. */
export const alarms = new Map<string, number>();

/** Readings of one device come one after the other, so that the newest stays. */
export const KeepNewest = actor(
  "ReadingTaken-Newest",
  ReadingTaken,
  { ordered: true, parallelism: 16, uses: { newest: Newest } },
  async ({ body, newest }) => {
    const known = await newest.find(body.device);
    if (known && known.at >= body.at) return;
    await newest.upsert({ ...known, ...body, id: body.device });
  },
);

/** The pager at work: messages under way now, and the most at a time. */
export const pager = { now: 0, most: 0 };

/** The pager takes its time. So the pool grows while many devices are too hot, and shrinks afterwards. */
export const Alarm = actor(
  "OverheatSeen-Alarm",
  OverheatSeen,
  { parallelism: { min: 1, max: 32 } },
  async ({ body: { device, celsius } }) => {
    pager.most = Math.max(pager.most, ++pager.now);
    await sleep(10);
    pager.now--;
    alarms.set(device, Math.max(celsius, alarms.get(device) ?? -Infinity));
  },
);

export const Book = actor("PaymentReceived-Book", PaymentReceived, { uses: { paid: Paid } }, async ({ body, paid }) => {
  await paid.upsert({ id: body.order, cents: body.cents });
});

export const Report = actor(
  "IngestionRejected-Report",
  IngestionRejected,
  {},
  async ({ body: { handlers, reason } }) => {
    const problems = handlers.flatMap(({ name, problems: found }) =>
      found.map(({ path }) => ({ handler: name, path })),
    );
    reported.push(...(problems.length > 0 ? problems : [{ handler: "", path: reason }]));
  },
);

export const actors = [KeepNewest, Alarm, Book, Report];
