/** Sessions of the test broker, seen through the SDK. */
import type { ServiceBusAdministrationClient, ServiceBusClient, ServiceBusSessionReceiver } from "@azure/service-bus";
import * as assert from "uvu/assert";
import { clientsFrom } from "../../../providers/azure/client.ts";
import { completed } from "../../../providers/azure/config.ts";
import { limitWaits } from "../../../providers/azure/sdk/connection-waits.ts";
import { ServiceBusBroker } from "../../../providers/azure/testing/index.ts";
import { eventually } from "../../../src/testing/contracts/eventually.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Service Bus test broker: sessions", { timeoutMs: 30_000 });
let broker: ServiceBusBroker;
let client: ServiceBusClient;
let administration: ServiceBusAdministrationClient;
/** Longer than every test that does not wait for the end of a lock. */
const longMs = 30_000;
const shortMs = 1_000;

test.before(async () => {
  broker = await ServiceBusBroker.start();
  const storage = { connectionString: "UseDevelopmentStorage=true" };
  const serviceBus = { connectionString: broker.connectionString };
  const clients = await clientsFrom(completed({ serviceBus, storage, tryTimeout: 700 }, {}));
  client = clients.serviceBus;
  administration = clients.administration as ServiceBusAdministrationClient;
});
test.after(async () => {
  await client.close();
  await broker.stop();
});

async function queueOf(name: string, messages: readonly string[] = [], lockMs = longMs): Promise<void> {
  await administration.createQueue(name, { requiresSession: true, lockDuration: `PT${lockMs / 1000}S` });
  await send(name, ...messages);
}

/** Makes a message; its session id is the first letter. */
async function send(name: string, ...messages: readonly string[]): Promise<void> {
  if (messages.length === 0) return;
  await client.createSender(name).sendMessages(messages.map((body) => ({ body, sessionId: body.slice(0, 1) })));
}

const accept = (name: string): Promise<ServiceBusSessionReceiver> =>
  client.acceptNextSession(name, { maxAutoLockRenewalDurationInMs: 0 });

async function bodiesOf(receiver: ServiceBusSessionReceiver): Promise<unknown[]> {
  return (await receiver.receiveMessages(10, { maxWaitTimeInMs: 100 })).map(({ body }) => body as unknown);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}

test("each receiver gets the messages of its session alone, in order", async () => {
  await queueOf("two", ["a1", "b1", "a2"]);
  const [a, b] = [await accept("two"), await accept("two")];
  assert.equal([a.sessionId, b.sessionId], ["a", "b"]);
  assert.ok(Math.abs(a.sessionLockedUntilUtc.getTime() - Date.now() - longMs) < 5_000);
  assert.equal([await bodiesOf(a), await bodiesOf(b)], [["a1", "a2"], ["b1"]]);
  assert.is(await codeOf(accept("two")), "ServiceTimeout");
  await a.close();
  await b.close();
});

test("a receiver that waits for a session gets it when a message comes", async () => {
  await queueOf("waiting");
  const waiting = accept("waiting");
  await send("waiting", "x1");
  const receiver = await waiting;
  assert.equal([receiver.sessionId, await bodiesOf(receiver)], ["x", ["x1"]]);
  await receiver.close();
});

test("a session in use cannot be locked until it is closed", async () => {
  await queueOf("busy", ["a1"]);
  const first = await client.acceptSession("busy", "a");
  await first.receiveMessages(1);
  assert.is(await codeOf(client.acceptSession("busy", "a")), "SessionCannotBeLocked");
  await first.close();
  const second = await client.acceptSession("busy", "a");
  assert.is((await second.receiveMessages(1))[0]?.deliveryCount, 0);
  await second.close();
});

test("messages of an expired session come again, counted", async () => {
  await queueOf("ending", ["a1"]);
  const first = await accept("ending");
  const [stale] = await first.receiveMessages(1);
  assert.ok(stale);
  broker.expireLocks("ending");
  await eventually("the first is told", () => first.isClosed);
  const second = await accept("ending");
  const [again] = await second.receiveMessages(1);
  assert.ok(again);
  assert.is(again.deliveryCount, 1);
  assert.is(await codeOf(first.completeMessage(stale)), "SessionLockLost");
  await second.completeMessage(again);
  assert.is((await administration.getQueueRuntimeProperties("ending")).totalMessageCount, 0);
  await second.close();
});

test("a renewed session outlasts its lock", async () => {
  await queueOf("renewing", ["a1"], shortMs);
  const receiver = await accept("renewing");
  const [message] = await receiver.receiveMessages(1);
  const before = receiver.sessionLockedUntilUtc.getTime();
  await eventually("later", () => Date.now() > before - shortMs / 2);
  const until = await receiver.renewSessionLock();
  assert.ok(until.getTime() > before);
  assert.ok(message);
  await receiver.completeMessage(message);
  await receiver.close();
});

test("the next receiver finds the state and the deferred messages", async () => {
  await queueOf("keeping", ["a1", "a2"]);
  const first = await accept("keeping");
  assert.is(await first.getSessionState(), null);
  const [message] = await first.receiveMessages(1);
  assert.ok(message?.sequenceNumber);
  await first.deferMessage(message, { tried: 1 });
  await first.setSessionState({ waits: [String(message.sequenceNumber)] });
  await first.close();
  const second = await accept("keeping");
  assert.equal(await second.getSessionState(), { waits: [String(message.sequenceNumber)] });
  assert.equal(await bodiesOf(second), ["a2"]);
  const [deferred] = await second.receiveDeferredMessages(message.sequenceNumber);
  assert.ok(deferred);
  assert.equal([deferred.body, deferred.applicationProperties, deferred.deliveryCount], ["a1", { tried: 1 }, 1]);
  await second.completeMessage(deferred);
  assert.is(await codeOf(second.receiveDeferredMessages(message.sequenceNumber)), "MessageNotFound");
  await second.close();
});

test("after a broken connection a session stays locked for its time", async () => {
  await queueOf("breaking", ["a1"], shortMs);
  limitWaits(client, 1_000);
  const first = await accept("breaking");
  const until = first.sessionLockedUntilUtc.getTime();
  broker.dropConnections();
  await eventually("the client notices", () => first.isClosed);
  const second = await eventually("it is granted", () => accept("breaking").catch(() => undefined));
  assert.ok(Date.now() >= until - 100, "it was granted too early");
  assert.equal(await bodiesOf(second), ["a1"]);
  await second.close();
});

test("a receiver of the other kind is refused", async () => {
  await queueOf("with");
  await administration.createQueue("without");
  const message = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "none",
      (error: unknown) => (error as Error).message,
    );
  assert.match(
    await message(client.createReceiver("with").receiveMessages(1, { maxWaitTimeInMs: 100 })),
    /requires sessions/,
  );
  assert.match(await message(accept("without")), /does not require sessions/);
  assert.match(await message(client.createSender("with").sendMessages({ body: 1 })), /SessionId was not set/);
});

test("a subscription with sessions dead-letters messages without one", async () => {
  await administration.createTopic("mixed");
  await administration.createSubscription("mixed", "with", { requiresSession: true });
  await administration.createSubscription("mixed", "without");
  await client.createSender("mixed").sendMessages({ body: 1 });
  const [dead] = await client.createReceiver("mixed", "with", { subQueueType: "deadLetter" }).receiveMessages(1);
  assert.is(dead?.deadLetterReason, "Session ID is null.");
  assert.is((await client.createReceiver("mixed", "without").receiveMessages(1)).length, 1);
});

test.run();
