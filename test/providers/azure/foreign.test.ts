import { ServiceBusClient, type ServiceBusMessage } from "@azure/service-bus";
import * as assert from "uvu/assert";
import { AzureProvider } from "../../../providers/azure/index.ts";
import { eventOf } from "../../../providers/azure/queues/message.ts";
import type { ServiceBusBroker } from "../../../providers/azure/testing/index.ts";
import type { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { assertReadable } from "../../../src/events/unreadable.ts";
import { ScratchQueue } from "../../../src/testing/contracts/scratch-queue.ts";
import { ForgetfulClock } from "../../../src/testing/index.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: foreign messages", { timeoutMs: 60_000 });
const clock = new ForgetfulClock();
let servers: AzureServers;
let provider: AzureProvider;
let client: ServiceBusClient;
let names = 0;
const newName = (): string => `Foreign${Date.now().toString(36)}n${++names}`;

test.before(async () => {
  servers = await startAzureServers({ cloud: false });
  provider = await AzureProvider.open({ ...servers.options, clock, claimCheck: true });
  client = new ServiceBusClient((servers.broker as ServiceBusBroker).connectionString);
});
test.after(async () => {
  await client.close();
  await provider.close();
  await servers[Symbol.asyncDispose]();
});

const scratch = (): Promise<ScratchQueue> => ScratchQueue.make({ provider, clock, newName, leaseMs: 1_000 });

async function received(message: ServiceBusMessage): Promise<Event> {
  const queue = await scratch();
  await client.createSender(`queue-${queue.name}`).sendMessages(message);
  return (await queue.takeOne()).event;
}

test("plain JSON becomes an event of the message's subject", async () => {
  const event = await received({
    body: { orderId: 7 },
    contentType: "application/json",
    messageId: "m-1",
    subject: "OrderPlaced",
    correlationId: "c-1",
    applicationProperties: { urgent: true, weight: 1.5, at: new Date(0) },
  });
  assert.equal(
    [event.id, event.eventType, event.correlationId, event.getBody()],
    ["m-1", "OrderPlaced", "c-1", { orderId: 7 }],
  );
  assert.equal({ ...event.properties }, { urgent: true, weight: 1.5, at: "1970-01-01T00:00:00.000Z" });
});

test("a message without metadata becomes an event of its queue", async () => {
  const event = await received({ body: Buffer.from('{"a":1}') });
  assert.equal([event.eventType, event.contentType, event.getBody()], [event.queueName, "application/json", { a: 1 }]);
  const bytes = await received({ body: Buffer.from([0, 255]) });
  assert.equal([bytes.contentType, [...(bytes.body as Uint8Array)]], ["application/octet-stream", [0, 255]]);
});

for (const prefix of ["cloudEvents:", "cloudEvents_"]) {
  test(`binary CloudEvents with the prefix ${prefix} keep their attributes`, async () => {
    const attributes = {
      specversion: "1.0",
      id: "ce-1",
      source: "/shop",
      type: "com.shop.Paid",
      time: "2024-05-06T07:08:09Z",
      subject: "order/7",
      correlationid: "c",
    };
    const event = await received({
      body: Buffer.from('{"paid":true}'),
      contentType: "application/json",
      applicationProperties: Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [prefix + name, value]),
      ),
    });
    assert.equal(
      [event.id, event.eventType, event.timestamp.toISOString(), event.correlationId],
      ["ce-1", "com.shop.Paid", "2024-05-06T07:08:09.000Z", "c"],
    );
    assert.equal(
      [event.getBody(), event.properties["source"], event.properties["subject"]],
      [{ paid: true }, "/shop", "order/7"],
    );
  });
}

test("texts that no event can have are dead-lettered, and block no key", async () => {
  const queue = await scratch();
  const message = (id: string, partitionkey: string): ServiceBusMessage => ({
    body: Buffer.from("7"),
    contentType: "application/json",
    messageId: id,
    applicationProperties: {
      "cloudEvents:specversion": "1.0",
      "cloudEvents:id": id,
      "cloudEvents:source": "/s",
      "cloudEvents:type": "t",
      "cloudEvents:partitionkey": partitionkey,
    },
  });
  const sender = client.createSender(`queue-${queue.name}`);
  await sender.sendMessages([message("1", "a\0b"), message("2", "a")]);
  const [bad, good] = [await queue.takeOne(), await queue.takeOne()];
  assert.equal([bad.event.id, bad.event.partitionKey, bad.event.body], ["1", "a\\u0000b", "7"]);
  assert.throws(() => assertReadable(bad.event), /the partitionKey of an event must not hold NUL/);
  assert.equal([good.event.id, good.event.partitionKey], ["2", "a"]);
  await queue.deadLetter(bad);
  const [letter] = await queue.deadLetters(1);
  assert.throws(() => assertReadable(letter?.event as Event), /must not hold NUL/);
});

