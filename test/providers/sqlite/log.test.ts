/** Topics that keep their events, in several processes and across kills. `BEEHIVE_LOG_EVENTS` sets the length of a log. */
import * as assert from "uvu/assert";
import { availableDrivers, openDriver } from "../../../providers/sqlite/file/driver.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import type { KeepRule } from "../../../src/contract/topic-log.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { forEver } from "../../../src/testing/contracts/topic-log/kept-topic.ts";
import { products } from "../../support/log-worker.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { Worker } from "../../support/effects-process.ts";
import {
  handleAll,
  killAt,
  publish,
  reader,
  readAll,
  replayed,
  startOver,
  topic,
  totalsOf,
} from "../../support/log-totals.ts";
import { suite } from "../../support/suite.ts";

const length = Number(process.env["BEEHIVE_LOG_EVENTS"] ?? 5_000);
const test = suite("sqlite: log", { timeoutMs: 60_000 + length * 10 });

const common = { leaseMs: 60_000, maxAttempts: 10 };

async function keeping(file: string, rule: Partial<KeepRule> = {}, ordered = true): Promise<SqliteProvider> {
  const provider = new SqliteProvider({ file });
  const keep = { ...forEver, ...rule };
  await provider.queues.ensure([
    { name: topic, ordered, ...common, keep },
    { name: reader, ordered, ...common },
  ]);
  return provider;
}

test(`a rewind over ${length} events gives the totals of the first run`, async () => {
  using file = sqliteFile();
  const provider = await keeping(file.path);
  await publish(provider, length);
  await handleAll(provider);
  const first = await totalsOf(provider);
  assert.is(
    first.reduce((sum, { events }) => sum + events, 0),
    length,
  );
  await startOver(provider);
  await handleAll(provider);
  assert.equal(await totalsOf(provider), first);
  await provider.close();
});

test("a rebuild that is killed and started again gives the same totals", async () => {
  using file = sqliteFile();
  const provider = await keeping(file.path);
  await publish(provider, length);
  await handleAll(provider);
  const first = await totalsOf(provider);
  await startOver(provider);
  const url = `sqlite:${file.path}`;
  for (let kill = 1; kill <= 3; kill++) {
    const victim = new Worker({ url }, "log-worker.ts");
    await victim.said(`handled ${killAt(length)}`);
    await victim.kill();
  }
  const { behind } = await provider.queues.log.position(reader);
  assert.ok(behind > 0 && behind < length, `${behind} events are behind`);
  await new Worker({ url }, "log-worker.ts").done();
  assert.equal(await totalsOf(provider), first);
  await provider.close();
});

test("a replay reads the log and the stores, and finds no difference", async () => {
  using file = sqliteFile();
  const provider = await keeping(file.path);
  await publish(provider, 200);
  await handleAll(provider);
  assert.equal(await replayed(provider), { events: 200, same: products, differences: [] });
  await provider.close();
});

test("eight publishing processes leave no gap and skip no event", async () => {
  using file = sqliteFile();
  const provider = await keeping(file.path);
  const each = 200;
  const url = `sqlite:${file.path}`;
  const publishers = Array.from(
    { length: 8 },
    (_, n) => new Worker({ url, sales: [n * each, (n + 1) * each] }, "log-worker.ts"),
  );
  const total = 8 * each;
  const seen: number[] = [];
  const ended = Promise.all(publishers.map((one) => one.done()));
  const { signal } = new AbortController();
  while (seen.length < total) {
    const some = await provider.queues.log.read(topic, { from: seen.length, limit: 500 });
    seen.push(...some.map(({ position }) => position));
    if (some.length === 0) await provider.queues.log.wait(topic, seen.length, 10_000, signal);
  }
  await ended;
  assert.equal(
    seen,
    seen.map((_, n) => n),
  );
  assert.is(new Set((await readAll(provider)).map(({ event }) => event.id)).size, total);
  await handleAll(provider);
  const totals = await totalsOf(provider);
  assert.equal([totals.length, totals.reduce((sum, { events }) => sum + events, 0)], [products, total]);
  await provider.close();
});

