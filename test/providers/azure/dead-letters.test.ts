/** Taking dead letters from a queue that delivers them oldest first. */
import { ServiceBusClient, type ServiceBusReceiver } from "@azure/service-bus";
import * as assert from "uvu/assert";
import { AzureProvider } from "../../../providers/azure/index.ts";
import { ScratchQueue } from "../../../src/testing/contracts/scratch-queue.ts";
import { ForgetfulClock } from "../../../src/testing/index.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Azure: dead letters", { timeoutMs: 60_000 });
const clock = new ForgetfulClock();
let servers: AzureServers;
let provider: AzureProvider;
/** The number of messages received from dead-letter queues. */
let received = 0;
/** The method of the class. */
const original = Object.getOwnPropertyDescriptor(ServiceBusClient.prototype, "createReceiver") ?? {};

test.before(async () => {
  servers = await startAzureServers({ cloud: false });
  const createReceiver = original.value as (...given: unknown[]) => ServiceBusReceiver;
  const counting = function (this: ServiceBusClient, ...given: unknown[]): ServiceBusReceiver {
    const receiver = Reflect.apply(createReceiver, this, given);
    const receive = receiver.receiveMessages.bind(receiver);
    receiver.receiveMessages = async (...options) => {
      const messages = await receive(...options);
      if (/deadletter/i.test(receiver.entityPath)) received += messages.length;
      return messages;
    };
    return receiver;
  };
  Object.defineProperty(ServiceBusClient.prototype, "createReceiver", { ...original, value: counting });
  provider = await AzureProvider.open({ ...servers.options, clock });
});
test.after(async () => {
  Object.defineProperty(ServiceBusClient.prototype, "createReceiver", original);
  await provider.close();
  await servers[Symbol.asyncDispose]();
});

async function withDead(count: number): Promise<ScratchQueue> {
  const { newName, leaseMs } = servers;
  const queue = await ScratchQueue.make({ provider, clock, newName, leaseMs });
  await provider.queues.push(Array.from({ length: count }, (_, n) => queue.event(n)));
  for (const lease of await queue.take(count)) await queue.deadLetter(lease);
  return queue;
}

test("letters behind many others are requeued together, each once", async () => {
  const queue = await withDead(40);
  const letters = (await queue.deadLetters(40)).slice(-10);
  received = 0;
  await Promise.all(letters.map(({ id }) => provider.queues.requeue(queue.name, id)));
  assert.is(received, 40);
  const back = await queue.take(10);
  const bodyOf = ({ event }: { readonly event: { getBody(): unknown } }): unknown => event.getBody();
  assert.equal(new Set(back.map(bodyOf)), new Set(letters.map(bodyOf)));
  // The letters that were held on the way are free again.
  await provider.queues.drop(queue.name, (await queue.deadLetters(30))[0]?.id ?? "");
  assert.is((await queue.deadLetters(29)).length, 29);
});

test("missing letters do not keep others from being taken", async () => {
  const queue = await withDead(2);
  const [first, second] = await queue.deadLetters(2);
  const { queues } = provider;
  const outcomes = await Promise.allSettled([
    queues.drop(queue.name, "letter-99999999999999999999"),
    queues.drop(queue.name, first?.id ?? ""),
    throwsCode("NotFound", () => queues.drop(queue.name, "letter-9223372036854775808")),
    queues.drop(queue.name, second?.id ?? ""),
  ]);
  assert.equal(
    outcomes.map(({ status }) => status),
    ["rejected", "fulfilled", "fulfilled", "fulfilled"],
  );
  assert.equal(await queue.deadLetters(0), []);
});

test.run();
