/** Throttled requests are counted, with the real SDK of OpenTelemetry. */
import { metrics } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import * as assert from "uvu/assert";
import { AzureProvider } from "../../../providers/azure/index.ts";
import type { ServiceBusBroker } from "../../../providers/azure/testing/index.ts";
import { ScratchQueue } from "../../../src/testing/contracts/scratch-queue.ts";
import { ForgetfulClock } from "../../../src/testing/index.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { slowDownProxy, type SlowDownProxy } from "../../support/slow-down-proxy.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: throttling", { timeoutMs: 60_000 });
const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
const meter = new MeterProvider({ readers: [reader] });
const clock = new ForgetfulClock();
let servers: AzureServers;
let broker: ServiceBusBroker;
let [tables, blobs]: SlowDownProxy[] = [];
let provider: AzureProvider;
let names = 0;
const newName = (): string => `Slow${Date.now().toString(36)}n${++names}`;
const scratch = (): Promise<ScratchQueue> => ScratchQueue.make({ provider, clock, newName, leaseMs: 1_000 });

test.before(async () => {
  metrics.setGlobalMeterProvider(meter);
  servers = await startAzureServers({ cloud: false });
  broker = servers.broker as ServiceBusBroker;
  const { connectionString } = servers.options.storage as { connectionString: string };
  const origin = (service: string): string =>
    new RegExp(`${service}Endpoint=(http://[^/;]+)`).exec(connectionString)?.[1] ?? "";
  tables = await slowDownProxy(origin("Table"));
  blobs = await slowDownProxy(origin("Blob"));
  const slowed = connectionString.replace(origin("Table"), tables.origin).replace(origin("Blob"), blobs.origin);
  provider = await AzureProvider.open({ ...servers.options, storage: { connectionString: slowed }, clock });
});
test.before.each(async () => {
  await reader.forceFlush();
  exporter.reset();
});
test.after(async () => {
  await provider.close();
  await tables?.[Symbol.asyncDispose]();
  await blobs?.[Symbol.asyncDispose]();
  await servers[Symbol.asyncDispose]();
  metrics.disable();
  await meter.shutdown();
});

/** Returns the counts of this test as `service operation: count`. */
async function counted(): Promise<string[]> {
  await reader.forceFlush();
  return exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap((scope) => scope.metrics)
    .filter(({ descriptor }) => descriptor.name === "beehive.throttled")
    .flatMap(({ dataPoints }) => dataPoints as readonly { attributes: Record<string, unknown>; value: unknown }[])
    .map(({ attributes, value }) => {
      assert.is(attributes["messaging.system"], "servicebus");
      const [service, operation] = [attributes["beehive.service"], attributes["messaging.operation.name"]];
      return `${String(service)} ${String(operation)}: ${String(value)}`;
    })
    .sort();
}

test("each throttled push is counted, retried ones too", async () => {
  const queue = await scratch();
  broker.faults.throttledSends = 2;
  await queue.push("patient");
  assert.equal(await counted(), ["servicebus send: 2"]);
});

test("nothing is counted without throttling", async () => {
  const queue = await scratch();
  await queue.push("quick");
  await queue.commit(await queue.takeOne());
  assert.equal(await counted(), []);
});

test("a throttled administration is counted", async () => {
  broker.faults.administration = { status: 503, times: 1 };
  await scratch();
  assert.equal(await counted(), ["servicebus manage: 1"]);
});

test("throttled tables are counted and work all the same", async () => {
  const store = provider.stores.collection<{ id: string }>("Throttled");
  await store.insert({ id: "made before" });
  assert.ok(tables);
  tables.refuse = { status: 503, times: 1 };
  await store.insert({ id: "1" });
  tables.refuse = { status: 429, times: 1 };
  assert.is((await store.get("1")).id, "1");
  assert.equal(await counted(), ["tables read: 1", "tables write: 1"]);
});

test("throttled blobs are counted and work all the same", async () => {
  const store = provider.stores.keyValue("Throttled");
  await store.insert("key", "body");
  assert.ok(blobs);
  blobs.refuse = { status: 503, times: 1 };
  assert.is(Buffer.from((await store.get("key")).body).toString(), "body");
  assert.equal(await counted(), ["blobs read: 1"]);
});

test.run();
