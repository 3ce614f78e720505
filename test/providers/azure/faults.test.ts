import * as assert from "uvu/assert";
import { AzureProvider } from "../../../providers/azure/index.ts";
import type { ServiceBusBroker } from "../../../providers/azure/testing/index.ts";
import { isBeeHiveError } from "../../../src/base/errors.ts";
import type { Provider } from "../../../src/contract/provider.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import {
  actorDescription,
  createHive,
  Event,
  silentLogger,
  type ActorClass,
  type ActorOptions,
  type Hive,
} from "../../../src/index.ts";
import { eventually } from "../../../src/testing/contracts/eventually.ts";
import { ScratchQueue } from "../../../src/testing/contracts/scratch-queue.ts";
import { ForgetfulClock } from "../../../src/testing/index.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Azure: faults", { timeoutMs: 30_000 });
const clock = new ForgetfulClock();
let servers: AzureServers;
let provider: Provider;
let broker: ServiceBusBroker;
let names = 0;
const newName = (): string => `Fault${Date.now().toString(36)}n${++names}`;
const scratch = (): Promise<ScratchQueue> => ScratchQueue.make({ provider, clock, newName, leaseMs: 1_000 });

test.before(async () => {
  // Only the test broker has faults on demand.
  servers = await startAzureServers({ cloud: false });
  broker = servers.broker as ServiceBusBroker;
  provider = await AzureProvider.open({ ...servers.options, clock });
});
test.after(async () => {
  await provider.close();
  await servers[Symbol.asyncDispose]();
});

function actor(
  queueName: string,
  work: (event: Event) => Promise<Event[] | void>,
  options: ActorOptions = {},
): ActorClass {
  class Worker {
    processAsync(event: Event): Promise<Event[] | void> {
      return work(event);
    }
  }
  actorDescription(queueName, { lease: 2_000, retry: { minDelay: 1, maxDelay: 10 }, ...options })(Worker);
  return Worker;
}

async function running(actors: readonly ActorClass[]): Promise<Hive> {
  const hive = await createHive({ actors, provider, logger: silentLogger });
  await hive.start();
  return hive;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return isBeeHiveError(error) ? error.code : String(error);
  }
}

test("no event is lost when every connection breaks again and again", async () => {
  const topic = newName();
  const seen = new Set<number>();
  let drops = 0;
  await using hive = await running([
    actor(
      `${topic}-Works`,
      async (event) => {
        const n = event.getBody<number>();
        // In the middle of a batch: other events are in work, others under way.
        if (n % 25 === 10 && !seen.has(n)) {
          drops++;
          seen.add(n);
          broker.dropConnections();
        }
        return [new Event(`${topic}Done`, n)];
      },
      { publishes: [`${topic}Done`] },
    ),
    actor(`${topic}Done-Notes`, async (event) => void done.add(event.getBody<number>())),
  ]);
  const done = new Set<number>();
  await hive.push(Array.from({ length: 100 }, (_, n) => new Event(topic, n)));
  await eventually("all are done", () => done.size === 100);
  assert.is(drops, 4);
});

test("links whose claims are unanswered open on the next connection", async () => {
  const [one, other] = [await scratch(), await scratch()];
  broker.faults.droppedClaims = 2;
  // The SDK alone waits a minute for the answer, longer than this suite, and blocks all other links.
  await Promise.all([one.push("a"), other.push("b")]);
  broker.faults.droppedClaims = 1;
  assert.equal(
    (await Promise.all([one.takeOne(), other.takeOne()])).map(({ event }) => event.getBody()),
    ["a", "b"],
  );
  assert.is(broker.faults.droppedClaims, 0);
});

test("an unanswered renewal fails in time to be repeated", async () => {
  const queue = await scratch();
  await queue.push("a");
  const lease = await queue.takeOne();
  broker.faults.unansweredRequests = 1;
  // The SDK alone waits a minute for the answer, longer than this suite and than most leases.
  assert.is(await codeOf(provider.queues.renew([lease], 60_000)), "Timeout");
  assert.equal(await provider.queues.renew([lease], 60_000), [true]);
  await queue.commit(lease);
});

test("after the lock ended settling is LeaseLost and renewing is false", async () => {
  const queue = await scratch();
  await queue.push("a");
  const lease = await queue.takeOne();
  broker.expireLocks(`queue-${queue.name}`);
  assert.equal(await provider.queues.renew([lease], 1_000), [false]);
  assert.is(await codeOf(queue.commit(lease)), "LeaseLost");
  assert.is((await queue.takeOne()).attempt, 2);
});

test("after a detach settling is LeaseLost and the event comes back", async () => {
  const queue = await ScratchQueue.make({ provider, clock, newName, leaseMs: 1_000 }, { leaseMs: 1_000 });
  await queue.push("a");
  const lease = await queue.takeOne();
  broker.detachLinks(`queue-${queue.name}`);
  assert.is(await codeOf(queue.commit(lease)), "LeaseLost");
  assert.is((await queue.takeOne()).attempt, 2);
});

