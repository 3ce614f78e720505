/** Events whose body is in the key-value store and cannot be fetched. */
import * as assert from "uvu/assert";
import { clientsFrom } from "../../../providers/azure/client.ts";
import { completed } from "../../../providers/azure/config.ts";
import { AzureProvider } from "../../../providers/azure/index.ts";
import type { Lease } from "../../../src/contract/queue-operator.ts";
import type { Event } from "../../../src/events/event.ts";
import { ScratchQueue } from "../../../src/testing/contracts/scratch-queue.ts";
import { ForgetfulClock } from "../../../src/testing/index.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Azure: claim checks", { timeoutMs: 60_000 });
const clock = new ForgetfulClock();
let servers: AzureServers;
let provider: AzureProvider;
/** True while Blob storage refuses every connection. */
let isDown = false;

test.before(async () => {
  servers = await startAzureServers({ cloud: false });
  const { table, container, serviceBus } = await clientsFrom(completed(servers.options, {}));
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
  test(`${kind}: an event whose body is gone is dead and names the blob`, async () => {
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

test("large events of two sources with one id have their own bodies", async () => {
  const queue = await scratch({ ordered: false });
  const bodies = ["a", "b"].map((source) => `${source}${large}`);
  for (const body of bodies) await queue.push(body, { id: "1", properties: { source: body.slice(0, 1) } });
  const leases = await queue.take(2);
  assert.equal(leases.map(({ event }) => event.getBody<string>()).sort(), bodies);
});

test("a dead event whose body is back is requeued whole", async () => {
  const queue = await scratch({ ordered: false });
  const event = await queue.push(large);
  await lost(event);
  await queue.assertSilent();
  await provider.stores.keyValue("Claims").upsert(event.id, event.body);
  await provider.queues.requeue(queue.name, event.id);
  assert.is((await queue.takeOne()).event.body, event.body);
});

test("a dead letter without its body is listed, and can be dropped", async () => {
  const queue = await scratch({ ordered: false });
  const event = await queue.push(large);
  await queue.deadLetter(await queue.takeOne(), { reason: "failed once too often:" });
  await lost(event);
  const [letter] = await queue.deadLetters(1);
  assert.match(letter?.reason ?? "", /^failed once too often: Its body is missing/);
  await provider.queues.drop(queue.name, event.id);
  assert.is((await queue.deadLetters(0)).length, 0);
});

test("unreachable Blob storage delays only the events that need it", async () => {
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
