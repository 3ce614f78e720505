import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import { Event } from "../../../src/events/event.ts";
import type { Provider } from "../../../src/contract/provider.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const test = suite("the names and the oldest events of queues");

const payment = QueueName.parse("OrderAccepted-Payment");

async function holds({ queues }: Provider): Promise<void> {
  const names = ["OrderAccepted-", "OrderAccepted-Payment", "OrderAccepted-Mail", "Invoices", "OrderPaid-"];
  await queues.ensure(
    names.map((name) => ({ name: QueueName.parse(name), ordered: false, leaseMs: 30_000, maxAttempts: 10 })),
  );
  const listed = (await queues.names?.())?.map(String);
  assert.equal(listed?.toSorted(), ["Invoices", "OrderAccepted-Mail", "OrderAccepted-Payment"]);

  const oldest = async (): Promise<number | undefined> => queues.oldest?.(payment);
  assert.is(await oldest(), undefined);
  await queues.push([
    new Event("OrderAccepted", {}, { timestamp: new Date(1_000), enqueueTime: new Date(Date.now() + 600_000) }),
  ]);
  assert.is(await oldest(), undefined, "what is delayed is not ready");
  await queues.push([2_000, 3_000].map((time) => new Event("OrderAccepted", {}, { timestamp: new Date(time) })));
  assert.is(await oldest(), 2_000);
  const request = { max: 1, leaseMs: 30_000, waitMs: 0, signal: new AbortController().signal };
  const [lease] = await queues.lease(payment, request);
  assert.is(await oldest(), 3_000, "what is leased is not ready");
  if (lease) await queues.abandon(lease, { delayMs: 0, countAttempt: true });
  assert.is(await oldest(), 2_000, "what came back is");
  await queues.purge?.(payment);
  await queues.push([new Event("OrderAccepted", {}, { timestamp: new Date(1_000), enqueueTime: new Date(4_000) })]);
  assert.is(await oldest(), 4_000, "an event for later waits from that time on");
}

test("memory lists its queues and their oldest ready events", async () => {
  const provider = new MemoryProvider();
  await holds(provider);
  await provider.close();
});

test("SQLite lists its queues and their oldest ready events", async () => {
  using file = sqliteFile();
  const provider = new SqliteProvider({ file: file.path });
  await holds(provider);
  await provider.close();
});

test.run();
