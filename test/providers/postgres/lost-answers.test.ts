/** Calls whose answer is lost after they were done: they are made again, and nothing happens twice. */
import * as assert from "uvu/assert";
import { PostgresProvider } from "../../../providers/postgres/index.ts";
import type { PostgresLease } from "../../../providers/postgres/queues/lease.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { losingPool } from "../../support/losing-pool.ts";
import { noPostgres, postgresSchema } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("postgres: lost answers", { skip: noPostgres });

const schema = postgresSchema();
const pool = losingPool();
const provider = new PostgresProvider({ pool, schema: schema.name, listen: "off" });
const { queues, stores } = provider;
const leaseMs = 60_000;
const input = QueueName.parse("Input");
const output = QueueName.parse("Output");

test.before(() => queues.ensure([input, output].map((name) => ({ name, ordered: false, leaseMs, maxAttempts: 3 }))));
test.after(async () => {
  await provider.close();
  await pool.end();
  await schema.drop();
});

const request = (waitMs: number): { max: number; leaseMs: number; waitMs: number; signal: AbortSignal } => ({
  max: 10,
  leaseMs,
  waitMs,
  signal: new AbortController().signal,
});

async function leased(): Promise<PostgresLease> {
  await queues.push([new Event("Input", "work", { queueName: "Input" })]);
  const [lease] = await queues.lease(input, request(2_000));
  assert.ok(lease);
  return lease;
}

async function counts(name: QueueName): Promise<unknown> {
  const { ready, leased: held } = await queues.counts(name);
  return { ready, leased: held };
}

test("a push is done once, and its number of duplicates unknown", async () => {
  pool.loseNext("commit_2");
  assert.is(await queues.push([new Event("Output", "once", { queueName: "Output" })]), undefined);
  assert.equal(await counts(output), { ready: 1, leased: 0 });
  for (const lease of await queues.lease(output, request(0))) await queues.commit(lease, []);
});

test("a step that wrote to a store is found committed", async () => {
  const lease = await leased();
  const step = provider.beginStep(lease);
  await step.stores.counters.increment("Steps", "a", 1);
  pool.loseNext("commit_2");
  await step.commit([new Event("Output", "from the step", { queueName: "Output" })]);
  assert.is(await stores.counters.get("Steps", "a"), 1);
  assert.equal(await counts(input), { ready: 0, leased: 0 });
  assert.equal(await counts(output), { ready: 1, leased: 0 });
  for (const one of await queues.lease(output, request(0))) await queues.commit(one, []);
});

test("a step whose output was handed over is found committed", async () => {
  const lease = await leased();
  const poll = queues.lease(output, request(5_000));
  // The poll looks first, and waits then.
  await queues.counts(output);
  await new Promise((resolve) => setTimeout(resolve, 100));
  pool.loseNext("commit_2");
  await queues.commit(lease, [new Event("Output", "handed", { queueName: "Output" })]);
  const [handed] = await poll;
  assert.is(handed?.event.getBody(), "handed");
  assert.is(handed?.attempt, 1);
  await queues.commit(handed as PostgresLease, []);
  assert.equal(await counts(output), { ready: 0, leased: 0 });
});

test("a step of which nothing tells is a lost lease, and done once", async () => {
  const lease = await leased();
  pool.loseNext("commit_2");
  await throwsCode("LeaseLost", () => queues.commit(lease, []));
  assert.equal(await counts(input), { ready: 0, leased: 0 });
});

test("an increment is counted once", async () => {
  pool.loseNext("commit_2");
  assert.is(await stores.counters.increment("Plain", "a", 1), 1);
  assert.is(await stores.counters.get("Plain", "a"), 1);
});

test("a lost claim gives its events back when the lease ends", async () => {
  await queues.push([new Event("Input", "claimed", { queueName: "Input" })]);
  pool.loseNext("take_1");
  const found = await queues.lease(input, { ...request(3_000), leaseMs: 300 });
  assert.equal(
    found.map(({ attempt }) => attempt),
    [2],
  );
  for (const lease of found) await queues.commit(lease, []);
});

test("each case lost an answer", () => {
  assert.is(pool.lost, 6);
});

test.run();
