/** The command line on PostgreSQL: what its commands show and change there, and what they refuse. */
import { createHive, Event, silentLogger, systemClock, openProvider } from "beehive-actors";
import * as assert from "uvu/assert";
import { actor } from "../../src/testing/contracts/hive/harness.ts";
import { cli } from "../support/cli.ts";
import { noPostgres, postgresSchema, query, type PostgresSchema } from "../support/postgres-server.ts";
import { suite } from "../support/suite.ts";

const test = suite("the command line on postgres", { timeoutMs: 60_000, skip: noPostgres });

let schema: PostgresSchema;
test.before.each(() => {
  schema = postgresSchema();
});
test.after.each(() => schema.drop());

test("setup makes the queues of modules", async () => {
  const modules = "test/cli/modules/shop.ts";
  const looking = await cli(["queues", "--provider", schema.url]);
  assert.match(looking.stderr, /There is no schema test_\S+ in .*beehive setup MODULE/);
  const made = await cli(["setup", modules, "--provider", schema.url]);
  assert.is(made.code, 0, made.stderr);
  const listed = await cli(["queues", "--provider", schema.url, "--json"]);
  assert.ok((JSON.parse(listed.stdout) as unknown[]).length > 0);
});

test("queues, trace and dead-letters tell of a hive", async () => {
  const failing = actor("Orders-Packing", () => Promise.reject(new Error("no such shelf")), {
    retry: { maxAttempts: 1 },
  });
  const hive = await createHive({ actors: failing, provider: schema.url, logger: silentLogger });
  await hive.start();
  await hive.push(new Event("Orders", { id: "o-1" }, { id: "evt-1" }));
  await hive.whenIdle();
  await hive.stop();
  const [queues, letters, trace] = await Promise.all([
    cli(["queues", "--provider", schema.url, "--json"]),
    cli(["dead-letters", "list", "Orders-Packing", "--provider", schema.url]),
    cli(["trace", "evt-1", "--provider", schema.url]),
  ]);
  const [row] = JSON.parse(queues.stdout) as { readonly queue: string; readonly dead: number }[];
  assert.equal([row?.queue, row?.dead], ["Orders-Packing", 1]);
  assert.match(letters.stdout, /no such shelf/);
  assert.match(trace.stdout, /Packing/);
  const requeued = await cli(["dead-letters", "requeue", "Orders-Packing", "evt-1", "--provider", schema.url]);
  assert.is(requeued.code, 0, requeued.stderr);
  const provider = await openProvider(schema.url, { clock: systemClock });
  const [name] = (await provider.queues.names?.()) ?? [];
  assert.ok(name);
  const { ready, dead } = await provider.queues.counts(name);
  assert.equal([ready, dead], [1, 0]);
  await provider.close();
});

test("backup says what to use in its place", async () => {
  await cli(["setup", "test/cli/modules/shop.ts", "--provider", schema.url]);
  const { code, stderr } = await cli(["backup", "monday.db", "--provider", schema.url]);
  assert.is(code, 2);
  assert.match(stderr, /for sqlite: only\. Use pg_dump --schema=/);
});

test("policy prints grants that a database takes", async () => {
  await cli(["setup", "test/cli/modules/shop.ts", "--provider", schema.url]);
  const role = `clerk_${Date.now().toString(36)}`;
  await query(`CREATE ROLE ${role}`);
  const url = new URL(schema.url);
  url.username = role;
  const { code, stdout, stderr } = await cli(["policy", "test/cli/modules/shop.ts", "--provider", url.href]);
  assert.is(code, 0, stderr);
  assert.match(stdout, /^-- The owner of test_\S+ runs these/);
  await query(stdout);
  await query(`DROP OWNED BY ${role}`);
  await query(`DROP ROLE ${role}`);
});

test("the scheme postgresql: means the same", async () => {
  const url = schema.url.replace(/^postgres:/, "postgresql:");
  const provider = await openProvider(url, { clock: systemClock });
  assert.is(provider.name, "postgres");
  await provider.close();
});

test.run();
