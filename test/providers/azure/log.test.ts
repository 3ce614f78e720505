/** Kept topics on Azure, beyond the contract: foreign producers, retries of replays, pages that are sent twice. */
import { ServiceBusClient } from "@azure/service-bus";
import * as assert from "uvu/assert";
import { AzureProvider } from "../../../providers/azure/index.ts";
import type { ServiceBusBroker } from "../../../providers/azure/testing/index.ts";
import { QueueName } from "../../../src/index.ts";
import { KeptTopic } from "../../../src/testing/contracts/topic-log/kept-topic.ts";
import { ForgetfulClock, type ContractSubject } from "../../../src/testing/index.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: log", { timeoutMs: 60_000 });
let servers: AzureServers;
let subject: ContractSubject & { readonly provider: AzureProvider };

test.before(async () => {
  servers = await startAzureServers({ cloud: false });
  const clock = new ForgetfulClock();
  const provider = await AzureProvider.open({ ...servers.options, clock, claimCheck: true });
  subject = { provider, clock, leaseMs: servers.leaseMs, newName: servers.newName };
});
test.after(async () => {
  await subject.provider.close();
  await servers[Symbol.asyncDispose]();
});

test("events of foreign producers are kept", async () => {
  await using topic = await KeptTopic.make(subject);
  const client = new ServiceBusClient((servers.broker as ServiceBusBroker).connectionString);
  const message = { body: { total: 7 }, subject: "Sold", messageId: "m-1", applicationProperties: { shop: "Basel" } };
  await client.createSender(topic.name.topic).sendMessages(message);
  await topic.has(1);
  const [kept] = await topic.read();
  assert.equal(kept?.event.getBody(), { total: 7 });
  assert.equal([kept?.event.id, kept?.event.eventType, kept?.event.properties["shop"]], ["m-1", "Sold", "Basel"]);
  await client.close();
});

for (const ordered of [false, true]) {
  const kind = ordered ? "an ordered" : "a";
  test(`${kind} subscription tells replays also on a retry`, async () => {
    await using topic = await KeptTopic.make(subject);
    const { queues } = subject.provider;
    const reader = await topic.subscribe("Totals", undefined, ordered);
    await topic.push([1]);
    await topic.drain(reader, 1);
    await topic.log.rewind(reader, "beginning", "publish");
    for (const delayMs of [0, 300, 0]) {
      const [lease] = await topic.take(reader, 1);
      assert.equal(lease?.replayed, { position: 0, rewind: 1, outputs: "publish" });
      if (lease) await queues.abandon(lease, { delayMs, countAttempt: true });
    }
  });
}

test("a page that is sent twice arrives once, and at no other reader", async () => {
  await using topic = await KeptTopic.make(subject);
  const [reader, other] = [await topic.subscribe("Totals"), await topic.subscribe("Other")];
  const { queues } = subject.provider;
  const copies = [1, 2].map((n) => ({
    event: topic.event(n, { enqueueTime: new Date(Date.now() + 60_000) }),
    id: `copy ${n}`,
    origin: { position: n, rewind: 1, outputs: "drop" as const },
  }));
  await queues.sendCopies(reader, copies);
  await queues.sendCopies(reader, copies);
  assert.equal(topic.inOrder(await topic.drain(reader, 2)), [1, 2]);
  assert.equal(await topic.drain(other), []);
});

test("a body beyond the limit of a message is kept and replayed", async () => {
  await using topic = await KeptTopic.make(subject);
  const reader = await topic.subscribe("Totals");
  const large = "x".repeat(300_000);
  await topic.push([large]);
  await topic.drain(reader, 1);
  await topic.log.rewind(reader, "beginning", "drop");
  assert.equal(await topic.drain(reader, 1), [large]);
});

test("deleting a topic deletes what it kept", async () => {
  await using topic = await KeptTopic.make(subject);
  await topic.push([1]);
  const { queues, stores } = subject.provider;
  await topic[Symbol.asyncDispose]();
  await queues.delete(topic.name);
  const left = [];
  for await (const { key } of stores.keyValue("BeeHiveLog").list(`${topic.name.topic}/`)) left.push(key);
  assert.equal(left, []);
  assert.not.ok((await topic.log.topics()).map(String).includes(String(topic.name)));
});

test("the subscription that is archived is part of the topology", async () => {
  await using topic = await KeptTopic.make(subject);
  const { queues } = subject.provider;
  const archive = QueueName.parse(`${topic.name}BeeHiveLog`);
  assert.is((await queues.counts(archive)).dead, 0);
  await queues.delete(archive);
  const keep = { forMs: Infinity, maxBytes: Infinity, compact: false, evenUnread: false };
  const missing = await queues.missing([{ name: topic.name, ordered: false, leaseMs: 1_000, maxAttempts: 1, keep }]);
  assert.equal(missing.map(String), [String(archive)]);
  await topic.keep({});
});

test.run();
