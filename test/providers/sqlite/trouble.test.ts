/**
 * Failures of files. SQLite itself reports a full disk and a read-only file, caused by a limit of pages and a read-only
 * connection: a test must not fill a disk, and root may write anywhere.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { SqliteClient } from "../../../providers/sqlite/file/client.ts";
import { defaultConfig } from "../../../providers/sqlite/config.ts";
import { availableDrivers, driverNames, openDriver } from "../../../providers/sqlite/file/driver.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import type { SqliteLease } from "../../../providers/sqlite/queues/lease.ts";
import { SqliteQueueOperator } from "../../../providers/sqlite/queues/queue-operator.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import { openProvider } from "../../../src/hive/open-provider.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const test = suite("sqlite: trouble", { timeoutMs: 30_000 });

const name = QueueName.parse("Letters");
const spec = { name, ordered: false, leaseMs: 30_000, maxAttempts: 3 };
const letter = (body: unknown, id?: string): Event => new Event("Letter", body, { queueName: "Letters", id });

async function lease(queues: SqliteQueueOperator, max = 1): Promise<readonly SqliteLease[]> {
  const { signal } = new AbortController();
  return queues.lease(name, { max, leaseMs: 30_000, waitMs: 0, signal });
}

async function refusal(work: Promise<unknown>): Promise<BeeHiveError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BeeHiveError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

for (const driver of availableDrivers()) {
  test(`${driver}: a full disk is reported and nothing is lost`, async () => {
    using file = sqliteFile();
    const config = { ...defaultConfig, file: file.path, driver };
    const client = new SqliteClient(config, systemClock);
    const queues = new SqliteQueueOperator(client, systemClock, config);
    try {
      await queues.ensure([spec]);
      await queues.push([letter("before")]);
      client.maintain("PRAGMA max_page_count = 40");
      const big = "x".repeat(100_000);
      // The second event of the group fits, so only the first is refused.
      const [full, small] = await Promise.all([
        refusal(queues.push([letter(big, "big"), letter(big, "bigger")])),
        queues.push([letter("meanwhile", "small")]).then(() => "pushed"),
      ]);
      assert.equal([full.code, full.retryable, small], ["Unavailable", true, "pushed"]);
      assert.match(full.message, /disk is full\. Free some space/);
      assert.is((await queues.counts(name)).ready, 2);

      client.maintain("PRAGMA max_page_count = 100000");
      await queues.push([letter(big, "big"), letter(big, "bigger")]);
      const bodies = (await lease(queues, 10)).map(({ event }) => event.getBody<string>().slice(0, 9));
      assert.equal(bodies, ["before", "meanwhile", "xxxxxxxxx", "xxxxxxxxx"]);
    } finally {
      client.close();
    }
  });

  test(`${driver}: a read-only file fails a step that can be repeated`, async () => {
    using file = sqliteFile();
    const config = { ...defaultConfig, file: file.path, driver };
    const client = new SqliteClient(config, systemClock);
    const queues = new SqliteQueueOperator(client, systemClock, config);
    try {
      await queues.ensure([spec]);
      await queues.push([letter("input")]);
      const [leased] = await lease(queues);
      assert.ok(leased);
      client.maintain("PRAGMA query_only = ON");
      const refused = await refusal(queues.commit(leased, [letter("output")]));
      assert.equal([refused.code, refused.retryable], ["AccessDenied", true]);
      assert.match(refused.message, /read-only\. The file and its folder must be writable/);
      assert.equal(await queues.counts(name), { ready: 0, leased: 1, delayed: 0, dead: 0 });
      client.maintain("PRAGMA query_only = OFF");
      await queues.commit(leased, [letter("output")]);
      assert.equal(await queues.counts(name), { ready: 1, leased: 0, delayed: 0, dead: 0 });
    } finally {
      client.close();
    }
  });

  test(`${driver}: writes wait for the lock of another process`, async () => {
    using file = sqliteFile();
    const provider = new SqliteProvider({ file: file.path, driver });
    const other = openDriver(file.path, driver);
    try {
      await provider.queues.ensure([spec]);
      other.exec("BEGIN IMMEDIATE");
      const pushing = provider.queues.push([letter("patient")]);
      await new Promise((resolve) => systemClock.after(100, () => resolve(undefined)));
      assert.is((await provider.queues.counts(name)).ready, 0, "reads go on, and the event loop too");
      other.exec("ROLLBACK");
      await pushing;
      assert.is((await provider.queues.counts(name)).ready, 1);
    } finally {
      other.close();
      await provider.close();
    }
  });

  test(`${driver}: a lease call reports a file that cannot be read`, async () => {
    using file = sqliteFile();
    const config = { ...defaultConfig, file: file.path, driver };
    const client = new SqliteClient(config, systemClock);
    const queues = new SqliteQueueOperator(client, systemClock, config);
    try {
      await queues.ensure([spec]);
      const { signal } = new AbortController();
      const waiting = refusal(queues.lease(name, { max: 1, leaseMs: 30_000, waitMs: 20_000, signal }));
      await new Promise((resolve) => systemClock.after(50, () => resolve(undefined)));
      // SQLite reports this while another process recovers the log of a killed one.
      let locked = true;
      const changedByOthers = client.changedByOthers.bind(client);
      client.changedByOthers = () => {
        if (locked) throw new BeeHiveError("Unavailable", "another process kept it locked");
        return changedByOthers();
      };
      assert.match((await waiting).message, "another process kept it locked");
      locked = false;
      await queues.push([letter("after")]);
      assert.is((await lease(queues)).length, 1);
    } finally {
      client.close();
      queues.close();
    }
  });

  test(`${driver}: a file moved or replaced is not written to`, async () => {
    using file = sqliteFile();
    const provider = new SqliteProvider({ file: file.path, driver });
    try {
      await provider.queues.ensure([spec]);
      await provider.queues.push([letter("before")]);
      const { signal } = new AbortController();
      renameSync(file.path, file.beside("moved.db"));
      const waiting = refusal(
        provider.queues.lease(QueueName.parse("Letters"), { max: 1, leaseMs: 30_000, waitMs: 20_000, signal }),
      );
      for (const work of [
        provider.queues.push([letter("lost")]),
        provider.stores.collection("Orders").insert({ id: "1" }),
      ])
        assert.match((await refusal(work)).message, /was removed or replaced while it was open/);
      assert.match((await waiting).message, /was removed or replaced/);
      writeFileSync(file.path, "another");
      assert.is((await refusal(provider.queues.push([letter("lost")]))).code, "Unavailable");
      renameSync(file.beside("moved.db"), file.path);
      await provider.queues.push([letter("after")]);
      assert.is((await provider.queues.counts(name)).ready, 2);
    } finally {
      await provider.close();
    }
  });

  test(`${driver}: a backup of a running hive is complete`, async () => {
    using file = sqliteFile();
    const provider = new SqliteProvider({ file: file.path, driver });
    await provider.queues.ensure([spec]);
    await provider.queues.push([letter("one"), letter("two")]);
    await provider.stores.collection("Orders").insert({ id: "1" });
    await lease(provider.queues);
    await provider.backup(file.beside("backup.db"));
    await provider.queues.push([letter("three")]);
    const refused = await refusal(provider.backup(file.beside("backup.db")));
    assert.match(refused.message, /already exists|not an empty/);
    await provider.close();

    const copy = new SqliteProvider({ file: file.beside("backup.db"), driver });
    assert.equal(await copy.queues.counts(name), { ready: 1, leased: 1, delayed: 0, dead: 0 });
    assert.ok(await copy.stores.collection("Orders").exists("1"));
    await copy.close();
  });

  test(`${driver}: foreign files are refused, each with its reason`, async () => {
    using file = sqliteFile();
    const open = (path: string): Promise<BeeHiveError> =>
      refusal((async () => new SqliteProvider({ file: path, driver }))());

    await new SqliteProvider({ file: file.path, driver }).close();
    const later = openDriver(file.path, driver);
    later.exec("PRAGMA user_version = 4711");
    later.close();
    assert.match((await open(file.path)).message, /written by a later release: its schema has version 4711/);

    const foreign = openDriver(file.beside("foreign.db"), driver);
    foreign.exec("CREATE TABLE customers (id)");
    foreign.close();
    assert.match((await open(file.beside("foreign.db"))).message, /is the database of another application/);

    writeFileSync(file.beside("junk.db"), "not a database at all, ".repeat(1_000));
    assert.match((await open(file.beside("junk.db"))).message, /is not an SQLite database\. Name another file/);

    const nowhere = await open(file.beside("no/such/folder/hive.db"));
    assert.is(nowhere.code, "InvalidConfiguration");
    assert.match(nowhere.message, /Its folder must exist/);
    mkdirSync(file.beside("folder.db"));
    assert.match((await open(file.beside("folder.db"))).message, /cannot be opened/);
  });
}

for (const missing of driverNames.filter((one) => !availableDrivers().includes(one)))
  test(`${missing}, if missing, is reported with the remedy`, async () => {
    using file = sqliteFile();
    const { code, message } = await refusal((async () => new SqliteProvider({ file: file.path, driver: missing }))());
    assert.is(code, "InvalidConfiguration");
    assert.match(message, `No driver for SQLite: ${missing}`);
    assert.match(message, "npm install libsql");
  });

test("every mistake in a URL is named", async () => {
  const problems = async (url: string): Promise<string> =>
    (await refusal(openProvider(url, { clock: systemClock }))).message;
  assert.match(await problems("sqlite:"), "it names no file");
  assert.match(await problems("sqlite::memory:"), "a hive in memory is the provider memory:");
  const message = await problems("sqlite:x.db?durability=some&driver=oracle&maxEventBytes=0&colour=red");
  for (const part of [
    "durability must be full or normal",
    "driver must be",
    "maxEventBytes must be",
    '"colour" is not',
  ])
    assert.match(message, part);
});

test("a URL with options opens its file", async () => {
  using file = sqliteFile();
  const provider = await openProvider(`sqlite://${file.path}?durability=normal&deduplication=5`, {
    clock: systemClock,
  });
  assert.is(provider.name, "sqlite");
  await provider.close();
  const again = openDriver(file.path);
  assert.ok(again.prepare("SELECT 1 FROM messages LIMIT 1").all([]));
  again.close();
});

test.run();
