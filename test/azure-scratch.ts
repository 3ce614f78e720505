import { ServiceBusClient, ServiceBusAdministrationClient } from "@azure/service-bus";
import { ServiceBusBroker } from "../src/testing/service-bus/index.ts";
const broker = await ServiceBusBroker.start({ key: "secret" });
const admin = new ServiceBusAdministrationClient(broker.connectionString);
(admin as any).pipeline.addPolicy({ name: "http", sendRequest(r: any, next: any) { r.url = r.url.replace("https:", "http:"); r.allowInsecureConnection = true; return next(r); } }, { afterPhase: "Sign" });
await admin.createQueue("q1", { lockDuration: "PT1S", requiresDuplicateDetection: true });
console.log((await admin.getQueueRuntimeProperties("q1")).activeMessageCount, await admin.queueExists("q1"), await admin.queueExists("zz"));
await admin.createTopic("t1"); await admin.createSubscription("t1", "s1", {}, { name: "r", filter: { sqlExpression: `"beehive_to" IS NULL OR "beehive_to" = 's1'` } });
console.log((await admin.getSubscriptionRuntimeProperties("t1", "s1")).activeMessageCount, await admin.subscriptionExists("t1", "s1"), await admin.subscriptionExists("t1", "zz"));
try { await admin.createQueue("q1"); } catch (e: any) { console.log(e.code, e.statusCode); }
const client = new ServiceBusClient(broker.connectionString, { retryOptions: { maxRetries: 1, retryDelayInMs: 10, timeoutInMs: 3000 } });
const s = client.createSender("q1");
console.log("batch", (await s.createMessageBatch()).maxSizeInBytes);
await s.sendMessages([{ body: Buffer.from("a"), messageId: "1", applicationProperties: { n: 1, f: 1.5, b: true, big: 2 ** 40 } }, { body: Buffer.from("b") }, { body: Buffer.from("dup"), messageId: "1" }]);
const r = client.createReceiver("q1", { maxAutoLockRenewalDurationInMs: 0, skipParsingBodyAsJson: true });
let t = Date.now();
let m = await r.receiveMessages(1, { maxWaitTimeInMs: 1000 });
console.log(m.map((x) => [String(x.body), x.messageId, x.deliveryCount, x.lockedUntilUtc, x.applicationProperties, x.sequenceNumber?.toString(), x.enqueuedTimeUtc]), Date.now() - t);
await r.abandonMessage(m[0]!, { extra: 5 });
t = Date.now();
m = await r.receiveMessages(5, { maxWaitTimeInMs: 1 });
console.log(m.map((x) => [String(x.body), x.deliveryCount, x.applicationProperties]), Date.now() - t);
console.log("renew", await r.renewMessageLock(m[0]!));
await r.deadLetterMessage(m[0]!, { deadLetterReason: "why", deadLetterErrorDescription: "desc", custom: "x" });
await r.completeMessage(m[1]!);
t = Date.now();
console.log((await r.receiveMessages(5, { maxWaitTimeInMs: 200 })).length, Date.now() - t);
const d = client.createReceiver("q1", { subQueueType: "deadLetter" });
console.log((await d.peekMessages(5)).map((x) => [String(x.body), x.deadLetterReason, x.deadLetterErrorDescription, x.applicationProperties, x.deadLetterSource]));
await s.scheduleMessages({ body: "later" }, new Date(Date.now() + 300));
console.log((await admin.getQueueRuntimeProperties("q1")).scheduledMessageCount);
console.log((await r.receiveMessages(1, { maxWaitTimeInMs: 2000 })).length);
try { await s.sendMessages({ body: Buffer.alloc(300000) }); } catch (e: any) { console.log(e.code, e.message); }
t = Date.now();
try { await client.createSender("nope").createMessageBatch(); } catch (e: any) { console.log(e.code, e.message, Date.now() - t); }
t = Date.now();
try { await client.createReceiver("nope").peekMessages(1); } catch (e: any) { console.log(e.code, e.message, Date.now() - t); }
t = Date.now();
try { await client.createReceiver("nope").receiveMessages(1); } catch (e: any) { console.log(e.code, e.message, Date.now() - t); }
t = Date.now();
const bad = new ServiceBusClient(broker.connectionString.replace("=secret", "=wrong"));
try { await bad.createSender("q1").createMessageBatch(); } catch (e: any) { console.log(e.code, e.message, Date.now() - t); }
await bad.close();
await client.close();
await broker.stop();
