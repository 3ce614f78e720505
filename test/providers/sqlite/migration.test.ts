/** Files that an older release wrote. */
import * as assert from "uvu/assert";
import { availableDrivers, openDriver } from "../../../providers/sqlite/file/driver.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import type { SqliteLease } from "../../../providers/sqlite/queues/lease.ts";
import type { DeadLetter } from "../../../src/contract/dead-letter.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { forEver } from "../../../src/testing/contracts/topic-log/kept-topic.ts";
import { letterFor } from "../../../src/testing/contracts/scratch-queue.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const test = suite("sqlite: migration");

const version1 = `
  CREATE TABLE items (store TEXT NOT NULL, partition TEXT NOT NULL, id TEXT NOT NULL, etag TEXT NOT NULL,
    modified INTEGER NOT NULL, expires INTEGER, metadata TEXT, value ANY NOT NULL,
    PRIMARY KEY (store, partition, id)) STRICT, WITHOUT ROWID;
  CREATE INDEX items_by_expires ON items (expires) WHERE expires IS NOT NULL;
  CREATE TABLE destinations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE subscriptions (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,
    destination INTEGER NOT NULL, ordered INTEGER NOT NULL) STRICT;
  CREATE TABLE messages (id INTEGER PRIMARY KEY, subscription INTEGER NOT NULL, due INTEGER, lease INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0, first_seen INTEGER, order_key TEXT, order_later TEXT, event TEXT NOT NULL,
    body ANY NOT NULL) STRICT;
  CREATE INDEX messages_by_due ON messages (subscription, due, lease);
  CREATE INDEX messages_by_order_key ON messages (subscription, order_key) WHERE order_key IS NOT NULL;
  CREATE INDEX messages_by_order_later ON messages (subscription, due) WHERE order_later IS NOT NULL;
  CREATE TABLE dead_letters (id INTEGER PRIMARY KEY AUTOINCREMENT, subscription INTEGER NOT NULL,
    event_id TEXT NOT NULL, letter TEXT NOT NULL, event TEXT NOT NULL, body ANY NOT NULL,
    UNIQUE (subscription, event_id)) STRICT;
  CREATE TABLE recent_ids (id INTEGER PRIMARY KEY AUTOINCREMENT, pushed INTEGER NOT NULL, ids TEXT NOT NULL) STRICT;
  PRAGMA user_version = 1;
  PRAGMA application_id = ${0x68697665};
`;

const event = (id: string): string =>
  `{"id":"${id}","eventType":"Letter","timestamp":1,"contentType":"application/json","properties":{},"delivery":"business"}`;

const record = '{"reason":"old","firstSeen":"2026-01-01T00:00:00.000Z","lastSeen":"2026-01-01T00:00:00.000Z"}';

for (const driver of availableDrivers()) {
  test(`${driver}: a file of version 1 keeps its events and ids`, async () => {
    using file = sqliteFile();
    const old = openDriver(file.path, driver);
    old.exec(version1);
    old.exec(`INSERT INTO destinations (name) VALUES ('Letters'), ('Others');
      INSERT INTO subscriptions (name, destination, ordered) VALUES ('Letters', 1, 0);
      INSERT INTO messages (subscription, due, event, body) VALUES (1, 2, '${event("second")}', '"2"'), (1, 1, '${event("first")}', '"1"');
      INSERT INTO messages (subscription, due, lease, attempts, first_seen, event, body)
        VALUES (1, 9000000000000, 5, 1, 3, '${event("leased")}', '"3"');
      INSERT INTO dead_letters (id, subscription, event_id, letter, event, body)
        VALUES (7, 1, 'dead', '${record}', '${event("dead")}', '"4"');`);
    old
      .prepare("INSERT INTO recent_ids (pushed, ids) VALUES (?, ?)")
      .run([Date.now(), '["1 first","1 with a blank","2 elsewhere"]']);
    old.close();

    const provider = new SqliteProvider({ file: file.path, driver });
    const name = QueueName.parse("Letters");
    try {
      await provider.queues.push(
        ["first", "with a blank", "elsewhere"].map((id) => new Event("Letter", id, { id, queueName: "Letters" })),
      );
      const { ready, leased } = await provider.queues.counts(name);
      assert.equal([ready, leased], [3, 1], "of what was pushed only what went elsewhere before is new");
      const { signal } = new AbortController();
      const leases = await provider.queues.lease(name, { max: 10, leaseMs: 1_000, waitMs: 0, signal });
      assert.equal(
        leases.map((lease) => lease.event.getBody()),
        ["1", "2", "elsewhere"],
      );
      const [again] = leases as [SqliteLease];
      await provider.queues.deadLetter(again, letterFor(again));
      const letters: DeadLetter[] = [];
      for await (const letter of provider.queues.deadLetters(name)) letters.push(letter);
      assert.equal(
        letters.map((letter) => [letter.id, letter.event.id, letter.reason]),
        [
          ["letter-7", "dead", "old"],
          ["letter-8", "first", letterFor(again).reason],
        ],
      );
    } finally {
      await provider.close();
    }
  });

  test(`${driver}: a file of version 5 keeps its events, and may keep topics from then on`, async () => {
    using file = sqliteFile();
    const common = { ordered: false, leaseMs: 60_000, maxAttempts: 10 };
    const topic = { name: QueueName.topic("Letter"), ...common };
    const reader = { name: QueueName.parse("Letter-Read"), ...common };
    const letters = (...bodies: string[]): Event[] =>
      bodies.map((body) => new Event("Letter", body, { queueName: "Letter-" }));
    const before = new SqliteProvider({ file: file.path, driver });
    await before.queues.ensure([topic, reader]);
    await before.queues.push(letters("before"));
    await before.close();
    const old = openDriver(file.path, driver);
    old.exec(`DROP INDEX messages_by_cancel_label; ALTER TABLE messages DROP COLUMN cancel_label; DROP VIEW whole_messages; DROP TABLE log; DROP TABLE kept_topics; DROP TABLE readers;
      ALTER TABLE messages DROP COLUMN log_id; PRAGMA user_version = 5;`);
    old.close();

    const provider = new SqliteProvider({ file: file.path, driver });
    await provider.queues.ensure([{ ...topic, keep: forEver }, reader]);
    await provider.queues.push(letters("after"));
    const { signal } = new AbortController();
    const leases = await provider.queues.lease(reader.name, { max: 10, leaseMs: 60_000, waitMs: 0, signal });
    assert.equal(
      leases.map(({ event }) => event.getBody()),
      ["before", "after"],
    );
    const kept = await provider.queues.log.read(topic.name, { from: 0, limit: 10 });
    assert.equal(
      kept.map(({ position, event }) => [position, event.getBody()]),
      [[0, "after"]],
    );
    await provider.close();
  });
}

test.run();
