/** Commits that cancel events, and what they meet: lines and messages of others. */
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { PostgresProvider } from "../../../providers/postgres/index.ts";
import type { PostgresLease } from "../../../providers/postgres/queues/lease.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { noPostgres, postgresSchema, query } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";

const test = suite("postgres: locks of cancels", { timeoutMs: 10_000, skip: noPostgres });

const schema = postgresSchema();
const lined = QueueName.parse("Lined");
const loose = QueueName.parse("Loose");
const leaseMs = 60_000;
const [one, two] = [1, 2].map(() => new PostgresProvider({ url: schema.url, poll: "20s" })) as [
  PostgresProvider,
  PostgresProvider,
];

test.before(async () => {
  await one.queues.ensure([
    { name: lined, ordered: true, leaseMs, maxAttempts: 3 },
    { name: loose, ordered: false, leaseMs, maxAttempts: 3 },
  ]);
  // A commit that ends the lease of line "b" takes its time before it goes on.
  await query(
    `CREATE FUNCTION ${schema.name}.linger() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_sleep(0.5); RETURN old; END'`,
  );
  await query(
    `CREATE TRIGGER linger AFTER DELETE ON ${schema.name}.line_messages
      FOR EACH ROW WHEN (old.key = 'b') EXECUTE FUNCTION ${schema.name}.linger()`,
  );
});
test.after(async () => {
  for (const provider of [one, two]) await provider.close();
  await schema.drop();
});

const inLine = (partitionKey: string, cancelKey?: string): Event =>
  new Event("Lined", partitionKey, { queueName: "Lined", partitionKey, cancelKey });
const withoutLine = (cancelKey: string): Event => new Event("Loose", 1, { queueName: "Loose", cancelKey });

async function leaseOf(name: QueueName, waitMs = 0): Promise<PostgresLease> {
  const { signal } = new AbortController();
  const [lease] = await one.queues.lease(name, { max: 1, leaseMs, waitMs, signal });
  if (!lease) throw new Error(`${name} has no event that is due`);
  return lease;
}

async function commitStep(lease: PostgresLease, cancelled: readonly string[] = []): Promise<void> {
  await one.queues.commitStep({ lease, events: [], pushed: false, items: [], cancelled });
}

test("a commit that cancels locks lines in the order of their keys", async () => {
  await one.queues.push([inLine("b")]);
  const lease = await leaseOf(lined);
  await one.queues.push([inLine("a", "lined")]);
  const before = await deadlocks();
  const commit = commitStep(lease, ["lined"]);
  await sleep(150);
  await Promise.all([commit, two.queues.push([inLine("a"), inLine("b")])]);
  assert.is((await deadlocks()) - before, 0);
  assert.is(await two.queues.purge(lined), 2);
});

test("a commit that cancels locks messages before lines", async () => {
  await one.queues.push([inLine("b"), inLine("b", "both"), withoutLine("both")]);
  const lease = await leaseOf(lined);
  const before = await deadlocks();
  const commit = commitStep(lease, ["both"]);
  await sleep(150);
  const [, cancelled] = await Promise.all([commit, two.queues.cancel({ key: "both" })]);
  assert.is((await deadlocks()) - before, 0);
  assert.is(cancelled, 0);
  assert.is(await two.queues.purge(lined), 0);
  assert.is(await two.queues.purge(loose), 0);
});

test("a line that a step's cancel frees wakes polls at once", async () => {
  const held = await withHeldLine();
  await commitStep(held.lease, ["head"]);
  await commitNext(held);
});

test("a line that the operator's cancel frees wakes polls of others at once", async () => {
  const held = await withHeldLine();
  assert.is(await two.queues.cancel({ key: "head" }), 1);
  await commitNext(held);
  await commitStep(held.lease);
});

async function commitNext({ next }: { readonly next: Promise<PostgresLease> }): Promise<void> {
  const lease = await next;
  assert.is(lease.event.partitionKey, "c");
  await commitStep(lease);
}

/** Leases a message, and waits for that of a line whose first is retried in an hour. */
async function withHeldLine(): Promise<{ readonly lease: PostgresLease; readonly next: Promise<PostgresLease> }> {
  await one.queues.purge(lined);
  await one.queues.push([inLine("c", "head")]);
  await one.queues.abandon(await leaseOf(lined), { delayMs: 3_600_000, countAttempt: true });
  await one.queues.push([inLine("c"), withoutLine("none")]);
  const lease = await leaseOf(loose);
  const next = leaseOf(lined, 60_000);
  await sleep(100);
  return { lease, next };
}

async function deadlocks(): Promise<number> {
  const [row] = await query<{ readonly deadlocks: string }>(
    "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
  );
  return Number(row?.deadlocks);
}

test.run();
