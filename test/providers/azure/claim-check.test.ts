/** What becomes of an event whose body travelled elsewhere, when that cannot be had. */
import * as assert from "uvu/assert";
import { clientsFrom } from "../../../providers/azure/client.ts";
import { configFrom } from "../../../providers/azure/config.ts";
import { AzureProvider } from "../../../providers/azure/index.ts";
import type { Event } from "../../../src/events/event.ts";
import type { Lease } from "../../../src/contract/queue-operator.ts";
import { ScratchQueue } from "../../../src/testing/contracts/scratch-queue.ts";
import { ForgetfulClock } from "../../../src/testing/index.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Azure: claim checks", { timeoutMs: 60_000 });
const clock = new ForgetfulClock();
let servers: AzureServers;
let provider: AzureProvider;
/** Whether Blob storage refuses every connection. */
let isDown = false;

test.before(async () => {
  servers = await startAzureServers({ cloud: false });
  const { table, container, serviceBus } = await clientsFrom(configFrom(servers.options, {}));
  await serviceBus.close();
  const blobOf = container.getBlockBlobClient.bind(container);
  container.getBlockBlobClient = (name) => {
    if (isDown) throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    return blobOf(name);
  };
  provider = await AzureProvider.open({ ...servers.options, storage: { table, container }, clock, claimCheck: true });
});
test.after(async () => {
  await provider.close();
  await servers[Symbol.asyncDispose]();
});

const scratch = (options: { readonly ordered: boolean }): Promise<ScratchQueue> =>
  ScratchQueue.make({ provider, clock, newName: servers.newName, leaseMs: servers.leaseMs }, options);
const large = "0123456789".repeat(40_000);
const lost = ({ id }: Event): Promise<void> => provider.stores.keyValue("Claims").delete(id);
const bodyOf = ({ event }: Lease): string => event.getBody<string>().slice(0, 5);

for (const ordered of [false, true]) {
  const kind = ordered ? "an ordered queue" : "a queue";
  test(`given ${kind}, when the body of an event is gone, then it is dead and says which blob is missing, and the others are delivered`, async () => {
    const queue = await scratch({ ordered });
    const event = await queue.push(large, { partitionKey: "key" });
    await queue.push("small", { partitionKey: "key" });
    await lost(event);
    assert.is(bodyOf(await queue.takeOne()), "small");
    const [letter] = await queue.deadLetters(1);
    assert.equal([letter?.event.id, letter?.errorName, letter?.attempts], [event.id, "NotFound", 1]);
    assert.equal(letter?.reason, letter?.errorMessage);
    assert.ok(letter?.reason.includes(`Claims has no blob "${event.id}"`), letter?.reason);
  });
}

test("given large events of two sources under one id, when they are received, then each has its own body", async () => {
  const queue = await scratch({ ordered: false });
  const bodies = ["a", "b"].map((source) => `${source}${large}`);
  for (const body of bodies) await queue.push(body, { id: "1", properties: { source: body.slice(0, 1) } });
  const leases = await queue.take(2);
  assert.equal(leases.map(({ event }) => event.getBody<string>()).sort(), bodies);
});

test("given an event that is dead because its body was gone, when that is put back and the event requeued, then it is delivered whole", async () => {
  const queue = await scratch({ ordered: false });
  const event = await queue.push(large);
  await lost(event);
  await queue.assertSilent();
  await provider.stores.keyValue("Claims").upsert(event.id, event.body);
  await provider.queues.requeue(queue.name, event.id);
  assert.is((await queue.takeOne()).event.body, event.body);
});

test("given a dead letter, when its body is gone, then it is listed, says both, and can be dropped", async () => {
  const queue = await scratch({ ordered: false });
  const event = await queue.push(large);
  await queue.deadLetter(await queue.takeOne(), { reason: "failed once too often:" });
  await lost(event);
  const [letter] = await queue.deadLetters(1);
  assert.match(letter?.reason ?? "", /^failed once too often: Its body is missing/);
  await provider.queues.drop(queue.name, event.id);
  assert.is((await queue.deadLetters(0)).length, 0);
});

test("given events of which one has its body elsewhere, when Blob storage cannot be reached, then the others are delivered, and that one later, no attempt lost", async () => {
  const queue = await scratch({ ordered: false });
  const event = await queue.push(large);
  isDown = true;
  try {
    await throwsCode("Unavailable", () => queue.lease(10, 1_000));
    await queue.push("small");
    assert.equal((await queue.take(1)).map(bodyOf), ["small"]);
  } finally {
    isDown = false;
  }
  const lease = await queue.takeOne();
  assert.equal([lease.event.id, lease.attempt, lease.event.body], [event.id, 1, event.body]);
});

test.run();
