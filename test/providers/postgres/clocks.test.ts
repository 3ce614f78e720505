/** Processes whose clocks are wrong: leases, delays and locks go by the clock of the server. */
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { PostgresProvider } from "../../../providers/postgres/index.ts";
import { systemClock, type Clock } from "../../../src/base/clock.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { noPostgres, postgresSchema } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("postgres: clocks", { timeoutMs: 30_000, skip: noPostgres });

const schema = postgresSchema();
const hourMs = 3_600_000;
const offBy = (ms: number): Clock => ({
  now: () => Date.now() + ms,
  after: (wait, call) => systemClock.after(wait, call),
});
const [right, ahead, behind] = [0, hourMs, -hourMs].map(
  (ms) => new PostgresProvider({ url: schema.url, clock: offBy(ms), poll: 100 }),
) as [PostgresProvider, PostgresProvider, PostgresProvider];
const name = QueueName.parse("Clocks");

test.before(() => right.queues.ensure([{ name, ordered: false, leaseMs: 1_000, maxAttempts: 3 }]));
test.after(async () => {
  for (const provider of [right, ahead, behind]) await provider.close();
  await schema.drop();
});

const take = ({ queues }: PostgresProvider, waitMs: number, leaseMs = 1_000): ReturnType<typeof queues.lease> =>
  queues.lease(name, { max: 1, leaseMs, waitMs, signal: new AbortController().signal });
const push = ({ queues }: PostgresProvider, body: string): Promise<number | undefined> =>
  queues.push([new Event("Clocks", body, { queueName: "Clocks" })]);

test("a lease of one is not taken by another", async () => {
  for (const [one, other] of [
    [ahead, behind],
    [behind, ahead],
    [right, ahead],
  ] as const) {
    await push(one, "held");
    const [lease] = await take(one, 5_000, 5_000);
    assert.ok(lease);
    assert.equal(await take(other, 300), []);
    await one.queues.commit(lease, []);
  }
});

test("a lease ends in its time, by the clock of its process", async () => {
  for (const [one, offMs] of [
    [ahead, hourMs],
    [behind, -hourMs],
  ] as const) {
    await push(one, "ends");
    const [lease] = await take(one, 5_000);
    assert.ok(lease);
    assert.ok(Math.abs(lease.expiresAt - (Date.now() + offMs + 1_000)) < 500);
    const [again] = await take(right, 5_000, 5_000);
    assert.is(again?.attempt, 2);
    await throwsCode("LeaseLost", () => one.queues.commit(lease, []));
    if (again) await right.queues.commit(again, []);
  }
});

test("a delay lasts as long as it is to", async () => {
  for (const one of [ahead, behind]) {
    await push(one, "delayed");
    const [lease] = await take(one, 5_000, 5_000);
    assert.ok(lease);
    const from = Date.now();
    await one.queues.abandon(lease, { delayMs: 800, countAttempt: true });
    const [again] = await take(right, 5_000, 5_000);
    assert.ok(again);
    assert.ok(Date.now() - from >= 750 && Date.now() - from < 3_000, `${Date.now() - from} ms`);
    await right.queues.commit(again, []);
  }
});

test("a lock is had by one, and lost in its time", async () => {
  const held = await ahead.stores.locks.tryLock("door", { ttl: 1_000 });
  assert.ok(held);
  for (const other of [right, behind]) assert.is(await other.stores.locks.tryLock("door"), undefined);
  await sleep(1_300);
  assert.is(await behind.stores.locks.tryLock("door"), undefined, "it is renewed");
  await held.release();
  const next = await behind.stores.locks.tryLock("door");
  assert.ok(next && next.fencingToken > held.fencingToken);
  await next?.release();
});

test.run();