test("an event is stored once for all subscriptions", async () => {
  using file = sqliteFile();
  const provider = await keeping(file.path, {}, false);
  const others = ["Sale-A", "Sale-B"].map((name) => ({ name: QueueName.parse(name), ordered: false, ...common }));
  await provider.queues.ensure(others);
  await provider.queues.push([new Event("Sale", "x".repeat(1_000), { queueName: "Sale-" })]);
  const { signal } = new AbortController();
  for (const name of [reader, ...others.map((one) => one.name)])
    assert.is((await provider.queues.lease(name, { max: 1, leaseMs: 60_000, waitMs: 0, signal })).length, 1);
  const database = openDriver(file.path);
  const sums = database.prepare("SELECT count(*) AS rows, sum(length(body)) AS bytes FROM messages").get([]);
  database.close();
  assert.equal({ ...(sums as object) }, { rows: 3, bytes: 0 });
  await provider.close();
});

test("an event that is being handled outlives its row of the log", async () => {
  using file = sqliteFile();
  const provider = await keeping(file.path, { forMs: 1 }, false);
  await publish(provider, 1);
  const { signal } = new AbortController();
  const request = { max: 1, leaseMs: 60_000, waitMs: 0, signal };
  const [lease] = await provider.queues.lease(reader, request);
  assert.ok(lease);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await provider.queues.log.trim();
  assert.equal(await readAll(provider), []);
  await provider.queues.abandon(lease, { delayMs: 0, countAttempt: true });
  // Another process has no copy in its memory.
  await provider.close();
  const other = new SqliteProvider({ file: file.path });
  const [again] = await other.queues.lease(reader, request);
  assert.equal([again?.attempt, again?.event.toRecord()], [2, lease.event.toRecord()]);
  await other.close();
});

test("old events go by themselves, a thousand at a time", async () => {
  using file = sqliteFile();
  const provider = await keeping(file.path, { forMs: 1, evenUnread: true }, false);
  await publish(provider, 2_500);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  for (let n = 0; n < 4; n++) await provider.queues.ensure([{ name: reader, ordered: false, ...common }]);
  assert.equal(await provider.queues.log.range(topic), { first: 2_500, next: 2_500 });
  const database = openDriver(file.path);
  const { bytes } = database.prepare<{ bytes: number }>("SELECT bytes FROM kept_topics").get([]) ?? {};
  database.close();
  assert.is(bytes, 0);
  await provider.close();
});

test("a deleted topic takes its log with it", async () => {
  using file = sqliteFile();
  const provider = await keeping(file.path);
  await publish(provider, 10);
  await provider.queues.delete(topic);
  assert.equal(await provider.queues.log.topics(), []);
  const database = openDriver(file.path);
  for (const table of ["log", "kept_topics", "readers", "messages"])
    assert.is(database.prepare<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).get([])?.n, 0, table);
  database.close();
  await provider.close();
});

for (const driver of availableDrivers()) {
  test(`${driver}: ids of rows stay exact for topics of any number`, async () => {
    using file = sqliteFile();
    const provider = new SqliteProvider({ file: file.path, driver });
    await provider.queues.ensure([{ name: QueueName.topic("First"), ordered: false, ...common }]);
    const database = openDriver(file.path, driver);
    database.exec("UPDATE sqlite_sequence SET seq = 4000001 WHERE name = 'destinations'");
    database.close();
    const spec = { ordered: false, ...common };
    await provider.queues.ensure([
      { name: topic, ...spec, keep: forEver },
      { name: reader, ...spec },
    ]);
    await publish(provider, 40);
    const leases = await provider.queues.lease(reader, {
      max: 50,
      leaseMs: 60_000,
      waitMs: 0,
      signal: new AbortController().signal,
    });
    assert.equal(
      leases.map(({ event }) => event.partitionKey),
      Array.from({ length: 40 }, (_, n) => `product-${n}`),
    );
    await Promise.all(leases.map((one) => provider.queues.commit(one, [])));
    assert.equal(await provider.queues.log.position(reader), { position: 40, behind: 0, oldest: undefined });
    await provider.close();
  });
}

test.run();
