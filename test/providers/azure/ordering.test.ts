/** Sessions beyond the contract: turns, crashes half-way, lost locks, queues made without sessions. */
import { setTimeout as pause } from "node:timers/promises";
import { ServiceBusClient, type ServiceBusSessionReceiver } from "@azure/service-bus";
import * as assert from "uvu/assert";
import { AzureProvider } from "../../../providers/azure/index.ts";
import type { ServiceBusBroker } from "../../../providers/azure/testing/index.ts";
import type { Provider } from "../../../src/contract/provider.ts";
import { createHive, Event, isBeeHiveError, QueueName, silentLogger, type Hive } from "../../../src/index.ts";
import { eventually } from "../../../src/testing/contracts/eventually.ts";
import { actor } from "../../../src/testing/contracts/hive/harness.ts";
import { ScratchQueue, specOf } from "../../../src/testing/contracts/scratch-queue.ts";
import { ForgetfulClock } from "../../../src/testing/index.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Azure: in order", { timeoutMs: 60_000 });
const clock = new ForgetfulClock();
let servers: AzureServers;
let broker: ServiceBusBroker;
let provider: Provider;
let client: ServiceBusClient;
let names = 0;
const newName = (): string => `Order${Date.now().toString(36)}n${++names}`;
const ordered = { ordered: true };
const scratch = (leaseMs = 60_000): Promise<ScratchQueue> =>
  ScratchQueue.make({ provider, clock, newName, leaseMs: 1_000 }, { ...ordered, leaseMs });

test.before(async () => {
  servers = await startAzureServers({ cloud: false });
  broker = servers.broker as ServiceBusBroker;
  provider = await AzureProvider.open({ ...servers.options, clock });
  client = new ServiceBusClient(broker.connectionString);
});
test.after(async () => {
  await client.close();
  await provider.close();
  await servers[Symbol.asyncDispose]();
});

/** Records the events in work by key, and fails when a key has two at the same time. */
class Diary {
  readonly seen = new Map<string, number[]>();
  readonly #busy = new Set<string>();
  overlaps = 0;

