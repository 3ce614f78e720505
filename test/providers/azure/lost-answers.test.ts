/** Writes that succeed but whose answer is lost: the SDK repeats them, and meets its own result. */
import type { IncomingMessage } from "node:http";
import * as assert from "uvu/assert";
import { AzureProvider } from "../../../providers/azure/index.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { loseAnswers, type LostAnswers } from "../../support/lost-answers.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: lost answers", { timeoutMs: 30_000 });

let servers: AzureServers;
let tables: LostAnswers;
let blobs: LostAnswers;
let provider: AzureProvider;

test.before(async () => {
  servers = await startAzureServers({ cloud: false });
  const { connectionString } = servers.options.storage as { readonly connectionString: string };
  const endpointOf = (service: string): string =>
    new RegExp(`${service}Endpoint=(http://127\\.0\\.0\\.1:\\d+)`).exec(connectionString)?.[1] ?? "";
  [tables, blobs] = await Promise.all([loseAnswers(endpointOf("Table")), loseAnswers(endpointOf("Blob"))]);
  const through = connectionString
    .replace(endpointOf("Table"), tables.endpoint)
    .replace(endpointOf("Blob"), blobs.endpoint);
  provider = await AzureProvider.open({ ...servers.options, storage: { connectionString: through } });
  await provider.stores.collection("Orders").insert({ id: "0" });
  await provider.stores.keyValue("Bills").upsert("0", "");
});
test.after(async () => {
  await provider.close();
  await Promise.all([tables[Symbol.asyncDispose](), blobs[Symbol.asyncDispose]()]);
  await servers[Symbol.asyncDispose]();
});

const writes =
  (...methods: string[]): ((asked: IncomingMessage) => boolean) =>
  ({ method = "" }) =>
    methods.includes(method);

test("an insert and an update without a response take effect", async () => {
  const orders = provider.stores.collection<{ id: string; status: string }>("Orders");
  tables.loseNext(writes("POST"));
  const order = await orders.insert({ id: "1", status: "new" });
  tables.loseNext(writes("PUT", "MERGE", "PATCH"));
  await orders.update({ ...order, status: "paid" });
  assert.is(tables.lost, 2);
  assert.is((await orders.get("1")).status, "paid");
});

test("an increment without a response counts once", async () => {
  const { counters } = provider.stores;
  const before = tables.lost;
  tables.loseNext(writes("POST"));
  assert.is(await counters.increment("Stock", "lamp", 1, { once: "order 1" }), 1);
  assert.is(tables.lost, before + 1);
  assert.is(await counters.get("Stock", "lamp"), 1);
});

test("a blob insert without a response takes effect; a second is refused", async () => {
  const bills = provider.stores.keyValue("Bills");
  blobs.loseNext(writes("PUT"));
  const inserted = await bills.insert("a", "one lamp", { metadata: { of: "Ada" } });
  assert.is(blobs.lost, 1);
  const found = await bills.get("a");
  assert.is(Buffer.from(found.body).toString(), "one lamp");
  assert.equal([found.etag, found.metadata], [inserted.etag, { of: "Ada" }]);
  const again = await bills.insert("a", "two lamps").catch((error: unknown) => error);
  assert.is((again as { code?: string }).code, "AlreadyExists");
});

test.run();
