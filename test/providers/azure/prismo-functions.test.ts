/** The folder that `npm run build:functions` makes, loaded as the host of Azure Functions does. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ServiceBusClient } from "@azure/service-bus";
import { actorsFrom, createHive, silentLogger, type Hive } from "beehive-actors";
import { Container } from "inversify";
import * as assert from "uvu/assert";
import { AzureProvider } from "../../../providers/azure/index.ts";
import type { ServiceBusBroker } from "../../../providers/azure/testing/index.ts";
import * as actors from "../../../samples/prismo/actors/index.ts";
import { acceptOrders, stockUp } from "../../../samples/prismo/intake.ts";
import { Seed } from "../../../samples/prismo/seed.ts";
import { prismoStores } from "../../../samples/prismo/stores.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { FunctionsHost } from "../../support/functions-host.ts";
import { orderOf } from "../../support/prismo.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Prismo as Azure Functions", { timeoutMs: 120_000 });
let servers: AzureServers;
let provider: AzureProvider;
let hive: Hive;
let client: ServiceBusClient;
let folder: string;

test.before(async () => {
  await promisify(execFile)("node_modules/.bin/tsx", ["scripts/build-functions.ts"]);
  folder = await mkdtemp(join(tmpdir(), "functions-"));
  await cp("dist-functions", folder, { recursive: true });
  servers = await startAzureServers({ cloud: false });
  provider = await AzureProvider.open(servers.options);
  const container = new Container();
  container.bind(Seed).toConstantValue(1);
  hive = await createHive({ actors, container, provider, logger: silentLogger });
  await hive.setup();
  client = new ServiceBusClient((servers.broker as ServiceBusBroker).connectionString);
});
test.after(async () => {
  await client.close();
  await hive.stop();
  await provider.close();
  await servers[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

test("the built functions alone bring an order to its end", async () => {
  const host = new FunctionsHost(client);
  process.env["AZURE_SERVICEBUS_CONNECTION_STRING"] = (servers.broker as ServiceBusBroker).connectionString;
  process.env["AZURE_STORAGE_CONNECTION_STRING"] = (
    servers.options.storage as { connectionString: string }
  ).connectionString;
  const { main } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { main: string };
  const app = (await host.load(join(folder, main))) as { hive: Hive };
  try {
    const descriptors = actorsFrom(actors);
    assert.equal(
      [...host.functions.keys()].toSorted(),
      descriptors.map(({ queueName }) => String(queueName)).toSorted(),
    );
    assert.is(host.trigger("OrderAccepted-Payment").connection, "ServiceBus");

    await stockUp(hive.provider.stores, [{ productId: "lamp", name: "Lamp", quantity: 5 }]);
    await acceptOrders(hive, [orderOf("1", { lamp: 1 })]);
    while ((await host.round()) > 0);

    assert.is((await prismoStores(hive.provider.stores).orders.get("1")).status, "shipped");
    assert.is(await prismoStores(hive.provider.stores).counters.get("Stock", "lamp"), 4);
    await hive.whenIdle();
    for (const { queueName } of descriptors)
      assert.is((await hive.queue(String(queueName)).counts()).dead, 0, String(queueName));
  } finally {
    await app.hive.stop();
    delete process.env["AZURE_SERVICEBUS_CONNECTION_STRING"];
    delete process.env["AZURE_STORAGE_CONNECTION_STRING"];
  }
});

test("the settings of the host leave settling to the functions", async () => {
  const { version, extensions } = JSON.parse(await readFile(join(folder, "host.json"), "utf8")) as {
    version: string;
    extensions: { serviceBus: { autoCompleteMessages: boolean } };
  };
  assert.equal([version, extensions.serviceBus.autoCompleteMessages], ["2.0", false]);
});

test.run();
