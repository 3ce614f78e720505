/** Storage behind a silent network, see providers/azure/sdk/time-limit.ts. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import * as assert from "uvu/assert";
import { AzureProvider } from "../../../providers/azure/index.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { startSilentProxy, type SilentProxy } from "../../support/silent-proxy.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Azure: silent storage", { timeoutMs: 60_000 });
/** The limit of each try, in ms. */
const tryTimeoutMs = 500;
/** Azurite closes idle connections after 5 s, so a client without a limit would also fail by then. */
const soonMs = 4_000;
const megabyte = 1024 * 1024;
let servers: AzureServers;
let storage = "";
let proxies: { readonly Table: SilentProxy; readonly Blob: SilentProxy };
let provider: AzureProvider;

const endpointOf = (service: string): RegExp => new RegExp(`(${service}Endpoint=http://127\\.0\\.0\\.1:)(\\d+)`);
const open = (connectionString: string): Promise<AzureProvider> =>
  AzureProvider.open({ ...servers.options, tryTimeout: tryTimeoutMs, storage: { connectionString } });

test.before(async () => {
  servers = await startAzureServers({ cloud: false });
  ({ connectionString: storage } = servers.options.storage as { connectionString: string });
  const proxyOf = (service: string): Promise<SilentProxy> =>
    startSilentProxy(Number(endpointOf(service).exec(storage)?.[2]));
  proxies = { Table: await proxyOf("Table"), Blob: await proxyOf("Blob") };
  let behind = storage;
  for (const [service, { port }] of Object.entries(proxies)) behind = behind.replace(endpointOf(service), `$1${port}`);
  provider = await open(behind);
});
test.after.each(() => {
  for (const proxy of Object.values(proxies)) proxy.silent = false;
});
test.after(async () => {
  await provider.close();
  for (const proxy of Object.values(proxies)) await proxy[Symbol.asyncDispose]();
  await servers[Symbol.asyncDispose]();
});

for (const [what, service, read] of [
  ["an item of a table", "Table", () => provider.stores.collection<{ id: string }>("Orders").get("1")],
  ["a blob", "Blob", () => provider.stores.keyValue("Files").get("1")],
] as const) {
  test(`${what}: the next try succeeds after a silence`, async () => {
    await provider.stores.collection("Orders").upsert({ id: "1" });
    await provider.stores.keyValue("Files").upsert("1", "body");
    proxies[service].silent = true;
    const began = Date.now();
    const asked = read();
    await pause(tryTimeoutMs / 2);
    // Bytes sent meanwhile are lost.
    proxies[service].silent = false;
    await asked;
    assert.ok(Date.now() - began < soonMs, "it waits no longer than a try and the pause behind it");
  });
}

test("a table that stays silent fails after all tries", async () => {
  await provider.stores.collection("Orders").upsert({ id: "1" });
  proxies.Table.silent = true;
  await throwsCode("Unavailable", () => provider.stores.collection("Orders").get("1"));
});

test("a blob that goes silent while it is read fails", async () => {
  const store = provider.stores.keyValue("Files");
  await store.upsert("large", Buffer.alloc(8 * megabyte));
  const { body } = await store.read("large");
  const began = Date.now();
  try {
    for await (const _ of body) proxies.Blob.silent = true;
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).name, "AbortError");
  }
  assert.ok(Date.now() - began < soonMs, "it waits no longer than a try");
});

test("a slow reader of a large blob gets all of it", async () => {
  const store = provider.stores.keyValue("Files");
  await store.upsert("slow", Buffer.alloc(8 * megabyte, 7));
  let bytes = 0;
  const { body } = await store.read("slow");
  for await (const part of body) {
    if (bytes === 0) await pause(tryTimeoutMs * 3);
    bytes += part.byteLength;
  }
  assert.is(bytes, 8 * megabyte);
});

test("a slow upload of a large blob is not sent twice", async () => {
  const sent: number[] = [];
  const answer = (response: ServerResponse): void => {
    response.writeHead(201, { etag: '"1"', "last-modified": new Date().toUTCString() }).end();
  };
  const slow = createServer((request, response) => {
    let bytes = 0;
    request.on("data", (part: Buffer) => (bytes += part.byteLength));
    request.on("end", () => {
      sent.push(bytes);
      setTimeout(() => answer(response), bytes === 0 ? 0 : tryTimeoutMs * 3);
    });
  });
  await once(slow.listen(0, "127.0.0.1"), "listening");
  const { port } = slow.address() as AddressInfo;
  const other = await open(storage.replace(endpointOf("Blob"), `$1${port}`));
  await other.stores.keyValue("Files").upsert("1", Buffer.alloc(megabyte));
  await other.close();
  slow.closeAllConnections();
  slow.close();
  assert.equal(
    sent.filter((bytes) => bytes > 0),
    [megabyte],
  );
});

test.run();
