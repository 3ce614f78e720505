/** Looks for messages and commits read no more of the tables, when vacuum found them empty, and when it is held back. */
import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import pg from "pg";
import { PostgresProvider } from "../../../providers/postgres/index.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { counted } from "../../support/postgres-statistics.ts";
import { noPostgres, postgresSchema, postgresUrl, query } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";

const test = suite("postgres: vacuum held back", { timeoutMs: 90_000, skip: noPostgres });

const name = QueueName.parse("Passing");
const lined = QueueName.parse("Lined");
const leaseMs = 60_000;
/** Rounds while vacuum is held back; every fifth meets a sweep. */
const heldRounds = 8;
const roundMs = 1_100;
/** Changes of an item in a round. */
const changes = 150;

test("a look for messages costs as much as before", async () => {
  const schema = postgresSchema();
  // A single connection, which reads its own statistics.
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 1 });
  // The time between sweeps is virtual: on a slow machine each round would meet one.
  const clock = new ManualClock();
  const taker = new PostgresProvider({ pool, schema: schema.name, listen: "off", clock });
  const pusher = new PostgresProvider({ url: schema.url });
  await taker.queues.ensure([
    { name, ordered: false, leaseMs, maxAttempts: 3 },
    { name: lined, ordered: true, leaseMs, maxAttempts: 3 },
  ]);

  let keys = 0;
  const eventsOf = (queueName: string): Event[] =>
    Array.from({ length: 20 }, (_, n) => new Event("Passing", n, { queueName, partitionKey: `key-${++keys}` }));

  /** Returns how many entries of the indexes were read for each of some events, unordered and ordered. */
  async function cost(): Promise<readonly [messages: number, lines: number]> {
    const [messages, lines] = seen;
    await clock.advance(roundMs);
    for (let batch = 0; batch < 10; batch++)
      for (const queue of [name, lined]) {
        await pusher.queues.push(eventsOf(queue.toString()));
        const { signal } = new AbortController();
        const leases = await taker.queues.lease(queue, { max: 20, leaseMs, waitMs: 0, signal });
        await Promise.all(leases.map((lease) => taker.queues.commit(lease, [])));
      }
    seen = await read();
    return [(seen[0] - messages) / 200, (seen[1] - lines) / 200];
  }

  async function read(): Promise<readonly [messages: number, lines: number]> {
    const [messages = 0, lines = 0] = await counted(
      pool,
      `SELECT sum(idx_tup_read) FILTER (WHERE relname = 'messages'), sum(idx_tup_read) FILTER (WHERE relname = 'lines')
        FROM pg_stat_user_indexes WHERE schemaname = $1`,
      [schema.name],
    );
    return [messages, lines];
  }

  let seen = await read();
  await cost();
  const before = await cost();
  const holder = new pg.Client({ connectionString: postgresUrl });
  await holder.connect();
  await holder.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await holder.query("SELECT 1");
  const held: (readonly [messages: number, lines: number])[] = [];
  while (held.length < heldRounds) {
    // As the server does once a minute: plans are made anew for tables without a row that lives.
    await vacuum(schema.name);
    held.push(await cost());
  }
  await holder.query("ROLLBACK");
  await holder.end();
  // Rows that died in the last second are walked over; now and then a sweep walks over all.
  for (const kind of [0, 1] as const) {
    const second = held[1]?.[kind] ?? 0;
    const last = Math.max(...held.slice(-3).map((one) => one[kind]));
    const told = `${before[kind]} entries an event before, then ${held.map((one) => one[kind]).join(", ")}`;
    assert.ok(last <= 1.3 * second + 4, told);
  }
  await taker.close();
  await pusher.close();
  await pool.end();
  await schema.drop();
});

test("an item that changes often is read as fast as before", async () => {
  const schema = postgresSchema();
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 1 });
  const provider = new PostgresProvider({ pool, schema: schema.name, listen: "off" });
  const { counters } = provider.stores;

  /** Returns how many pages of the table were read for each change. */
  async function cost(): Promise<number> {
    const before = seen;
    for (let change = 0; change < changes; change++) await counters.increment("Hot", "one", 1);
    seen = await read();
    return (seen - before) / changes;
  }

  async function read(): Promise<number> {
    const text = `SELECT heap_blks_read + heap_blks_hit FROM pg_statio_user_tables
      WHERE schemaname = $1 AND relname = 'items'`;
    return (await counted(pool, text, [schema.name]))[0] ?? 0;
  }

  await counters.increment("Hot", "one", 1);
  let seen = await read();
  const before = await cost();
  const holder = new pg.Client({ connectionString: postgresUrl });
  await holder.connect();
  await holder.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await holder.query("SELECT 1");
  const held: number[] = [];
  while (held.length < 4) held.push(await cost());
  await holder.query("ROLLBACK");
  await holder.end();
  assert.ok((held.at(-1) ?? 0) <= 1.3 * before + 4, `${before} pages a change before, then ${held.join(", ")}`);
  await provider.close();
  await pool.end();
  await schema.drop();
});

test("an old transaction is named, with how to end it", async () => {
  const schema = postgresSchema();
  const provider = new PostgresProvider({ url: schema.url });
  await provider.ready();
  assert.equal(await provider.warnings(), []);
  const holder = new pg.Client({ connectionString: postgresUrl });
  await holder.connect();
  await holder.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await holder.query("SELECT 1");
  const [warning] = await provider.warnings(-1);
  assert.match(warning ?? "", /has held vacuum back for \d+ s.*SELECT pg_terminate_backend\(\d+\)/);
  await holder.end();
  await provider.close();
  await schema.drop();
});

/** Vacuums all tables of the hive. */
async function vacuum(schema: string): Promise<void> {
  await query(`VACUUM ${["messages", "lines", "line_messages"].map((table) => `${schema}.${table}`).join(", ")}`);
}

test.run();