test("after a broken connection a lease is settled over the next", async () => {
  const queue = await scratch();
  await queue.push("a");
  const lease = await queue.takeOne();
  broker.dropConnections();
  await eventually("it is settled", async () => ["none", "LeaseLost"].includes(await codeOf(queue.commit(lease))));
  await queue.assertCounts({ waiting: 0, dead: 0 });
});

test("a settlement without a response still takes effect", async () => {
  const queue = await scratch();
  await queue.push("a");
  const lease = await queue.takeOne();
  broker.faults.droppedSettlements = 1;
  assert.ok(["none", "LeaseLost"].includes(await codeOf(queue.commit(lease))));
  await queue.assertCounts({ waiting: 0, dead: 0 });
});

test("events pushed while the namespace throttles arrive", async () => {
  const queue = await scratch();
  broker.faults.throttledSends = 2;
  await queue.push("patient");
  assert.is((await queue.takeOne()).event.getBody(), "patient");
});

test("throttling beyond the retries of the client is Throttled", async () => {
  const queue = await scratch();
  broker.faults.throttledSends = 100;
  assert.is(await codeOf(queue.push("impatient")), "Throttled");
  broker.faults.throttledSends = 0;
});

test("queues are made in spite of a throttling administration", async () => {
  broker.faults.administration = { status: 503, times: 2 };
  await scratch();
});

test("without Manage, making queues is AccessDenied and looking is not", async () => {
  const queue = await scratch();
  const spec = { name: queue.name, ordered: false, leaseMs: 1_000, maxAttempts: 10 };
  broker.faults.administration = { status: 401, times: 100 };
  try {
    await provider.queues.ensure([{ ...spec, name: QueueName.queue(newName()) }]);
    assert.unreachable();
  } catch (error) {
    assert.ok(isBeeHiveError(error, "AccessDenied"));
    assert.match(error.message, /Manage/);
    assert.match(error.message, /topology: "check"/);
  }
  assert.equal(await provider.queues.missing([spec]), []);
  broker.faults.administration = { status: 401, times: 0 };
});

test("without Manage, counting and whenIdle are AccessDenied", async () => {
  const topic = newName();
  const hive = await running([actor(`${topic}-Reads`, async () => {})]);
  broker.faults.administration = { status: 401, times: 100 };
  try {
    for (const ask of [() => hive.queue(`${topic}-Reads`).counts(), () => hive.whenIdle()]) {
      const error = await throwsCode("AccessDenied", ask);
      assert.match(error.message, /hive\.whenIdle\(\)/);
      assert.match(error.message, /Manage/);
    }
  } finally {
    broker.faults.administration = { status: 401, times: 0 };
    await hive.stop();
  }
});

test("a repeated copy of a delayed retry is dropped as a duplicate", async () => {
  const queue = await ScratchQueue.make({ provider, clock, newName, leaseMs: 1_000 }, { leaseMs: 1_000 });
  await queue.push("a");
  const lease = await queue.takeOne();
  broker.expireLocks(`queue-${queue.name}`);
  // The copy is sent, but the original can no longer be completed.
  assert.is(await codeOf(queue.abandon(lease, { delayMs: 1 })), "LeaseLost");
  const [one, two] = await queue.take(2);
  assert.equal([one?.event.id, one?.attempt, two?.attempt], [two?.event.id, 2, 2], "the copy and the original");
  const original =
    (one as unknown as { message: { messageId: string } }).message.messageId === one?.event.id ? one : two;
  const copy = original === one ? two : one;
  assert.ok(original && copy);
  await queue.abandon(original, { delayMs: 1 });
  await queue.commit(copy);
  await queue.assertSilent();
  await queue.assertCounts({ waiting: 0, dead: 0 });
});

test("a subscription without a filter drops copies for others", async () => {
  const [first, second] = await ScratchQueue.pair({ provider, clock, newName, leaseMs: 1_000 });
  await first.push("a");
  await second.commit(await second.takeOne());
  await first.abandon(await first.takeOne(), { delayMs: 1 });
  assert.is((await first.takeOne()).attempt, 2);
  await second.assertSilent();
});

for (const ordered of [false, true]) {
  const what = ordered ? "an ordered actor" : "an actor";
  test(`${what}, parallelism 32: always 32 events are in work`, async () => {
    const topic = newName();
    let [now, most, done] = [0, 0, 0];
    // No actor goes on before all 32 are there: with one slot less the test would never end.
    let waiting: (() => void)[] = [];
    await using hive = await running([
      actor(
        `${topic}-Wide`,
        async () => {
          most = Math.max(most, ++now);
          await new Promise<void>((resolve) => {
            waiting.push(resolve);
            if (waiting.length < 32) return;
            for (const go of waiting) go();
            waiting = [];
          });
          now--;
          done++;
        },
        { ordered, parallelism: 32, lease: 30_000 },
      ),
    ]);
    await hive.push(Array.from({ length: 128 }, (_, n) => new Event(topic, n, { partitionKey: String(n) })));
    await eventually("all are done", () => done === 128);
    assert.is(most, 32);
  });
}

test.run();