  async write(event: Event, work: (n: number) => Promise<void> = async () => {}): Promise<void> {
    const [key, n] = event.getBody<[string, number]>();
    if (this.#busy.has(key)) this.overlaps++;
    this.#busy.add(key);
    try {
      await new Promise((resolve) => setImmediate(resolve));
      await work(n);
    } finally {
      this.#busy.delete(key);
    }
    const numbers = this.seen.get(key) ?? [];
    this.seen.set(key, [...numbers, n]);
  }

  /** Asserts that every key is complete and in order. */
  isComplete(keys: number, each: number): boolean {
    return this.seen.size === keys && [...this.seen.values()].every((numbers) => new Set(numbers).size === each);
  }

  get isInOrder(): boolean {
    return [...this.seen.values()].every((numbers) => numbers.every((n, at) => n >= (numbers[at - 1] ?? 0)));
  }
}

const eventsOf = (topic: string, keys: number, each: number): Event[] =>
  Array.from({ length: keys * each }, (_, n) => {
    const key = `k${n % keys}`;
    return new Event(topic, [key, Math.floor(n / keys)], { partitionKey: key });
  });

async function running(actors: Parameters<typeof createHive>[0]["actors"]): Promise<Hive> {
  const hive = await createHive({ actors, provider, logger: silentLogger });
  await hive.start();
  return hive;
}

test("more keys than slots all end, in order, one event at a time", async () => {
  const topic = newName();
  const diary = new Diary();
  await using hive = await running([
    actor(`${topic}-Reads`, (event) => diary.write(event), { ...ordered, parallelism: 3 }),
  ]);
  await hive.push(eventsOf(topic, 20, 5));
  await hive.whenIdle();
  assert.ok(diary.isComplete(20, 5));
  assert.equal([diary.isInOrder, diary.overlaps], [true, 0]);
});

test("a key with endless events gives others their turn", async () => {
  const topic = newName();
  let hot = 0;
  let cold = false;
  await using hive = await running([
    actor(
      `${topic}-Reads`,
      async (event) => {
        if (event.getBody() === "cold") cold = true;
        else hot++;
        if (cold) return [];
        // Longer than an event that was received ahead is kept.
        await pause(600);
        return [new Event(topic, "hot", { partitionKey: "hot" })];
      },
      { ...ordered, parallelism: 1 },
    ),
  ]);
  await hive.push(new Event(topic, "hot", { partitionKey: "hot" }));
  await eventually("the hot key is at work", () => hot > 3);
  await hive.push(new Event(topic, "cold", { partitionKey: "cold" }));
  await eventually("the cold key had its turn", () => cold);
  await hive.whenIdle();
});

test("keys stay in order while their events fail and wait", async () => {
  const topic = newName();
  const diary = new Diary();
  const failures = new Map<string, number>();
  await using hive = await running([
    actor(
      `${topic}-Reads`,
      (event) =>
        diary.write(event, async (n) => {
          const failed = failures.get(event.id) ?? 0;
          failures.set(event.id, failed + 1);
          if (failed < n % 3) throw new Error("not yet");
        }),
      { ...ordered, parallelism: 4, retry: { minDelay: 1, maxDelay: 300, maxAttempts: 5 } },
    ),
  ]);
  await hive.push(eventsOf(topic, 6, 6));
  await hive.whenIdle();
  assert.ok(diary.isComplete(6, 6));
  assert.equal([diary.isInOrder, diary.overlaps], [true, 0]);
  assert.is((await hive.queue(`${topic}-Reads`).counts()).dead, 0);
});

test("keys stay in order when every connection breaks", async () => {
  const topic = newName();
  const diary = new Diary();
  let drops = 0;
  await using hive = await running([
    actor(
      `${topic}-Reads`,
      (event) =>
        diary.write(event, async (n) => {
          if (n !== 2 || drops > 0) return;
          drops++;
          broker.dropConnections();
        }),
      { ...ordered, parallelism: 4, lease: 1_000, retry: { minDelay: 1, maxDelay: 10 } },
    ),
  ]);
  await hive.push(eventsOf(topic, 5, 5));
  await eventually("all are done", () => diary.isComplete(5, 5));
  assert.is(drops, 1);
  assert.ok(diary.isInOrder);
});

test("another process takes over a delayed event in order", async () => {
  const queue = await scratch();
  for (const body of ["a1", "a2"]) await queue.push(body, { partitionKey: "a" });
  const first = await AzureProvider.open({ ...servers.options, clock });
  await first.queues.ensure([specOf(queue.name, ordered)]);
  const [lease] = await first.queues.lease(queue.name, {
    max: 1,
    leaseMs: 60_000,
    waitMs: 5_000,
    signal: new AbortController().signal,
  });
  assert.ok(lease);
  const due = Date.now() + 1_000;
  await first.queues.abandon(lease, { delayMs: 1_000, countAttempt: true });
  await first.close();
  await queue.push("a3", { partitionKey: "a" });
  const seen: string[] = [];
  for (let n = 0; n < 3; n++) {
    const next = await queue.takeOne();
    if (n === 0) assert.ok(Date.now() >= due - 100, "it came too early");
    seen.push(`${next.event.getBody<string>()}#${next.attempt}`);
    await queue.commit(next);
  }
  assert.equal(seen, ["a1#2", "a2#1", "a3#1"]);
  await queue.assertCounts({ waiting: 0, dead: 0 });
});

/** Leaves the session of "a" as a process does that crashes after `leave`. */
async function crashed(
  queue: ScratchQueue,
  leave: (session: ServiceBusSessionReceiver, wake: (id: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const path = `queue-${queue.name}`;
  const session = await client.acceptSession(path, "a");
  await leave(session, async (messageId) => {
    const applicationProperties = { beehive_wake: true };
    await client.createSender(path).sendMessages({ body: "", sessionId: "a", messageId, applicationProperties });
  });
  await session.close();
}

const inOrder = async (queue: ScratchQueue, count: number): Promise<unknown[]> => {
  const seen: unknown[] = [];
  for (let n = 0; n < count; n++) {
    const lease = await queue.takeOne();
    seen.push(lease.event.getBody());
    await queue.commit(lease);
  }
  await queue.assertSilent();
  await queue.assertCounts({ waiting: 0, dead: 0 });
  return seen;
};

test("a crash between parking and deferring keeps the event first", async () => {
  const queue = await scratch();
  for (const body of ["a1", "a2", "a3"]) await queue.push(body, { partitionKey: "a" });
  await crashed(queue, async (session, wake) => {
    const messages = await session.receiveMessages(2);
    await wake("w");
    await session.setSessionState({
      until: Date.now(),
      wake: "w",
      events: messages.map(({ sequenceNumber }) => String(sequenceNumber)),
    });
    // The second event is deferred, the first is not.
    assert.ok(messages[1]);
    await session.deferMessage(messages[1]);
  });
  assert.equal(await inOrder(queue, 3), ["a1", "a2", "a3"]);
});

test("after a crash between settling and dropping the next event follows", async () => {
  const queue = await scratch();
  for (const body of ["a1", "a2"]) await queue.push(body, { partitionKey: "a" });
  await crashed(queue, async (session, wake) => {
    const [message] = await session.receiveMessages(1);
    assert.ok(message);
    await wake("w");
    await session.setSessionState({ until: Date.now(), wake: "w", events: [String(message.sequenceNumber)] });
    await session.completeMessage(message);
  });
  assert.equal(await inOrder(queue, 1), ["a2"]);
});

test("a crash before parking leaves only the event itself", async () => {
  const queue = await scratch();
  await queue.push("a1", { partitionKey: "a" });
  await crashed(queue, (_, wake) => wake("w"));
  assert.equal(await inOrder(queue, 1), ["a1"]);
});

test("a lost session lock is LeaseLost and the event comes again", async () => {
  const queue = await scratch();
  await queue.push("a1", { partitionKey: "a" });
  const lease = await queue.takeOne();
  broker.expireLocks(`queue-${queue.name}`);
  assert.equal(await provider.queues.renew([lease], 60_000), [false]);
  await throwsCode("LeaseLost", () => queue.commit(lease));
  const again = await queue.takeOne();
  assert.is(again.attempt, 2);
  await queue.commit(again);
});

test("a renewed lease in order outlives the lock", async () => {
  const queue = await scratch(1_000);
  await queue.push("a1", { partitionKey: "a" });
  const lease = await queue.takeOne();
  const firstEnd = lease.expiresAt;
  await eventually("half of its time has passed", () => Date.now() > firstEnd - 500);
  assert.equal(await provider.queues.renew([lease], 1_000), [true]);
  await eventually("its first end has passed", () => Date.now() > firstEnd);
  await queue.commit(lease);
  await queue.assertCounts({ waiting: 0, dead: 0 });
});

test("a delay in an ordered subscription does not show in another", async () => {
  const topic = newName();
  const specs = [
    specOf(QueueName.topic(topic), ordered),
    specOf(QueueName.parse(`${topic}-Ordered`), ordered),
    specOf(QueueName.parse(`${topic}-Other`)),
  ];
  await provider.queues.ensure(specs);
  await provider.queues.push(["a1", "a2"].map((body) => new Event(topic, body, { partitionKey: "a" })));
  const take = async (name: string, count: number, settle: "commit" | "delay" = "commit"): Promise<string[]> => {
    const seen: string[] = [];
    await eventually(`${count} events of ${name}`, async () => {
      const request = { max: 1, leaseMs: 60_000, waitMs: 1_000, signal: new AbortController().signal };
      for (const lease of await provider.queues.lease(QueueName.parse(`${topic}-${name}`), request)) {
        seen.push(lease.event.getBody());
        if (settle === "commit") await provider.queues.commit(lease, []);
        else await provider.queues.abandon(lease, { delayMs: 300, countAttempt: true });
      }
      return seen.length === count;
    });
    return seen;
  };
  assert.equal(await take("Ordered", 1, "delay"), ["a1"]);
  assert.equal((await take("Other", 2)).toSorted(), ["a1", "a2"]);
  assert.equal(await take("Ordered", 2), ["a1", "a2"]);
  for (const name of ["Ordered", "Other"]) {
    await eventually(`nothing is left in ${name}`, async () => {
      const { ready, delayed } = await provider.queues.counts(QueueName.parse(`${topic}-${name}`));
      return ready + delayed === 0;
    });
  }
});

test("a queue without sessions is refused for an ordered actor", async () => {
  const name = QueueName.queue(newName());
  await provider.queues.ensure([specOf(name)]);
  const other = await AzureProvider.open({ ...servers.options, clock });
  for (const ask of ["ensure", "missing"] as const) {
    try {
      await other.queues[ask]([specOf(name, ordered)]);
      assert.unreachable();
    } catch (error) {
      assert.ok(isBeeHiveError(error, "InvalidConfiguration"), String(error));
      assert.match(error.message, /without sessions/);
      assert.match(error.message, /Delete it/);
    }
  }
  await other.close();
});

test("an unordered actor reads a queue with sessions", async () => {
  const name = QueueName.queue(newName());
  await provider.queues.ensure([specOf(name, ordered)]);
  const other = await AzureProvider.open({ ...servers.options, clock });
  await other.queues.ensure([specOf(name)]);
  await other.queues.push([new Event("Something", "body", { queueName: name.topic })]);
  const request = { max: 1, leaseMs: 60_000, waitMs: 5_000, signal: new AbortController().signal };
  const [lease] = await other.queues.lease(name, request);
  assert.is(lease?.event.getBody(), "body");
  await other.close();
});

test("partition keys longer than a session id keep order and text", async () => {
  const queue = await scratch();
  const keys = ["x", "y"].map((end) => `${"k".repeat(300)}${end}`);
  for (const n of [1, 2]) for (const partitionKey of keys) await queue.push(n, { partitionKey });
  const leases = await queue.take(2);
  assert.equal(
    leases.map(({ event }) => `${event.getBody<number>()} ${event.partitionKey ?? ""}`).toSorted(),
    keys.map((key) => `1 ${key}`),
  );
});

test.run();
