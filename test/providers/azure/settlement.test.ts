import {
  ServiceBusClient,
  ServiceBusError,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
} from "@azure/service-bus";
import * as assert from "uvu/assert";
import { AzureProvider } from "../../../providers/azure/index.ts";
import type { AzureLease } from "../../../providers/azure/queues/lease.ts";
import { Settlement, type SettlementParts } from "../../../providers/azure/queues/settlement.ts";
import { systemClock } from "../../../src/base/clock.ts";
import type { Provider } from "../../../src/contract/provider.ts";
import type { Lease } from "../../../src/contract/queue-operator.ts";
import { letterFor, ScratchQueue } from "../../../src/testing/contracts/scratch-queue.ts";
import { ForgetfulClock } from "../../../src/testing/index.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Azure: settlements side by side", { timeoutMs: 60_000 });
const clock = new ForgetfulClock();
let servers: AzureServers;
let provider: Provider;
let newName: () => string;

test.before(async () => {
  servers = await startAzureServers();
  ({ newName } = servers);
  provider = await AzureProvider.open({ ...servers.options, clock });
});
test.after(async () => {
  await provider.close();
  await servers[Symbol.asyncDispose]();
});

type Outcome = "commit" | "abandon" | "bury";

/** Settles two events in one turn of the event loop; returns their outcomes. */
async function settleTogether(outcomes: readonly [Outcome, Outcome]): Promise<object> {
  const queue = await ScratchQueue.make({ provider, clock, newName, leaseMs: servers.leaseMs });
  await queue.push("A");
  await queue.push("B");
  const leases = await queue.take(2);
  const ordered = leases.toSorted((a, b) => String(a.event.body).localeCompare(String(b.event.body)));
  await Promise.all(ordered.map((lease, n) => settle(queue, lease, outcomes[n] as Outcome)));
  const dead = outcomes.filter((one) => one === "bury").length;
  const letters = dead > 0 ? await queue.deadLetters(dead) : [];
  const back = await queue.lease(2, 500);
  return {
    dead: letters.map(({ event, reason }) => `${event.getBody<string>()}: ${reason}`),
    back: back.map(({ event, attempt }) => `${event.getBody<string>()}#${attempt}`),
  };
}

function settle(queue: ScratchQueue, lease: Lease, outcome: Outcome): Promise<void> {
  if (outcome === "commit") return queue.commit(lease);
  if (outcome === "abandon") return queue.abandon(lease);
  const reason = `the reason of ${lease.event.getBody<string>()}`;
  return provider.queues.deadLetter(lease, letterFor(lease, { reason }));
}

test("a commit and a dead-letter in one turn keep their outcomes", async () => {
  assert.equal(await settleTogether(["commit", "bury"]), { dead: ["B: the reason of B"], back: [] });
  assert.equal(await settleTogether(["bury", "commit"]), { dead: ["A: the reason of A"], back: [] });
});

test("an abandon and a commit in one turn keep their outcomes", async () => {
  assert.equal(await settleTogether(["abandon", "commit"]), { dead: [], back: ["A#2"] });
  assert.equal(await settleTogether(["commit", "abandon"]), { dead: [], back: ["B#2"] });
});

test("two dead-letters in one turn keep their reasons", async () => {
  assert.equal(await settleTogether(["bury", "bury"]), {
    dead: ["A: the reason of A", "B: the reason of B"],
    back: [],
  });
});

test("the SDK alone gives two settlements of a turn one outcome", async () => {
  const broker = servers.broker;
  if (!broker) return;
  const queue = await ScratchQueue.make({ provider, clock, newName, leaseMs: servers.leaseMs });
  const client = new ServiceBusClient(broker.connectionString);
  try {
    const receiver = client.createReceiver(`queue-${queue.name}`, { maxAutoLockRenewalDurationInMs: 0 });
    await queue.push("A");
    await queue.push("B");
    const [a, b] = await receiveTwo(receiver);
    await Promise.all([receiver.completeMessage(a), receiver.deadLetterMessage(b)]);
    assert.equal(await provider.queues.counts(queue.name), { ready: 0, leased: 0, delayed: 0, dead: 0 }, "B is lost");
  } finally {
    await client.close();
  }
});

async function receiveTwo(
  receiver: ServiceBusReceiver,
): Promise<[ServiceBusReceivedMessage, ServiceBusReceivedMessage]> {
  const messages: ServiceBusReceivedMessage[] = [];
  while (messages.length < 2) messages.push(...(await receiver.receiveMessages(2 - messages.length)));
  return messages as [ServiceBusReceivedMessage, ServiceBusReceivedMessage];
}

/** Makes a lease of a source that renews by `renew`, and counts its calls. */
function renewing(isHeld: boolean, renew: () => Promise<Date>) {
  let asked = 0;
  const source = { renew: () => (asked++, renew()) };
  const lease = { isHeld, source, message: {}, event: { id: "1" }, renewed() {} } as unknown as AzureLease;
  const settlement = new Settlement({ clock: systemClock } as SettlementParts);
  return { asked: () => asked, renewed: () => settlement.renew(lease, 1_000) };
}

test("a renewal after the lease ended returns false without a request", async () => {
  const { asked, renewed } = renewing(false, async () => new Date());
  assert.is(await renewed(), false);
  assert.is(asked(), 0);
});

test("a refused renewal returns false, an unanswered one rejects", async () => {
  const failing = (code: string) => () => Promise.reject(new ServiceBusError("no", code as "GeneralError"));
  assert.is(await renewing(true, failing("MessageLockLost")).renewed(), false);
  await throwsCode("Unavailable", () => renewing(true, failing("ServiceCommunicationProblem")).renewed());
});

test.run();
