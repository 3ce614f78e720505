/** Links of the SDK's receivers in a long-running process, see providers/azure/sdk/receiver-link.ts. */
import { setTimeout } from "node:timers/promises";
import * as assert from "uvu/assert";
import { AzureProvider } from "../../../providers/azure/index.ts";
import type { AzureLease } from "../../../providers/azure/queues/lease.ts";
import type { Faults } from "../../../providers/azure/testing/faults.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { Event, systemClock } from "../../../src/index.ts";
import { eventually } from "../../../src/testing/contracts/eventually.ts";
import { letterFor } from "../../../src/testing/contracts/scratch-queue.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { startSilentProxy } from "../../support/silent-proxy.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: links of receivers", { timeoutMs: 60_000 });
const none = { ready: 0, leased: 0, delayed: 0, dead: 0 };
let servers: AzureServers;
let provider: AzureProvider;
let faults: Faults;

test.before(async () => {
  servers = await startAzureServers({ cloud: false });
  provider = await AzureProvider.open({ ...servers.options, clock: systemClock });
  faults = (servers.broker as NonNullable<AzureServers["broker"]>).faults;
});
test.after.each(() => {
  faults.drainDelay = 0;
});
test.after(async () => {
  await provider.close();
  await servers[Symbol.asyncDispose]();
});

/** Makes a queue with the given lock duration. */
async function newQueue(leaseMs: number, ordered = false): Promise<QueueName> {
  const name = QueueName.queue(servers.newName());
  await provider.queues.ensure([{ name, ordered, leaseMs, maxAttempts: 10 }]);
  return name;
}

async function push(name: QueueName, count: number): Promise<void> {
  const options = { queueName: name.toString(), partitionKey: "one" };
  const events = Array.from({ length: count }, (_, n) => new Event("Happened", { n }, options));
  await provider.queues.push(events);
}

function lease(name: QueueName, max: number, leaseMs: number, waitMs: number): Promise<readonly AzureLease[]> {
  const { signal } = new AbortController();
  return provider.queues.lease(name, { max, leaseMs, waitMs, signal });
}

test("an event is settled after the SDK has closed its link", async () => {
  const name = await newQueue(30_000);
  await push(name, 1);
  const [held] = await lease(name, 1, 30_000, 5_000);
  assert.ok(held);
  faults.drainDelay = Infinity;
  assert.equal(await lease(name, 1, 30_000, 200), []);
  faults.drainDelay = 0;
  assert.equal(await lease(name, 1, 30_000, 200), [], "another link is open now");
  await provider.queues.commit(held, []);
  assert.equal(await provider.queues.counts(name), none);
});

test("an ordered event on a closed link is leased over another", async () => {
  const name = await newQueue(30_000, true);
  await push(name, 1);
  const [first] = await lease(name, 1, 30_000, 5_000);
  assert.ok(first);
  faults.drainDelay = Infinity;
  await provider.queues.commit(first, []);
  const leasing = lease(name, 1, 30_000, 5_000);
  // By now the next receive must end, and the link stays open for 100 ms more.
  await setTimeout(120);
  await push(name, 1);
  await setTimeout(400);
  faults.drainDelay = 0;
  const [second] = await leasing;
  assert.ok(second);
  await provider.queues.commit(second, []);
  assert.equal(await provider.queues.counts(name), none);
});

for (const ordered of [false, true]) {
  test(`network silence ends no ${ordered ? "ordered " : ""}consumer`, async () => {
    // A session that was not released stays locked until its lock ends.
    const name = await newQueue(3_000, ordered);
    const { connectionString: near } = servers.broker as NonNullable<AzureServers["broker"]>;
    const port = String(/:(\d+);/.exec(near)?.[1]);
    await using proxy = await startSilentProxy(Number(port));
    const connectionString = near.replace(`:${port};`, `:${proxy.port};`);
    const distant = await AzureProvider.open({
      ...servers.options,
      serviceBus: { connectionString },
      clock: systemClock,
    });
    const stopped = new AbortController();
    const received: AzureLease[] = [];
    const polling = (async () => {
      while (!stopped.signal.aborted)
        received.push(
          ...(await distant.queues
            .lease(name, { max: 1, leaseMs: 3_000, waitMs: 1_000, signal: stopped.signal })
            .catch(() => [])),
        );
    })();
    try {
      await push(name, 1);
      await eventually("the first event", () => received.length === 1);
      await distant.queues.commit(received[0] as AzureLease, []);
      proxy.silent = true;
      // Long enough for a receive and the closing of its link to time out.
      await setTimeout(5_000);
      proxy.drop();
      proxy.silent = false;
      await push(name, 1);
      await eventually("the second event", () => received.length === 2);
      await distant.queues.commit(received[1] as AzureLease, []);
    } finally {
      stopped.abort();
      await polling;
      await distant.close();
    }
  });
}

test("an event stays settleable when more follow than a link holds", async () => {
  const [linkHolds, lockMs] = [2_048, 30_000];
  const name = await newQueue(lockMs);
  await push(name, 1);
  const [long] = await lease(name, 1, lockMs, 5_000);
  assert.ok(long);
  await push(name, linkHolds);
  for (let settled = 0; settled < linkHolds;) {
    const leases = await lease(name, 100, lockMs, 5_000);
    assert.ok(leases.length > 0, `${settled} were received, then no more`);
    await Promise.all(leases.map((one) => provider.queues.commit(one, [])));
    settled += leases.length;
  }
  await provider.queues.commit(long, []);
  assert.equal(await provider.queues.counts(name), none);
});

test("a letter behind more than a link holds is requeued alone", async () => {
  const count = 2_049;
  const name = await newQueue(30_000);
  await push(name, count);
  for (let buried = 0; buried < count;) {
    const leases = await lease(name, 100, 30_000, 5_000);
    await Promise.all(leases.map((one) => provider.queues.deadLetter(one, letterFor(one))));
    buried += leases.length;
  }
  let last = "";
  for await (const { event } of provider.queues.deadLetters(name)) last = event.id;
  await provider.queues.requeue(name, last);
  assert.equal(await provider.queues.counts(name), { ...none, ready: 1, dead: count - 1 });
  assert.is((await lease(name, 1, 30_000, 5_000))[0]?.event.id, last);
});

test.run();
