/** Commits of several processes to the same lines, the keys of an ordered subscription. */
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { PostgresProvider } from "../../../providers/postgres/index.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { noPostgres, postgresSchema, query } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";

const test = suite("postgres: lines that meet", { timeoutMs: 30_000, skip: noPostgres });

const schema = postgresSchema();
const name = QueueName.parse("Lined");
const leaseMs = 60_000;
const [one, two, three] = [1, 2, 3].map(() => new PostgresProvider({ url: schema.url })) as [
  PostgresProvider,
  PostgresProvider,
  PostgresProvider,
];

test.before(async () => {
  await one.queues.ensure([{ name, ordered: true, leaseMs, maxAttempts: 3 }]);
  // A commit that begins line "a" takes its time before it goes on.
  await query(
    `CREATE FUNCTION ${schema.name}.linger() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_sleep(0.5); RETURN new; END'`,
  );
  await query(
    `CREATE TRIGGER linger AFTER INSERT ON ${schema.name}.lines
      FOR EACH ROW WHEN (new.key = 'a') EXECUTE FUNCTION ${schema.name}.linger()`,
  );
});
test.after(async () => {
  for (const provider of [one, two, three]) await provider.close();
  await schema.drop();
});

const push = ({ queues }: PostgresProvider, ...keys: readonly string[]): Promise<unknown> =>
  queues.push(keys.map((partitionKey) => new Event("Lined", partitionKey, { queueName: "Lined", partitionKey })));

test("commits that begin lines which others continue never deadlock", async () => {
  const before = await deadlocks();
  const begins = push(one, "b", "a");
  await sleep(150);
  await push(two, "b");
  await Promise.all([begins, push(three, "a", "b")]);
  assert.is((await deadlocks()) - before, 0);
});

test("a line that is begun for a known event is removed", async () => {
  const { queues } = two;
  const take = async (): Promise<number> => {
    const { signal } = new AbortController();
    const leases = await queues.lease(name, { max: 10, leaseMs, waitMs: 0, signal });
    await Promise.all(leases.map((lease) => queues.commit(lease, [])));
    return leases.length;
  };
  const event = new Event("Lined", "c", { queueName: "Lined", partitionKey: "c", id: "known" });
  await queues.push([event]);
  while ((await take()) > 0);
  assert.is(await queues.push([event]), 1);
  assert.is(await take(), 0);
  assert.equal(await query(`SELECT * FROM ${schema.name}.lines`), []);
  assert.equal(await queues.counts(name), { ready: 0, leased: 0, delayed: 0, dead: 0 });
});

async function deadlocks(): Promise<number> {
  const [row] = await query<{ readonly deadlocks: string }>(
    "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
  );
  return Number(row?.deadlocks);
}

test.run();
