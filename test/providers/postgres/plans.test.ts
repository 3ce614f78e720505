/** Plans of statements: those that were made for empty tables serve full ones. */
import * as assert from "uvu/assert";
import pg from "pg";
import { PostgresProvider } from "../../../providers/postgres/index.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { counted } from "../../support/postgres-statistics.ts";
import { noPostgres, postgresSchema, postgresUrl, query } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";

const test = suite("postgres: plans", { timeoutMs: 60_000, skip: noPostgres });

const names = ["Loose", "Lined"].map((name) => QueueName.parse(name));
const leaseMs = 60_000;
const waiting = 2_000;
const leased = 20;
const itemIds = Array.from({ length: 10 }, (_, n) => `item-${n}`);
/** A plan for constants is made five times before one for all values. */
const rounds = 8;
const tables = ["messages", "lines", "line_messages", "items"];

test("settling a lease reads no other messages, however few vacuum found", async () => {
  const schema = postgresSchema();
  // A single connection, which reads its own statistics.
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 1 });
  const provider = new PostgresProvider({ pool, schema: schema.name, listen: "off" });
  const { queues, stores } = provider;
  const items = stores.collection<{ readonly id: string; readonly count: number }>("Passed");
  await queues.ensure(names.map((name, index) => ({ name, ordered: index === 1, leaseMs, maxAttempts: 3 })));

  let count = 0;
  async function push(many: number): Promise<void> {
    for (const name of names) {
      const queueName = name.toString();
      await queues.push(
        Array.from({ length: many }, () => new Event("Passing", null, { queueName, partitionKey: `key-${++count}` })),
      );
    }
  }

  /** Settles leases in each way, several at once. */
  async function settle(): Promise<void> {
    const { signal } = new AbortController();
    const at = new Date();
    for (const name of names) {
      const leases = await queues.lease(name, { max: leased, leaseMs, waitMs: 0, signal });
      assert.is((await queues.renew(leases, leaseMs)).filter(Boolean).length, leased);
      const settling = leases.map((lease, index): Promise<void> => {
        if (index % 4 === 0) return queues.commit(lease, []);
        if (index % 4 === 1) return queues.abandon(lease, { delayMs: 0, countAttempt: true });
        if (index % 4 === 2) return queues.abandon(lease, { delayMs: leaseMs, countAttempt: true });
        const why = { reason: "Unwanted.", errorName: "Error", errorMessage: "unwanted", stack: undefined };
        const where = { actor: "Settling", subscription: name.toString(), attempts: 1, firstSeen: at, lastSeen: at };
        return queues.deadLetter(lease, { event: lease.event, ...why, ...where });
      });
      await Promise.all(settling);
    }
    await Promise.all(itemIds.map((id) => items.upsert({ id, count: ++count })));
  }

  const entriesRead = (): Promise<readonly number[]> =>
    counted(
      pool,
      `SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = $1 AND relname = ANY ($2)
        GROUP BY relname ORDER BY array_position($2, relname::text)`,
      [schema.name, tables],
    );

  for (const few of [0, 2 * leased]) {
    for (let round = 0; round < rounds; round++) {
      await push(leased);
      await settle();
    }
    for (const name of names) await queues.purge(name);
    for (const id of itemIds) await items.delete(id);
    await push(few);
    await query(`VACUUM ANALYZE ${tables.map((table) => `${schema.name}.${table}`).join(", ")}`);
    await push(leased);
    await settle();
    await push(waiting);
    for (let n = 0; n < waiting; n += 50)
      await Promise.all(Array.from({ length: 50 }, (_, one) => items.upsert({ id: `more-${n + one}`, count: n })));

    const before = await entriesRead();
    for (let round = 0; round < rounds; round++) await settle();
    const read = (await entriesRead()).map((one, index) => (one - (before[index] ?? 0)) / rounds);
    // A look counts up to 100 messages that wait.
    for (const one of read) assert.ok(one < waiting / 4, `after ${few}: ${read.join(", ")} of ${tables.join(", ")}`);
  }

  await provider.close();
  await pool.end();
  await schema.drop();
});

test.run();
