/** Steps of several processes that read and write the same rows: an invariant over two rows, in any order. */
import * as assert from "uvu/assert";
import { PostgresProvider } from "../../../providers/postgres/index.ts";
import { isBeeHiveError } from "../../../src/base/errors.ts";
import type { CollectionStore } from "../../../src/contract/stores.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { inTransaction, noPostgres, postgresSchema, query } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";

const test = suite("postgres: steps that meet", { timeoutMs: 60_000, skip: noPostgres });

const schema = postgresSchema();
const name = QueueName.parse("Meeting");
const leaseMs = 60_000;
/** The statements of this schema. */
const like = `%${schema.name}%`;
const providers = [1, 2, 3].map(() => new PostgresProvider({ url: schema.url }));
const [first] = providers as [PostgresProvider, ...PostgresProvider[]];

test.before(async () => {
  await first.queues.ensure([{ name, ordered: false, leaseMs, maxAttempts: 3 }]);
  // Commits take their time after they have compared what was read: others meet them there.
  await query(
    `CREATE FUNCTION ${schema.name}.linger() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_sleep(0.01); RETURN coalesce(new, old); END'`,
  );
  await query(
    `CREATE TRIGGER linger BEFORE INSERT OR UPDATE OR DELETE ON ${schema.name}.items
      FOR EACH ROW EXECUTE FUNCTION ${schema.name}.linger()`,
  );
});
test.after(async () => {
  for (const provider of providers) await provider.close();
  await schema.drop();
});

interface Row {
  readonly id: string;
  readonly value: number;
}

/** Runs `work` as steps, until it was committed `times` times by each of `lanes` lanes of each process. */
async function steps(
  times: number,
  lanes: number,
  work: (rows: CollectionStore<Row>, lane: number) => Promise<void>,
): Promise<number> {
  let conflicts = 0;
  const lane = async (provider: PostgresProvider, number: number): Promise<void> => {
    for (let done = 0; done < times;) {
      await provider.queues.push([new Event("Meeting", number, { queueName: "Meeting" })]);
      const signal = new AbortController().signal;
      const [lease] = await provider.queues.lease(name, { max: 1, leaseMs, waitMs: 5_000, signal });
      if (!lease) continue;
      for (;;) {
        const step = provider.beginStep(lease);
        try {
          await work(step.stores.collection<Row>("Rows"), number);
          await step.commit([]);
          done++;
          break;
        } catch (error) {
          step.discard();
          if (!isBeeHiveError(error, "ConcurrencyConflict")) throw error;
          conflicts++;
        }
      }
    }
  };
  await Promise.all(providers.flatMap((one, p) => Array.from({ length: lanes }, (_, n) => lane(one, p * lanes + n))));
  return conflicts;
}

test("writes that wait for another change of their row are done", async () => {
  const rows = first.stores.collection<Row>("Blind");
  await rows.upsert({ id: "changed", value: 1 });
  await rows.upsert({ id: "deleted", value: 1 });
  let waiting: Promise<unknown> = Promise.resolve();
  await inTransaction(async (client) => {
    await client.query(`UPDATE ${schema.name}.items SET etag = 'other' WHERE id IN ('changed', 'deleted')`);
    waiting = Promise.all([rows.upsert({ id: "changed", value: 2 }), rows.delete("deleted")]);
    while (
      (await query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1", [like]))
        .length === 0
    )
      await new Promise((resolve) => setTimeout(resolve, 20));
  });
  await waiting;
  const left: unknown[] = [];
  for await (const { id, value } of rows.all()) left.push([id, value]);
  assert.equal(left, [["changed", 2]]);
});

test("an invariant over two rows holds when steps write one of them", async () => {
  const rows = first.stores.collection<Row>("Rows");
  for (const id of ["a", "b"]) await rows.upsert({ id, value: 0 });
  // Never both 1: each step reads both and sets one, if the other is 0.
  let broken = 0;
  let watching = true;
  const watcher = (async () => {
    while (watching) {
      const found = await query<{ readonly sum: string }>(
        `SELECT sum((value::json ->> 'value')::int) AS sum FROM ${schema.name}.items WHERE id IN ('a', 'b')`,
      );
      if (Number(found[0]?.sum) > 1) broken++;
    }
  })();
  const conflicts = await steps(20, 2, async (store, lane) => {
    const own = await store.get(lane % 2 === 0 ? "a" : "b");
    const other = await store.get(lane % 2 === 0 ? "b" : "a");
    await store.update({ ...own, value: own.value === 1 || other.value === 1 ? 0 : 1 });
  });
  watching = false;
  await watcher;
  assert.is(broken, 0);
  assert.ok(conflicts > 0, "no steps met");
});

test("steps that touch the same rows in any order never deadlock", async () => {
  const before = await deadlocks();
  const ids = Array.from({ length: 8 }, (_, n) => `row-${n}`);
  await steps(20, 2, async (store) => {
    const some = ids.toSorted(() => Math.random() - 0.5).slice(0, 4);
    for (const [index, id] of some.entries()) {
      const found = await store.find(id);
      if (index % 2 === 0) await store.upsert({ ...found, id, value: (found?.value ?? 0) + 1 });
      else if (index === 3 && found) await store.delete(id);
    }
  });
  assert.is((await deadlocks()) - before, 0);
});

test("two steps that both saw nothing do not both insert", async () => {
  const rows = first.stores.collection<Row>("Rows");
  // Each inserts its own row where it sees no other: at most one row comes to be.
  await steps(5, 2, async (store, lane) => {
    const others = await Promise.all(["x", "y"].map((id) => store.find(id)));
    if (others.every((one) => one === undefined)) await store.insert({ id: lane % 2 === 0 ? "x" : "y", value: 1 });
  });
  const found = await Promise.all(["x", "y"].map((id) => rows.exists(id)));
  assert.is(found.filter(Boolean).length, 1);
  const [left] = await query<{ readonly count: string }>(`SELECT count(*) FROM ${schema.name}.items WHERE etag = ''`);
  assert.is(Number(left?.count), 0, "nothing that stood in is left");
});

async function deadlocks(): Promise<number> {
  const [row] = await query<{ readonly deadlocks: string }>(
    "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
  );
  return Number(row?.deadlocks);
}

test.run();
