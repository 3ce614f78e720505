/** Dead letters that are requeued, listed and counted; commits of a group that is rolled back. */
import * as assert from "uvu/assert";
import { openDriver } from "../../../providers/sqlite/file/driver.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import type { SqliteLease } from "../../../providers/sqlite/queues/lease.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { letterFor } from "../../../src/testing/contracts/scratch-queue.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const test = suite("sqlite: letters");
const name = QueueName.queue("Letters");

async function withLetters(work: (queues: SqliteProvider["queues"], path: string) => Promise<void>): Promise<void> {
  using file = sqliteFile();
  const provider = new SqliteProvider({ file: file.path });
  try {
    await provider.queues.ensure([{ name, ordered: false, leaseMs: 60_000, maxAttempts: 3 }]);
    await work(provider.queues, file.path);
  } finally {
    await provider.close();
  }
}

const letter = (body: unknown, id?: string): Event => new Event("Letter", body, { queueName: "Letters", id });

function take(queues: SqliteProvider["queues"], max: number): Promise<SqliteLease[]> {
  return queues.lease(name, { max, leaseMs: 60_000, waitMs: 0, signal: new AbortController().signal });
}

test("commits of a rolled-back group are retried one by one", () =>
  withLetters(async (queues) => {
    await queues.push([letter(1), letter(2)]);
    const [first, second] = (await take(queues, 2)) as [SqliteLease, SqliteLease];
    const broken = (): void => {
      throw new TypeError("what a driver throws");
    };
    const [committed, failed] = await Promise.allSettled([
      queues.commitStep(first, [], {}),
      queues.commitStep(second, [], { write: broken }),
    ]);
    assert.equal([committed.status, failed.status], ["fulfilled", "rejected"]);
    const { leased, ready } = await queues.counts(name);
    assert.equal([leased, ready], [1, 0]);
  }));

test("a requeued dead letter goes behind waiting events", () =>
  withLetters(async (queues) => {
    await queues.push([letter("dead")]);
    const [lease] = (await take(queues, 1)) as [SqliteLease];
    await queues.deadLetter(lease, letterFor(lease));
    await queues.push([letter("waiting")]);
    await queues.requeue(name, "letter-1");
    assert.equal(
      (await take(queues, 2)).map(({ event }) => event.getBody()),
      ["waiting", "dead"],
    );
  }));

test("letters that another program damaged are listed and requeued", () =>
  withLetters(async (queues, path) => {
    await queues.push(["a", "b", "c", "d"].map((id) => letter(id, id)));
    for (const lease of await take(queues, 4)) await queues.deadLetter(lease, letterFor(lease));
    const driver = openDriver(path);
    driver.exec("UPDATE dead_letters SET letter = 'card 4111' WHERE id = 1");
    driver.exec("UPDATE dead_letters SET letter = '7' WHERE id = 2");
    driver.exec(`UPDATE dead_letters SET letter = '{"firstSeen":"soon"}' WHERE id = 3`);
    driver.close();
    const letters = [];
    for await (const one of queues.deadLetters(name)) letters.push(one);
    assert.equal(
      letters.map(({ event }) => event.id),
      ["a", "b", "c", "d"],
    );
    for (const { reason, firstSeen, event, id } of letters) {
      if (event.id !== "d") assert.match(reason, /does not say why: it (is not JSON|is no JSON object|has no reason)/);
      assert.not.match(reason, "4111");
      assert.ok(firstSeen.toISOString());
      await queues.requeue(name, id);
    }
    assert.is((await queues.counts(name)).ready, 4);
  }));

test("listing and finding letters needs no sort and no scan", () =>
  withLetters(async (_, path) => {
    const driver = openDriver(path);
    const planOf = (sql: string): string =>
      driver
        .prepare<{ readonly detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
        .all([])
        .map(({ detail }) => detail)
        .join("; ");
    const listed = planOf("SELECT letter FROM dead_letters WHERE subscription = 1 AND id > 5 ORDER BY id LIMIT 50");
    const found = planOf("SELECT min(id) FROM dead_letters WHERE subscription = 1 AND event_id = 'x'");
    driver.close();
    assert.match(listed, /INDEX dead_letters_by_subscription \(subscription=\? AND rowid>\?\)/);
    assert.match(found, /INDEX dead_letters_by_event \(event_id=\? AND subscription=\?\)/);
    assert.not.match(listed + found, /SCAN|TEMP B-TREE/);
  }));

test.run();
