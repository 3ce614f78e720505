/** Totals over the kept events of a topic, the same on every provider. */
import type { Provider } from "../../src/contract/provider.ts";
import type { KeptEvent, TopicLog } from "../../src/contract/topic-log.ts";
import { QueueName } from "../../src/events/queue-name.ts";
import { createHive, silentLogger } from "../../src/index.ts";
import { replay } from "../../src/testing/index.ts";
import { sale, TotalsActor, type Total } from "./log-worker.ts";

export const topic = QueueName.topic("Sale");
export const reader = QueueName.parse("Sale-Totals");
const batch = 500;

/** Returns the number of events after which to kill a worker that handles so many; it reports whole hundreds. */
export function killAt(events: number): number {
  return Math.ceil(events / 1_000) * 100;
}

/** Publishes sales, the first of which is number 0. */
export async function publish({ queues }: Provider, count: number): Promise<void> {
  for (let at = 0; at < count; at += batch) {
    const some = Array.from({ length: Math.min(batch, count - at) }, (_, n) => sale(at + n));
    await queues.push(some.map((event) => event.with({ queueName: topic.toString() })));
  }
}

export async function totalsOf({ stores }: Provider): Promise<Total[]> {
  const totals: Total[] = [];
  for await (const { id, amount, events, mark } of stores.collection<Total>("Totals").all())
    totals.push({ id, amount, events, mark });
  return totals;
}

/** Deletes all totals and goes back, as before a rebuild. */
export async function startOver(provider: Provider): Promise<void> {
  await logOf(provider).rewind(reader, "beginning", "drop", [{ kind: "collection", name: "Totals" }]);
}

export async function handleAll(provider: Provider): Promise<void> {
  await using hive = await createHive({ actors: [TotalsActor], provider, journal: false, logger: silentLogger });
  await hive.start();
  await hive.whenIdle();
}

/** Runs the actor over the log, from empty totals. */
export async function replayed(provider: Provider): Promise<unknown> {
  const clear = [{ kind: "collection", name: "Totals" }] as const;
  const subscription = reader.toString();
  const report = await replay({ provider, actors: TotalsActor, subscription, clear, logger: silentLogger });
  return { events: report.events, same: report.writes.same, differences: report.differences };
}

export async function readAll(provider: Provider): Promise<KeptEvent[]> {
  const all: KeptEvent[] = [];
  for (;;) {
    const some = await logOf(provider).read(topic, { from: all.length, limit: batch });
    all.push(...some);
    if (some.length < batch) return all;
  }
}

function logOf({ queues }: Provider): TopicLog {
  return queues.log as TopicLog;
}
