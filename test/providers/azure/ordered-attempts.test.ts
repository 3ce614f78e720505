/** Attempts of ordered events: Service Bus also counts each defer as a delivery. */
import * as assert from "uvu/assert";
import { clientsFrom } from "../../../providers/azure/client.ts";
import { completed } from "../../../providers/azure/config.ts";
import { AzureProvider } from "../../../providers/azure/index.ts";
import type { ActorOptions } from "../../../src/actors/actor.ts";
import type { DeadLetter } from "../../../src/contract/dead-letter.ts";
import { createHive, Event, PauseSubscription, silentLogger, type Hive } from "../../../src/index.ts";
import { listOf } from "../../../src/testing/contracts/assertions.ts";
import { eventually } from "../../../src/testing/contracts/eventually.ts";
import { actor, type Work } from "../../../src/testing/contracts/hive/harness.ts";
import { ScratchQueue } from "../../../src/testing/contracts/scratch-queue.ts";
import { ForgetfulClock } from "../../../src/testing/index.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: attempts in order", { timeoutMs: 60_000 });
const clock = new ForgetfulClock();
let servers: AzureServers;
let provider: AzureProvider;

test.before(async () => {
  servers = await startAzureServers();
  provider = await AzureProvider.open({ ...servers.options, clock });
});
test.after(async () => {
  await provider.close();
  await servers[Symbol.asyncDispose]();
});

const scratch = (): Promise<ScratchQueue> =>
  ScratchQueue.make({ provider, clock, newName: servers.newName, leaseMs: servers.leaseMs }, { ordered: true });

/** Starts a hive with one ordered actor that records each event with its attempt, then runs `work`. */
async function noting(
  topic: string,
  work: Work,
  options: ActorOptions,
): Promise<{ readonly hive: Hive; readonly seen: string[]; readonly letters: () => Promise<DeadLetter[]> }> {
  const seen: string[] = [];
  const reads = actor(
    `${topic}-Reads`,
    (event, context) => {
      seen.push(`${event.getBody<string>()}#${context.attempt}`);
      return work(event, context);
    },
    { ...options, ordered: true, lease: servers.leaseMs },
  );
  const hive = await createHive({ actors: reads, provider, logger: silentLogger });
  await hive.start();
  return { hive, seen, letters: () => listOf(hive.queue(`${topic}-Reads`).deadLetters()) };
}

const keyed = (topic: string, ...bodies: readonly string[]): Event[] =>
  bodies.map((body) => new Event(topic, body, { partitionKey: "key" }));

test("all ten attempts are made and the letter has the last failure", async () => {
  const topic = servers.newName();
  const retry = { maxAttempts: 10, minDelay: 1, maxDelay: 50 };
  const { hive, seen, letters } = await noting(topic, fails, { retry });
  await using _ = hive;
  await hive.push(keyed(topic, "a"));
  const [letter] = await eventually("a dead letter", async () => {
    const found = await letters();
    return found.length > 0 && found;
  });
  assert.equal(
    seen,
    Array.from({ length: 10 }, (_one, n) => `a#${n + 1}`),
  );
  assert.equal([letter?.errorName, letter?.errorMessage, letter?.attempts], ["TypeError", "boom", 10]);
});

test("an event behind a retry begins with its own first attempt", async () => {
  const topic = servers.newName();
  let failed = false;
  const failsOnce = (): void => {
    if (failed) return;
    failed = true;
    fails();
  };
  const { hive, seen, letters } = await noting(topic, failsOnce, {
    retry: { maxAttempts: 2, minDelay: 300, maxDelay: 300 },
  });
  await using _ = hive;
  await hive.push(keyed(topic, "a", "b"));
  await eventually("both are done", () => seen.length === 3);
  await hive.whenIdle();
  assert.equal([seen, await letters()], [["a#1", "a#2", "b#1"], []]);
});

test("pauses cost no attempt", async () => {
  const topic = servers.newName();
  let pauses = 0;
  const pausing = (): void => {
    if (pauses++ < 6) throw new PauseSubscription(50);
  };
  const { hive, seen, letters } = await noting(topic, pausing, { retry: { maxAttempts: 3 } });
  await using _ = hive;
  await hive.push(keyed(topic, "a"));
  await eventually("it is done", () => seen.length === 7);
  await hive.whenIdle();
  assert.equal([seen, await letters()], [Array.from({ length: 7 }, () => "a#1"), []]);
});

test("attempts and first delivery survive every kind of abandon", async () => {
  const queue = await scratch();
  await queue.push("a", { partitionKey: "key" });
  await queue.push("b", { partitionKey: "key" });
  const first = await queue.takeOne();
  const ways = [
    { delayMs: 1, countAttempt: false },
    { delayMs: 0, countAttempt: false },
    { delayMs: 0, countAttempt: true },
    { delayMs: 1, countAttempt: true },
  ];
  const attempts: number[] = [];
  let lease = first;
  for (const way of ways) {
    await queue.abandon(lease, way);
    lease = await queue.takeOne();
    attempts.push(lease.attempt);
  }
  assert.equal(attempts, [1, 1, 2, 3]);
  assert.is(lease.firstSeen, first.firstSeen);
  const before = Date.now();
  await queue.commit(lease);
  const behind = await queue.takeOne();
  assert.equal([behind.event.getBody(), behind.attempt], ["b", 1]);
  assert.ok(behind.firstSeen >= before, "it was set aside, not seen");
  await queue.commit(behind);
});

test("the set-up makes queues with the highest delivery limit", async () => {
  const queue = await scratch();
  const { serviceBus, administration } = await clientsFrom(completed(servers.options, {}));
  const { maxDeliveryCount } = (await administration?.getQueue(`queue-${queue.name}`)) ?? {};
  await serviceBus.close();
  assert.is(maxDeliveryCount, 2 ** 31 - 1);
});

function fails(): never {
  throw new TypeError("boom");
}

test.run();
