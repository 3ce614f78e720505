/** Rows damaged by another program or a failing disk. */
import * as assert from "uvu/assert";
import { availableDrivers, openDriver, type DriverName } from "../../../providers/sqlite/file/driver.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import type { SqliteLease } from "../../../providers/sqlite/queues/lease.ts";
import { systemClock, type Clock } from "../../../src/base/clock.ts";
import { isBeeHiveError } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import type { DeadLetter } from "../../../src/index.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { assertReadable } from "../../../src/events/unreadable.ts";
import { suite } from "../../support/suite.ts";

const test = suite("sqlite: unreadable rows", { timeoutMs: 30_000 });
const name = QueueName.parse("Letters");
const letter = (body: unknown, partitionKey?: string): Event =>
  new Event("Letter", body, { queueName: "Letters", partitionKey });

type Opened = SqliteProvider & { skip(ms: number): void };

async function open(path: string, driver: DriverName, ordered = false): Promise<Opened> {
  let ahead = 0;
  const clock: Clock = { now: () => Date.now() + ahead, after: (ms, callback) => systemClock.after(ms, callback) };
  const provider = new SqliteProvider({ file: path, driver, clock });
  await provider.queues.ensure([{ name, ordered, leaseMs: 30_000, maxAttempts: 3 }]);
  return Object.assign(provider, { skip: (ms: number) => void (ahead += ms) });
}

async function lease(provider: SqliteProvider): Promise<SqliteLease[]> {
  const { signal } = new AbortController();
  return await provider.queues.lease(name, { max: 20, leaseMs: 30_000, waitMs: 0, signal });
}

async function lettersOf(provider: SqliteProvider): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const one of provider.queues.deadLetters(name)) letters.push(one);
  return letters;
}

function change(path: string, driver: DriverName, sql: string): void {
  const other = openDriver(path, driver);
  other.exec(sql);
  other.close();
}

const damages = {
  "is not JSON, wrong at position 0 (line 1 column 1)": "event = 'secret-no-json'",
  "is no JSON object": "event = '7'",
  "id is no text": "event = json_set(event, '$.id', 7)",
  "eventType is no text": "event = json_remove(event, '$.eventType')",
  "timestamp is no number": "event = json_set(event, '$.timestamp', 'today')",
  "enqueueTime is no number": "event = json_set(event, '$.enqueueTime', 'later')",
  "properties are none": "event = json_set(event, '$.properties', 'none')",
  "contentType is no text": "event = json_set(event, '$.contentType', json('{}'))",
  "body is neither text nor bytes": "body = 7",
  "wrong at position 1": "event = CAST(x'7bff' AS TEXT)",
};

for (const driver of availableDrivers()) {
  test(`${driver}: an unreadable row is dead-lettered after its attempts`, async () => {
    using file = sqliteFile();
    const kinds = Object.entries(damages);
    const first = await open(file.path, driver);
    await first.queues.push([...kinds.map((_, n) => letter(`bad ${n}`)), letter("good")]);
    await first.close();
    const damage = kinds.map(([, changes], n) => `UPDATE messages SET ${changes} WHERE id = ${n + 1};`);
    change(file.path, driver, damage.join("\n"));

    const provider = await open(file.path, driver);
    for (let attempt = 1; attempt <= 10; attempt++) {
      assert.is((await provider.queues.counts(name)).dead, 0);
      const readable = await lease(provider);
      const bodies = readable.map(({ event }) => event.getBody());
      assert.equal(bodies, attempt === 1 ? ["good"] : []);
      for (const good of readable) await provider.queues.commit(good, []);
      provider.skip(60_000);
    }
    const letters = await lettersOf(provider);
    assert.is(letters.length, kinds.length);
    for (const [n, [why, changes]] of kinds.entries()) {
      const held = changes.startsWith("body") ? /"id".*\n7$/ : new RegExp(`\\n"bad ${n}"$`);
      const dead = letters.find(({ event }) => held.test(Buffer.from(event.body).toString()));
      assert.match(dead?.reason ?? "", why);
      assert.not.match(dead?.reason ?? "", "secret");
      assert.equal([dead?.errorName, dead?.attempts], ["BodyUnreadable", 10]);
      assert.ok(dead && dead.lastSeen > dead.firstSeen);
    }
    const [dead] = letters;
    const requeued = await provider.queues.requeue(name, String(dead?.event.id)).catch((error: unknown) => error);
    assert.ok(isBeeHiveError(requeued, "BodyUnreadable"));
    assert.is((await provider.queues.counts(name)).dead, kinds.length);
    await provider.queues.drop(name, String(dead?.event.id));
    assert.is((await provider.queues.counts(name)).dead, kinds.length - 1);
    await provider.close();
  });

  test(`${driver}: an unreadable row lets the next of its key go on`, async () => {
    using file = sqliteFile();
    const first = await open(file.path, driver, true);
    await first.queues.push([letter("bad", "k"), letter("good", "k")]);
    await first.close();
    change(file.path, driver, "UPDATE messages SET event = '' WHERE id = 1");
    const provider = await open(file.path, driver, true);
    for (let attempt = 1; attempt <= 10; attempt++) {
      assert.equal(await lease(provider), []);
      provider.skip(60_000);
    }
    assert.equal(
      (await lease(provider)).map(({ event }) => event.getBody()),
      ["good"],
    );
    await provider.close();
  });

  test(`${driver}: keys with NUL stay in order, as unreadable rows`, async () => {
    using file = sqliteFile();
    const first = await open(file.path, driver, true);
    await first.queues.push([1, 2, 3].map((n) => letter(n, "key")));
    await first.close();
    change(
      file.path,
      driver,
      "UPDATE messages SET order_key = 'a' || char(0) || 'b', event = json_set(event, '$.partitionKey', json('\"a\\u0000b\"'))",
    );
    const provider = await open(file.path, driver, true);
    for (const n of [1, 2, 3]) {
      const [one, ...others] = await lease(provider);
      assert.equal([one?.event.getBody(), one?.event.partitionKey, others.length], [n, "a\\u0000b", 0]);
      assert.throws(() => assertReadable((one as SqliteLease).event), /partitionKey/);
      await provider.queues.commit(one as SqliteLease, []);
    }
    await provider.close();
  });

  test(`${driver}: optional texts that are numbers are read as texts`, async () => {
    using file = sqliteFile();
    const first = await open(file.path, driver);
    await first.queues.push([letter("old")]);
    await first.close();
    change(
      file.path,
      driver,
      "UPDATE messages SET event = json_set(event, '$.partitionKey', 7, '$.correlationId', json('true'), '$.url', NULL)",
    );
    const provider = await open(file.path, driver);
    const [{ event } = { event: undefined }] = await lease(provider);
    assert.equal([event?.partitionKey, event?.correlationId, event?.url], ["7", "true", undefined]);
    await provider.close();
  });
}

for (const driver of availableDrivers())
  test(`${driver}: queries over all rows skip rows that are not JSON`, async () => {
    using file = sqliteFile();
    const first = await open(file.path, driver);
    await first.queues.push([letter("bad", "k")]);
    change(file.path, driver, "UPDATE messages SET event = 'no JSON'");
    assert.is(await first.queues.oldest(name), undefined);
    await first.queues.ensure([{ name, ordered: true, leaseMs: 30_000, maxAttempts: 3 }]);
    await first.close();
  });

test.run();
