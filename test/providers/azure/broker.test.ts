/** The test broker behaves like Service Bus, as seen through the SDK. */
import type { ServiceBusAdministrationClient, ServiceBusClient } from "@azure/service-bus";
import * as assert from "uvu/assert";
import { clientsFrom } from "../../../providers/azure/client.ts";
import { completed } from "../../../providers/azure/config.ts";
import { sqlFilter } from "../../../providers/azure/testing/filter.ts";
import { ServiceBusBroker } from "../../../providers/azure/testing/index.ts";
import { eventually } from "../../../src/testing/contracts/eventually.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Service Bus test broker", { timeoutMs: 30_000 });
let broker: ServiceBusBroker;
let client: ServiceBusClient;
let administration: ServiceBusAdministrationClient;

test.before(async () => {
  broker = await ServiceBusBroker.start({ key: "key" });
  const { connectionString } = broker;
  const storage = { connectionString: "UseDevelopmentStorage=true" };
  const clients = await clientsFrom(completed({ serviceBus: { connectionString }, storage }, {}));
  client = clients.serviceBus;
  administration = clients.administration as ServiceBusAdministrationClient;
});
test.after(async () => {
  await client.close();
  await broker.stop();
});

test("receive and delete takes no more messages than asked for", async () => {
  await administration.createQueue("deleting");
  await client.createSender("deleting").sendMessages([{ body: "a" }, { body: "b" }, { body: "c" }]);
  const receiver = client.createReceiver("deleting", { receiveMode: "receiveAndDelete" });
  assert.equal(
    (await receiver.receiveMessages(2)).map(({ body }) => body),
    ["a", "b"],
  );
  assert.is((await administration.getQueueRuntimeProperties("deleting")).activeMessageCount, 1);
});

test("a deferred message is received by its number and settled", async () => {
  await administration.createQueue("deferring");
  await client.createSender("deferring").sendMessages({ body: "later" });
  const receiver = client.createReceiver("deferring");
  const [message] = await receiver.receiveMessages(1);
  assert.ok(message?.sequenceNumber);
  await receiver.deferMessage(message, { why: "not now" });
  assert.equal(await receiver.receiveMessages(1, { maxWaitTimeInMs: 100 }), []);
  assert.equal(
    (await receiver.peekMessages(1)).map(({ state }) => state),
    ["deferred"],
  );
  const [again] = await receiver.receiveDeferredMessages(message.sequenceNumber);
  assert.ok(again);
  assert.equal([again.body, again.applicationProperties, again.deliveryCount], ["later", { why: "not now" }, 1]);
  await receiver.completeMessage(again);
  assert.is((await administration.getQueueRuntimeProperties("deferring")).totalMessageCount, 0);
});

test("a cancelled scheduled message never comes", async () => {
  await administration.createQueue("scheduling");
  const sender = client.createSender("scheduling");
  const [first, second] = await sender.scheduleMessages(
    [{ body: "cancelled" }, { body: "comes" }],
    new Date(Date.now() + 300),
  );
  assert.ok(first && second);
  await sender.cancelScheduledMessages(first);
  const received = await client.createReceiver("scheduling").receiveMessages(2, { maxWaitTimeInMs: 3_000 });
  assert.equal(
    received.map(({ body }) => body),
    ["comes"],
  );
});

test("a message delivered too often is dead-lettered with the reason", async () => {
  await administration.createQueue("limiting", { maxDeliveryCount: 2 });
  await client.createSender("limiting").sendMessages({ body: "poison" });
  const receiver = client.createReceiver("limiting");
  for (let times = 0; times < 2; times++) {
    const [message] = await receiver.receiveMessages(1);
    assert.ok(message);
    assert.is(message.deliveryCount, times);
    await receiver.abandonMessage(message);
  }
  const [dead] = await client.createReceiver("limiting", { subQueueType: "deadLetter" }).receiveMessages(1);
  assert.equal([dead?.deadLetterReason, dead?.deadLetterSource], ["MaxDeliveryCountExceeded", "limiting"]);
});

test("a message deferred too often is dead-lettered with the reason", async () => {
  await administration.createQueue("setting-aside", { maxDeliveryCount: 2 });
  await client.createSender("setting-aside").sendMessages({ body: "poison" });
  const receiver = client.createReceiver("setting-aside");
  const [first] = await receiver.receiveMessages(1);
  assert.ok(first?.sequenceNumber);
  await receiver.deferMessage(first);
  const [second] = await receiver.receiveDeferredMessages(first.sequenceNumber);
  assert.ok(second);
  assert.is(second.deliveryCount, 1);
  await receiver.deferMessage(second);
  const [dead] = await client.createReceiver("setting-aside", { subQueueType: "deadLetter" }).receiveMessages(1);
  assert.equal([dead?.body, dead?.deadLetterReason], ["poison", "MaxDeliveryCountExceeded"]);
});

