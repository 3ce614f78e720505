/** Publishing in a transaction, beyond the contract: who is woken and when, and what a transaction cannot see. */
import { createHive, Event, type Hive, type Transaction } from "beehive-actors";
import pg from "pg";
import * as assert from "uvu/assert";
import { PostgresProvider } from "../../../providers/postgres/index.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { actor } from "../../../src/testing/contracts/hive/harness.ts";
import { failureOf } from "../../support/failure.ts";
import { inTransaction, noPostgres, postgresSchema, postgresUrl, query } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("postgres: push within a transaction", { timeoutMs: 60_000, skip: noPostgres });
const schema = postgresSchema();
/** So rarely does a process look by itself that only a notice can be what woke it. */
const url = `${schema.url}&poll=60s`;

test.after(() => schema.drop());

interface Reader extends AsyncDisposable {
  readonly seen: unknown[];
  until(count: number): Promise<void>;
}

/** A hive of its own, as another process has it. */
async function reader(subscription: string, options: { readonly ordered?: boolean } = {}): Promise<Reader> {
  const seen: unknown[] = [];
  let look = (): void => {};
  const note = (event: Event): void => {
    seen.push(event.getBody());
    look();
  };
  const hive = await createHive({ actors: actor(subscription, note, options), provider: url });
  await hive.start();
  return {
    seen,
    async until(count) {
      while (seen.length < count) await new Promise<void>((resolve) => (look = resolve));
    },
    [Symbol.asyncDispose]: () => hive.stop(),
  };
}

const publisher = (): Promise<Hive> => createHive({ provider: url });

test("another process has the events soon after the commit", async () => {
  await using worker = await reader("Soon-Read");
  await using web = await publisher();
  // Until it is told of messages, a process looks for them itself.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  let committedAt = 0;
  await inTransaction(async (within) => {
    await web.push([new Event("Soon", 1), new Event("Soon", 2)], { within });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.is(worker.seen.length, 0);
    committedAt = performance.now();
  });
  await worker.until(2);
  const ms = performance.now() - committedAt;
  assert.ok(ms < 2_000, `it took ${ms} ms`);
});

test("a transaction that commits late is not passed over", async () => {
  await using worker = await reader("Late-Read");
  await using web = await publisher();
  await inTransaction(async (within) => {
    await web.push(new Event("Late", "late"), { within });
    for (let n = 0; n < 50; n++) await web.push(new Event("Late", n));
    await worker.until(50);
  });
  await worker.until(51);
  assert.is(worker.seen.at(-1), "late");
});

test("an ordered event of a long transaction is had soon after the commit", async () => {
  await using worker = await reader("Long-Read", { ordered: true });
  await using web = await publisher();
  await web.push(new Event("Long", 0, { partitionKey: "a" }));
  await worker.until(1);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  let committedAt = 0;
  await inTransaction(async (within) => {
    await web.push(new Event("Long", "late", { partitionKey: "b" }), { within });
    // Others come and go meanwhile.
    for (let n = 1; n <= 10; n++) {
      await web.push(new Event("Long", n, { partitionKey: "a" }));
      await worker.until(n + 1);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    committedAt = performance.now();
  });
  await worker.until(12);
  const ms = performance.now() - committedAt;
  assert.ok(ms < 2_000, `it took ${ms} ms`);
});

test("transactions of one key come in the order of their commits", async () => {
  await using worker = await reader("Line-Read", { ordered: true });
  await using web = await publisher();
  const push = (body: number, within: Transaction): Promise<unknown> =>
    web.push(new Event("Line", body, { partitionKey: "k" }), { within });
  let second: Promise<void> = Promise.resolve();
  await inTransaction(async (first) => {
    await push(1, first);
    second = inTransaction(async (within) => {
      await push(2, within);
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
  });
  await second;
  await worker.until(2);
  assert.equal(worker.seen, [1, 2]);
});

test("a transaction sees topics that were made after it began", async () => {
  await using web = await publisher();
  await web.setup();
  await inTransaction(async (within) => {
    await within.query("SELECT 1");
    await using worker = await reader("New-Read");
    await web.push(new Event("New", 1), { within });
    assert.is(worker.seen.length, 0);
  });
  assert.equal((await web.queue("New-Read").counts()).ready, 1);
});

test("a snapshot that is older than a topic is refused", async () => {
  await using web = await publisher();
  await web.setup();
  const older = inTransaction(async (within) => {
    await within.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    await within.query("SELECT 1");
    await using _ = await reader("Newer-Read");
    await web.push(new Event("Newer", 1), { within });
  });
  const { message } = await throwsCode("Unavailable", () => older);
  assert.match(message, "Repeat it");
});

test("a pool is refused, as its next connection is another", async () => {
  await using web = await publisher();
  await using _ = await reader("Pool-Read");
  const pool = new pg.Pool({ connectionString: postgresUrl });
  try {
    const { message } = await throwsCode("InvalidConfiguration", () => web.push(new Event("Pool"), { within: pool }));
    assert.match(message, "within is a pool");
  } finally {
    await pool.end();
  }
});

test("a transaction of another database is refused", async () => {
  await using web = await publisher();
  await using _ = await reader("Other-Read");
  const other = `other_${process.pid}`;
  await query(`CREATE DATABASE ${other}`);
  const client = new pg.Client({ connectionString: Object.assign(new URL(postgresUrl), { pathname: other }).href });
  await client.connect();
  try {
    await client.query("BEGIN");
    const failure = await failureOf(() => web.push(new Event("Other"), { within: client }));
    assert.match(failure.message, "another database");
  } finally {
    await client.end();
    await query(`DROP DATABASE ${other} WITH (FORCE)`);
  }
});

test("a failed transaction says that it is to be rolled back", async () => {
  await using web = await publisher();
  await using _ = await reader("Failed-Read");
  const failed = inTransaction(async (within) => {
    await within.query("SELECT 1 / 0").catch(() => {});
    await web.push(new Event("Failed"), { within });
  });
  assert.match((await failureOf(failed)).message, "Roll it back");
});

test("a transaction that holds the only connection of the pool is told so", async () => {
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 1 });
  const clock = { ...systemClock, after: (ms: number, call: () => void) => systemClock.after(ms / 20, call) };
  const provider = new PostgresProvider({ pool, schema: schema.name, listen: "off", clock });
  const client = await pool.connect();
  await client.query("BEGIN");
  const push = provider.queues.pushWithin(client, [new Event("Soon", 1)]);
  const { message } = await throwsCode("Timeout", () => push);
  assert.match(message, /holds? every connection/);
  await client.query("ROLLBACK");
  client.release();
  await provider.close();
  await pool.end();
});

test("an object that answers with nothing is no transaction", async () => {
  await using web = await publisher();
  const within = { query: async () => ({ rows: [] }) };
  const { message } = await throwsCode("Unavailable", () => web.push(new Event("Soon", 1), { within }));
  assert.match(message, "Nothing was published in the transaction: its query returned no row");
});

test.run();
