/** Several processes on one schema: notices, killed ones, and what an idle one asks of the server. */
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { PostgresProvider } from "../../../providers/postgres/index.ts";
import type { PostgresOptions } from "../../../providers/postgres/index.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { assertOnce } from "../../support/effects.ts";
import { Worker } from "../../support/effects-process.ts";
import { losingPool } from "../../support/losing-pool.ts";
import { noPostgres, postgresSchema, query } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";

const test = suite("postgres: processes", { timeoutMs: 60_000, skip: noPostgres });

/** Longer than any test: an event that is leased again sooner did not wait for the end of its lease. */
const leaseMs = 600_000;
const name = QueueName.parse("Shared");

async function opened(options: PostgresOptions): Promise<PostgresProvider> {
  const provider = new PostgresProvider(options);
  await provider.queues.ensure([{ name, ordered: false, leaseMs, maxAttempts: 3 }]);
  return provider;
}

const poll = ({ queues }: PostgresProvider, waitMs: number): ReturnType<typeof queues.lease> =>
  queues.lease(name, { max: 10, leaseMs, waitMs, signal: new AbortController().signal });

const event = (body: unknown): Event => new Event("Shared", body, { queueName: "Shared" });

for (const listen of ["on", "off"] as const) {
  test(`with listen=${listen} a push of another process wakes a poll within a second`, async () => {
    const schema = postgresSchema();
    const [one, other] = [await opened({ url: schema.url, listen, poll: 30_000 }), await opened({ url: schema.url })];
    const waiting = poll(one, 20_000);
    // The process listens by then.
    await sleep(1_500);
    const pushedAt = Date.now();
    await other.queues.push([event("told")]);
    const [lease] = await waiting;
    assert.is(lease?.event.getBody(), "told");
    assert.ok(Date.now() - pushedAt < (listen === "on" ? 1_000 : 1_500), `after ${Date.now() - pushedAt} ms`);
    await one.close();
    await other.close();
    await schema.drop();
  });
}

test("a killed process's events are taken over long before their leases end", async () => {
  const schema = postgresSchema();
  const victim = new Worker({ url: schema.url, jobs: [0, 20], leaseMs, hangs: true });
  await victim.said("handled");
  // It is known by its lock a moment later; what it leased before waits for the end of its lease.
  await sleep(500);
  await victim.kill();
  await query(`UPDATE ${schema.name}.messages SET process = (SELECT max(id) FROM ${schema.name}.processes)`);
  const startedAt = Date.now();
  await new Worker({ url: schema.url, jobs: [0, 0], leaseMs }).done();
  assert.ok(Date.now() - startedAt < 30_000);
  await assertOnce(schema.url, 20);
  await schema.drop();
});

test("a lock of a dead process is free long before its ttl", async () => {
  const schema = postgresSchema();
  const provider = await opened({ url: schema.url, poll: 100 });
  const held = await provider.stores.locks.tryLock("door", { ttl: "10m" });
  assert.ok(held);
  await query(`INSERT INTO ${schema.name}.processes (id) OVERRIDING SYSTEM VALUE VALUES (999)`);
  await query(
    `UPDATE ${schema.name}.items SET value = jsonb_set(value::jsonb, '{holder}', '"999"')::text WHERE store = 'lock'`,
  );
  const end = new AbortController();
  const waiting = provider.queues.lease(name, { max: 1, leaseMs, waitMs: 20_000, signal: end.signal });
  const next = await provider.stores.locks.tryLock("door", { wait: "15s" });
  assert.ok(next);
  end.abort();
  await waiting;
  await provider.close();
  await schema.drop();
});

test("a process whose connection is lost for a moment keeps its leases", async () => {
  const schema = postgresSchema();
  const [one, other] = [await opened({ url: schema.url, poll: 100 }), await opened({ url: schema.url, poll: 100 })];
  const waiting = poll(other, 3_000);
  const first = poll(one, 10_000);
  await sleep(1_000);
  await one.queues.push([event("kept"), event("kept too")]);
  const leases = [...(await first), ...(await poll(one, 0))];
  await query(
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid IN " +
      "(SELECT pid FROM pg_stat_activity WHERE query LIKE $1)",
    [`%${schema.name}%`],
  );
  const taken = [...(await waiting), ...leases];
  assert.is(taken.length, 2, "none is leased twice");
  await Promise.all(leases.map((lease) => one.queues.commit(lease, [])));
  await one.close();
  await other.close();
  await schema.drop();
});

test("two processes share the work, each job once", async () => {
  const schema = postgresSchema();
  const url = `${schema.url}&deduplication=1h`;
  const workers = [
    new Worker({ url, jobs: [0, 400], leaseMs: 5_000, workMs: 5, stays: true }),
    new Worker({ url, jobs: [400, 400], leaseMs: 5_000, workMs: 5, stays: true }),
  ];
  while (workers.reduce((sum, { handled }) => sum + handled, 0) < 400) await sleep(50);
  const shares = workers.map(({ handled }) => handled);
  for (const worker of workers) await worker.kill();
  await new Worker({ url, jobs: [0, 0], leaseMs: 5_000 }).done();
  await assertOnce(url, 400);
  assert.ok(Math.min(...shares) > 20, `they did ${shares.join(" and ")}`);
  await schema.drop();
});

test("an idle process asks less than once a second", async () => {
  const schema = postgresSchema();
  const pool = losingPool();
  const provider = await opened({ pool, schema: schema.name });
  const names = Array.from({ length: 8 }, (_, n) => QueueName.parse(`Idle-Reader${n}`));
  await provider.queues.ensure(names.map((one) => ({ name: one, ordered: false, leaseMs, maxAttempts: 3 })));
  const end = new AbortController();
  const polls = names.map((one) =>
    provider.queues.lease(one, { max: 10, leaseMs, waitMs: 30_000, signal: end.signal }),
  );
  await sleep(2_000);
  const before = pool.statements.length;
  await sleep(6_000);
  const asked = pool.statements.length - before;
  end.abort();
  await Promise.all(polls);
  assert.ok(asked > 0 && asked < 6, `${asked} statements in 6 s`);
  await provider.close();
  await pool.end();
  await schema.drop();
});

test.run();