test("a subscription gets the messages that one of its rules matches", async () => {
  await administration.createTopic("filtering");
  await administration.createSubscription("filtering", "all");
  await administration.createSubscription("filtering", "red", {
    defaultRuleOptions: { name: "red", filter: { applicationProperties: { colour: "red" } } },
  });
  await administration.createSubscription("filtering", "large", {
    defaultRuleOptions: { name: "large", filter: { sqlExpression: "size > 10" } },
  });
  await administration.createRule("filtering", "large", "named", { sqlExpression: "sys.Label LIKE 'L%'" });
  const rules: string[] = [];
  for await (const { name } of administration.listRules("filtering", "large")) rules.push(name);
  assert.equal(rules, ["large", "named"]);
  await client.createSender("filtering").sendMessages([
    { body: 1, applicationProperties: { colour: "red", size: 1 } },
    { body: 2, applicationProperties: { colour: "blue", size: 11 } },
    { body: 3, subject: "Large" },
  ]);
  const bodies = async (subscription: string): Promise<unknown[]> =>
    (await client.createReceiver("filtering", subscription).receiveMessages(3, { maxWaitTimeInMs: 300 })).map(
      ({ body }) => body as unknown,
    );
  assert.equal([await bodies("all"), await bodies("red"), await bodies("large")], [[1, 2, 3], [1], [2, 3]]);
});

test("entities are listed, made again and deleted as in the cloud", async () => {
  await administration.createTopic("Listed");
  await administration.createSubscription("Listed", "One");
  const names: string[] = [];
  for await (const { name } of administration.listTopics()) names.push(name);
  assert.ok(names.includes("Listed"));
  assert.equal(
    [await administration.topicExists("listed"), await administration.subscriptionExists("Listed", "Two")],
    [true, false],
  );
  try {
    await administration.createTopic("LISTED");
    assert.unreachable();
  } catch (error) {
    assert.is((error as { code?: string }).code, "MessageEntityAlreadyExistsError");
  }
  await administration.deleteTopic("Listed");
  assert.is(await administration.topicExists("Listed"), false);
});

test("a streaming subscriber goes on after the connection broke", async () => {
  await administration.createQueue("streaming");
  const seen: unknown[] = [];
  const receiver = client.createReceiver("streaming");
  const subscription = receiver.subscribe({
    processMessage: async ({ body }) => void seen.push(body),
    processError: async () => {},
  });
  const sender = client.createSender("streaming");
  await sender.sendMessages({ body: 1 });
  // A settlement under way when the connection breaks would keep a timer of the SDK for a minute.
  const settled = async (): Promise<boolean> =>
    (await administration.getQueueRuntimeProperties("streaming")).totalMessageCount === 0;
  await eventually("the first", async () => seen.length === 1 && (await settled()));
  broker.dropConnections();
  await eventually("it can be sent again", () =>
    sender.sendMessages({ body: 2 }).then(
      () => true,
      () => false,
    ),
  );
  await eventually("the second", async () => seen.includes(2) && (await settled()));
  await subscription.close();
  await receiver.close();
});

test("a delay makes every response late and loses nothing", async () => {
  await administration.createQueue("slow");
  const [sender, receiver] = [client.createSender("slow"), client.createReceiver("slow")];
  await sender.sendMessages({ body: "opens the link" });
  broker.faults.delay = 300;
  try {
    const startedAt = Date.now();
    await sender.sendMessages({ body: "late" });
    assert.ok(Date.now() - startedAt >= 290, "the send was answered early");
    const messages = await receiver.receiveMessages(2, { maxWaitTimeInMs: 3_000 });
    assert.ok(messages[0]);
    const settledAt = Date.now();
    await receiver.completeMessage(messages[0]);
    assert.ok(Date.now() - settledAt >= 290, "the settlement was answered early");
  } finally {
    broker.faults.delay = 0;
  }
  assert.is((await administration.getQueueRuntimeProperties("slow")).activeMessageCount, 1);
});

test("values that SQL cannot compare do not match", () => {
  const matches = (sql: string): boolean =>
    sqlFilter(sql)({ subject: "Order", application_properties: { n: 5, s: "it's", yes: true } });
  for (const sql of [
    "1=1",
    "n = 5",
    "user.n >= 5 AND s = 'it''s'",
    "NOT n = 6",
    "missing IS NULL",
    "n IS NOT NULL",
    "n IN (1, 5)",
    "s LIKE 'it_s'",
    "EXISTS(n)",
    "(n = 1 OR n = 5) AND yes = TRUE",
    "sys.label = 'Order'",
    '"n" <> 1',
  ])
    assert.ok(matches(sql), sql);
  for (const sql of [
    "n = 6",
    "missing = 1",
    "NOT missing = 1",
    "s NOT LIKE 'it%'",
    "n NOT IN (5)",
    "EXISTS([missing])",
    "n < 5 OR n > 5",
  ])
    assert.not.ok(matches(sql), sql);
  for (const sql of ["n =", "(n = 1", "n = 1 n", "n IN 5"]) assert.throws(() => sqlFilter(sql), SyntaxError);
});

test.run();
