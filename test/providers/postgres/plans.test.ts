/** Plans of statements: those that were made for empty tables serve full ones. */
import * as assert from "uvu/assert";
import pg from "pg";
import { PostgresProvider } from "../../../providers/postgres/index.ts";
import type { QueueSpec } from "../../../src/contract/queue-operator.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { forEver } from "../../../src/testing/contracts/topic-log/kept-topic.ts";
import { counted } from "../../support/postgres-statistics.ts";
import { noPostgres, postgresSchema, postgresUrl, query } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";

const test = suite("postgres: plans", { timeoutMs: 60_000, skip: noPostgres });

const leaseMs = 60_000;
const common = { leaseMs, maxAttempts: 3 };
const [loose, lined, kept] = [QueueName.parse("Loose"), QueueName.parse("Lined"), QueueName.parse("Kept-Read")];
const names = [loose, lined, kept];
const specs: readonly QueueSpec[] = [
  { name: loose, ordered: false, ...common },
  { name: lined, ordered: true, ...common },
  { name: QueueName.topic("Kept"), ordered: true, ...common, keep: forEver },
  { name: kept, ordered: true, ...common },
];
const waiting = 2_000;
const leased = 20;
const itemIds = Array.from({ length: 10 }, (_, n) => `item-${n}`);
/** A plan for constants is made five times before one for all values. */
const rounds = 8;
const tables = ["messages", "lines", "line_messages", "items", "log"];

test("settling a lease reads no other messages, however few vacuum found", async () => {
  const schema = postgresSchema();
  // A single connection, which reads its own statistics.
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 1 });
  const provider = new PostgresProvider({ pool, schema: schema.name, listen: "off" });
  const { queues, stores } = provider;
  const items = stores.collection<{ readonly id: string; readonly count: number }>("Passed");
  await queues.ensure(specs);

  let count = 0;
  async function push(many: number): Promise<void> {
    for (const name of names) {
      const queueName = name === kept ? "Kept-" : name.toString();
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
      assert.ok((await queues.renew(leases, leaseMs)).every(Boolean));
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
    for (const one of read) assert.ok(one < waiting / 2, `after ${few}: ${read.join(", ")} of ${tables.join(", ")}`);
  }

  await provider.close();
  await pool.end();
  await schema.drop();
});

test.run();