test("times beyond Date do not make a message unreadable", () => {
  const never = new Date(Number.NaN);
  for (const applicationProperties of [
    { at: never },
    {
      "cloudEvents:specversion": "1.0",
      "cloudEvents:id": "1",
      "cloudEvents:source": "s",
      "cloudEvents:type": "t",
      "cloudEvents:at": never,
    },
    {
      "cloudEvents:specversion": "1.0",
      "cloudEvents:id": "1",
      "cloudEvents:source": "s",
      "cloudEvents:type": "t",
      "cloudEvents:time": never,
    },
  ]) {
    const event = eventOf(
      { body: Buffer.from("7"), messageId: "1", applicationProperties } as never,
      QueueName.queue("Q"),
    );
    assert.equal([event.id, event.getBody()], ["1", 7]);
  }
});

test("bytes that are not the text they claim stay unchanged", async () => {
  const bytes = [0x22, 0xe9, 0x22];
  for (const contentType of ["application/json", "text/plain; charset=iso-8859-1"]) {
    const event = await received({ body: Buffer.from(bytes), contentType });
    assert.equal([...(event.body as Uint8Array)], bytes);
  }
});

test("numbers of many digits in structured JSON keep all digits", async () => {
  const data = '{"id":820982911946154508,"price":1.10}';
  const event = await received({
    body: Buffer.from(`{"specversion":"1.0","id":"1","source":"/s","type":"t","data":${data}}`),
    contentType: "application/cloudevents+json",
  });
  assert.is(event.body, data);
});

test("a structured CloudEvent of Event Grid becomes that event", async () => {
  const body = {
    specversion: "1.0",
    id: "eg-1",
    source: "/storage",
    type: "Microsoft.Storage.BlobCreated",
    datacontenttype: "application/json",
    data: { url: "u" },
  };
  const event = await received({
    body: Buffer.from(JSON.stringify(body)),
    contentType: "application/cloudevents+json; charset=utf-8",
  });
  assert.equal([event.id, event.eventType, event.getBody()], ["eg-1", "Microsoft.Storage.BlobCreated", { url: "u" }]);
});

test("a malformed CloudEvent is delivered as it is", async () => {
  const event = await received({ body: Buffer.from("{broken"), contentType: "application/cloudevents+json" });
  assert.is(event.body, "{broken");
  assert.throws(() => event.getBody(), /not JSON/);
});

test("foreign properties with our names mean nothing", async () => {
  const queue = await scratch();
  const odd = ["beehive_attempts", "beehive_uncounted", "beehive_first_seen", "beehive_dead_attempts"];
  const dead = ["beehive_dead_first_seen", "beehive_last_seen"];
  const applicationProperties = Object.fromEntries([...odd, ...dead].map((name) => [name, "odd"]));
  await client.createSender(`queue-${queue.name}`).sendMessages({ body: 1, messageId: "odd", applicationProperties });
  const lease = await queue.takeOne();
  assert.is(lease.attempt, 1);
  const receiver = client.createReceiver(`queue-${queue.name}`);
  await queue.abandon(lease);
  const [message] = await receiver.receiveMessages(1);
  if (message) await receiver.deadLetterMessage(message);
  await receiver.close();
  const [letter] = await queue.deadLetters(1);
  assert.ok(letter && letter.firstSeen.getTime() > 0 && letter.lastSeen.getTime() > 0 && letter.attempts >= 0);
});

test("a claim that no blob can have is dead-lettered at once", async () => {
  const queue = await scratch();
  const messages = ["", "x".repeat(300)].map((key) => ({ body: 1, applicationProperties: { beehive_claim: key } }));
  await client.createSender(`queue-${queue.name}`).sendMessages(messages);
  await queue.push(1);
  await queue.commit(await queue.takeOne());
  for (const { reason } of await queue.deadLetters(2)) assert.match(reason, "Its body is missing");
});

test("our message is a CloudEvent in binary mode for other consumers", async () => {
  const queue = await scratch();
  const event = await queue.push({ n: 1 }, { properties: { colour: "red" }, correlationId: "c" });
  const receiver = client.createReceiver(`queue-${queue.name}`);
  const [message] = await receiver.receiveMessages(1);
  assert.equal(
    [message?.messageId, message?.contentType, message?.subject, message?.correlationId],
    [event.id, "application/json", "SomethingHappened", "c"],
  );
  assert.equal(message?.body, { n: 1 });
  const properties = message?.applicationProperties ?? {};
  assert.equal(
    [properties["cloudEvents:specversion"], properties["cloudEvents:id"], properties["cloudEvents:colour"]],
    ["1.0", event.id, "red"],
  );
});

test("with claimCheck a large body travels through the key-value store", async () => {
  const queue = await scratch();
  const text = "0123456789".repeat(100_000);
  const event = await queue.push({ text });
  const first = await queue.takeOne();
  assert.is(first.event.getBody<{ text: string }>().text, text);
  await queue.abandon(first, { delayMs: 1 });
  const second = await queue.takeOne();
  assert.equal([second.event.id, second.attempt, second.event.body], [event.id, 2, event.body]);
  const bytes = await queue.push(new Uint8Array(400_000).fill(7));
  assert.equal((await queue.takeOne()).event.body, bytes.body);
});

test.run();
