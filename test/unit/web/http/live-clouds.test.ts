import { bodyOf, createHive, eventType, silentLogger, type Provider } from "beehive-actors";
import { live } from "beehive-actors/http";
import * as assert from "uvu/assert";
import { AzureProvider } from "../../../../providers/azure/index.ts";
import { awsScene } from "../../../support/aws-hive.ts";
import { startAzureServers } from "../../../support/azure-servers.ts";
import { LiveStream } from "../../../support/live-stream.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("live changes on the clouds", { timeoutMs: 60_000 });

async function showLive(provider: Provider, topic: string): Promise<void> {
  const Changed = eventType(topic, bodyOf<{ readonly n: number }>());
  const hive = await createHive({ provider, publishes: [Changed], logger: silentLogger });
  await hive.setup();
  const push = live(hive, {
    topics: [Changed],
    user: () => "ada",
    may: (_, { body }) => body.n !== 2,
    logger: silentLogger,
  });
  const page = await LiveStream.open(push, [{ subscribe: 1, to: topic }]);
  assert.is((await page.next())?.load, true);
  for (const n of [1, 2, 3, 4]) await hive.push(Changed.create({ n }, { partitionKey: "one" }));
  assert.equal(await page.bodies(3), [{ n: 1 }, { n: 3 }, { n: 4 }]);
  const notes = provider.stores.collection("LiveSubscriptions");
  const noted: string[] = [];
  for await (const { id } of notes.all()) noted.push(id);
  assert.is(noted.length, 1);
  await push.close();
  for await (const { id } of notes.all()) assert.unreachable(id);
  await hive.stop();
}

test("on AWS a queue brings changes in order, and is removed", async () => {
  const scene = await awsScene();
  await scene.provider.setup();
  await showLive(scene.provider, "AwsChanged");
  await scene.close();
});

test("on Azure a subscription brings changes in order, and is removed", async () => {
  const servers = await startAzureServers({ cloud: false });
  const provider = await AzureProvider.open(servers.options);
  await showLive(provider, "AzureChanged");
  assert.ok(servers.broker);
  await provider.close();
  await servers[Symbol.asyncDispose]();
});

test.run();
