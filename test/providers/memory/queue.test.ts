import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import type { Lease, LeaseRequest } from "../../../src/contract/queue-operator.ts";
import { ForgetfulClock } from "../../../src/testing/contracts/forgetful-clock.ts";
import { letterFor } from "../../../src/testing/contracts/scratch-queue.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Memory queues", { timeoutMs: 20_000 });
const name = QueueName.queue("Queue");
const spec = { name, ordered: false, leaseMs: 1_000, maxAttempts: 10 };
const event = (body: unknown): Event => new Event("Queued", body, { queueName: "Queue" });

async function scene() {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  const { queues } = provider;
  await queues.ensure([spec]);
  const lease = (changes: Partial<LeaseRequest> = {}): Promise<readonly Lease[]> =>
    queues.lease(name, { max: 1, leaseMs: 1_000, waitMs: 0, signal: new AbortController().signal, ...changes });
  return { clock, provider, queues, lease };
}

test("a process ends, though leases of a provider that nobody closes last", async () => {
  const program = `
    import { actorDescription, createHive, Event, silentLogger } from "beehive-actors";
    import { MemoryProvider } from "beehive-actors/memory";
    class Work { async processAsync() { handled(); } }
    actorDescription("Queue")(Work);
    const provider = new MemoryProvider();
    let handled;
    const done = new Promise((resolve) => (handled = resolve));
    const hive = await createHive({ actors: [Work], provider, logger: silentLogger, environment: {} });
    await hive.start();
    await hive.push(new Event("Queued", {}, { queueName: "Queue" }));
    await done;
    await hive.stop();
    console.log("stopped");`;
  const options = ["--import", "tsx", "-C", "beehive-source", "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, options, { timeout: 15_000 });
  assert.is(stdout, "stopped\n");
});

test("a short lease expires in its time despite a longer one", async () => {
  const { clock, queues, lease } = await scene();
  await queues.push([event("long"), event("short")]);
  await lease({ leaseMs: 60_000 });
  await lease({ leaseMs: 100 });
  await clock.advance(100);
  assert.equal(
    (await lease()).map((one) => [one.event.getBody(), one.attempt]),
    [["short", 2]],
  );
});

test("an expired lease is LeaseLost before any timer fires", async () => {
  const clock = new ForgetfulClock();
  const { queues } = new MemoryProvider({ clock });
  await queues.ensure([spec]);
  await queues.push([event("late")]);
  const [lease] = await queues.lease(name, { max: 1, leaseMs: 100, waitMs: 0, signal: new AbortController().signal });
  assert.ok(lease);
  clock.forget();
  while (clock.now() <= lease.expiresAt) await new Promise(setImmediate);
  await throwsCode("LeaseLost", () => queues.commit(lease, []));
});

test("a requeued dead letter goes behind waiting events", async () => {
  const { queues, lease } = await scene();
  await queues.push([event("dead")]);
  const [dead] = await lease();
  if (!dead) throw new Error("nothing was there");
  await queues.deadLetter(dead, letterFor(dead));
  await queues.push([event("waiting")]);
  await queues.requeue(name, "letter-1");
  assert.equal(
    (await lease({ max: 2 })).map((one) => one.event.getBody()),
    ["waiting", "dead"],
  );
});

test("an aborted poll passes its wake-up on", async () => {
  const { clock, queues, lease } = await scene();
  const stop = new AbortController();
  const other = lease({ waitMs: 20_000 });
  // The last waiter is woken first.
  const aborted = lease({ waitMs: 20_000, signal: stop.signal });
  await clock.advance(0);
  const pushed = queues.push([event("for the other")]);
  stop.abort();
  await pushed;
  await clock.advance(0);
  assert.equal(await aborted, []);
  assert.equal(
    (await other).map((one) => one.event.getBody()),
    ["for the other"],
  );
  assert.is(clock.now(), new ManualClock().now(), "no time has passed");
});

test("a waiting poll fails when its queue is deleted", async () => {
  const { clock, queues, lease } = await scene();
  const poll = throwsCode("QueueNotFound", () => lease({ waitMs: 20_000 }));
  await clock.advance(0);
  await queues.delete(name);
  await poll;
  await queues.ensure([spec]);
  await queues.push([event("after")]);
  assert.is((await lease()).length, 1);
});

test("closing leaves no timer", async () => {
  const { clock, provider, queues, lease } = await scene();
  await queues.push([
    event(1),
    event(2),
    new Event("Queued", 3, { queueName: "Queue", enqueueTime: new Date(clock.now() + 1_000) }),
  ]);
  const [first] = await lease();
  await queues.abandon(first as Lease, { delayMs: 500, countAttempt: true });
  await lease();
  await provider.close();
  assert.is(clock.pending, 0);
});

test("an event id is forgotten after the window", async () => {
  const { clock, queues, lease } = await scene();
  const pushed = event("again");
  await queues.push([pushed]);
  await clock.advance(9 * 60_000);
  await queues.push([pushed]);
  assert.is((await lease({ max: 10 })).length, 1);
  await clock.advance(21 * 60_000);
  await queues.push([pushed]);
  assert.is((await lease({ max: 10 })).length, 2, "the one whose lease ended, and the new one");
});

test("the configured size limit counts bytes", async () => {
  const provider = new MemoryProvider({ maxEventBytes: 100 });
  const { queues } = provider;
  await queues.ensure([spec]);
  await queues.push([event("x".repeat(98))]);
  await throwsCode("TooLarge", () => queues.push([event("x".repeat(99))]));
  await throwsCode("TooLarge", () => queues.push([event("ü".repeat(50))]));
  await throwsCode("TooLarge", () => queues.push([event(new Uint8Array(101))]));
  await provider.close();
});

test("an abandoned event goes first and is the oldest", async () => {
  const { clock, queues, lease } = await scene();
  await queues.push([event("first")]);
  await clock.advance(1);
  await queues.push([event("second")]);
  const [first] = await lease();
  await queues.abandon(first as Lease, { delayMs: 0, countAttempt: true });
  assert.is(await queues.oldest?.(name), first?.event.timestamp.getTime());
  assert.equal(
    (await lease({ max: 2 })).map((one) => one.event.getBody()),
    ["first", "second"],
  );
});

test("a queue that becomes ordered leases one event of a key", async () => {
  const { queues, lease } = await scene();
  await queues.ensure([{ ...spec, ordered: true }]);
  await queues.push([1, 2].map((n) => event(n).clone({ partitionKey: "k" })));
  const [first, ...more] = await lease({ max: 2 });
  assert.is(more.length, 0);
  assert.equal(await queues.counts(name), { ready: 1, leased: 1, delayed: 0, dead: 0 });
  await queues.commit(first as Lease, []);
  assert.equal(await queues.counts(name), { ready: 1, leased: 0, delayed: 0, dead: 0 });
  assert.is((await lease({ max: 2 }))[0]?.event.getBody(), 2);
});

test("an event behind its key goes before later ones", async () => {
  const { queues, lease } = await scene();
  await queues.ensure([{ ...spec, ordered: true }]);
  const keyed = (body: string): Event => event(body).clone({ partitionKey: "k" });
  await queues.push([keyed("k1"), keyed("k2"), event("other")]);
  const [first] = await lease();
  assert.is((await lease())[0]?.event.getBody(), "other");
  await queues.push([event("later")]);
  await queues.commit(first as Lease, []);
  assert.is((await lease())[0]?.event.getBody(), "k2");
});

test("a lease renewed for less expires earlier", async () => {
  const { clock, queues, lease } = await scene();
  await queues.push([event("a")]);
  const leases = await lease({ leaseMs: 60_000 });
  assert.equal(await queues.renew(leases, 100), [true]);
  await clock.advance(100);
  assert.is((await queues.counts(name)).ready, 1);
});

test("a delayed event is ready in time, and first if abandoned", async () => {
  const { clock, queues, lease } = await scene();
  await queues.push([event("back"), event("new")]);
  const [back] = await lease();
  await queues.abandon(back as Lease, { delayMs: 100, countAttempt: true });
  await clock.advance(99);
  assert.equal(await queues.counts(name), { ready: 1, leased: 0, delayed: 1, dead: 0 });
  await clock.advance(1);
  assert.equal(await queues.counts(name), { ready: 2, leased: 0, delayed: 0, dead: 0 });
  assert.is((await lease())[0]?.event.getBody(), "back");
});

test("closing ends waiting polls and refuses later ones", async () => {
  const { clock, provider, lease } = await scene();
  const poll = throwsCode("InvalidState", () => lease({ waitMs: 20_000 }));
  await clock.advance(0);
  await provider.close();
  await poll;
  await throwsCode("InvalidState", () => lease());
});

test("an id known in another queue is new in a queue made again", async () => {
  const { queues, lease } = await scene();
  const other = QueueName.queue("Other");
  const made = QueueName.queue("Made");
  await queues.ensure([{ ...spec, name: other }]);
  await queues.push([new Event("Queued", 1, { id: "same", queueName: "Other" })]);
  await queues.delete(name);
  await throwsCode("QueueNotFound", () => lease());
  await queues.ensure([{ ...spec, name: made }]);
  await queues.push([new Event("Queued", 1, { id: "same", queueName: "Made" })]);
  assert.is((await queues.counts(made)).ready, 1);
});

test.run();
