/** Dead letters that a tool such as Service Bus Explorer resubmits unchanged. */
import { ServiceBusClient } from "@azure/service-bus";
import * as assert from "uvu/assert";
import { AzureProvider } from "../../../providers/azure/index.ts";
import type { ServiceBusBroker } from "../../../providers/azure/testing/index.ts";
import type { Provider } from "../../../src/contract/provider.ts";
import { letterFor, ScratchQueue } from "../../../src/testing/contracts/scratch-queue.ts";
import { ForgetfulClock } from "../../../src/testing/index.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: letters that a tool resubmitted", { timeoutMs: 60_000 });
const clock = new ForgetfulClock();
let servers: AzureServers;
let provider: Provider;
let client: ServiceBusClient;
test.before(async () => {
  servers = await startAzureServers({ cloud: false });
  provider = await AzureProvider.open({ ...servers.options, clock });
  client = new ServiceBusClient((servers.broker as ServiceBusBroker).connectionString);
});
test.after(async () => {
  await client.close();
  await provider.close();
  await servers[Symbol.asyncDispose]();
});

test("a letter resubmitted by a tool starts at its first attempt", async () => {
  const queue = await ScratchQueue.make({ provider, clock, newName: () => "SentBack", leaseMs: 10_000 });
  await queue.push({ n: 1 });
  const first = await queue.takeOne();
  // A delayed retry is a copy, which carries the number of attempts.
  await provider.queues.abandon(first, { delayMs: 1, countAttempt: true });
  const second = await queue.takeOne();
  assert.is(second.attempt, 2);
  await provider.queues.deadLetter(second, letterFor(second));
  const entity = `queue-${queue.name}`;
  const dead = client.createReceiver(entity, { subQueueType: "deadLetter", receiveMode: "receiveAndDelete" });
  const [letter] = await dead.receiveMessages(1, { maxWaitTimeInMs: 5_000 });
  if (!letter) throw new Error("no letter came");
  const { body, contentType, subject, applicationProperties = {} } = letter;
  await client
    .createSender(entity)
    .sendMessages({ body: body as Buffer, contentType, subject, applicationProperties, messageId: "sent-back" });
  const back = await queue.takeOne();
  assert.equal([back.event.id, back.attempt, back.event.getBody()], [first.event.id, 1, { n: 1 }]);
  await provider.queues.commit(back, []);
});

test.run();
