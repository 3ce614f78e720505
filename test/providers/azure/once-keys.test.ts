/** Expired idempotency keys are deleted. */
import type { TableClient } from "@azure/data-tables";
import * as assert from "uvu/assert";
import { clientsFrom } from "../../../providers/azure/client.ts";
import { completed } from "../../../providers/azure/config.ts";
import { AzureStores } from "../../../providers/azure/stores/index.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: idempotency keys", { timeoutMs: 60_000 });
const dayMs = 86_400_000;
let servers: AzureServers;
let table: TableClient;
let stores: AzureStores;
let shiftMs = 0;
/** The random number that decides whether the next increment deletes keys. */
let tidies = false;

test.before(async () => {
  servers = await startAzureServers({ cloud: false });
  const clients = await clientsFrom(completed(servers.options, {}));
  table = clients.table;
  const clock = { ...systemClock, now: () => systemClock.now() + shiftMs };
  stores = new AzureStores(clients, clock, () => (tidies ? 0 : 0.4));
});
test.after(async () => {
  await servers[Symbol.asyncDispose]();
});

async function keys(): Promise<number> {
  let count = 0;
  for await (const { rowKey } of table.listEntities()) if (rowKey?.startsWith("once.")) count++;
  return count;
}

test("keys older than 14 days go, others stay, the counter is right", async () => {
  const { counters } = stores;
  for (let n = 0; n < 5; n++) await counters.increment("Stock", "lamp", 1, { once: `old ${n}` });
  await counters.increment("Stock", "desk", 1, { once: "of another" });
  shiftMs = 10 * dayMs;
  await counters.increment("Stock", "lamp", 1, { once: "younger" });
  shiftMs = 15 * dayMs;
  assert.is(await counters.increment("Stock", "lamp", 1, { once: "also new" }), 7);
  assert.is(await keys(), 8, "not each increment takes keys away");
  tidies = true;
  assert.is(await counters.increment("Stock", "lamp", 1, { once: "new" }), 8);
  tidies = false;
  assert.is(await keys(), 4, "younger, both new, and of another");
  assert.is(await counters.increment("Stock", "lamp", 1, { once: "younger" }), 6, "answered as the first time");
  assert.is(await counters.get("Stock", "lamp"), 8);
});

test.run();
