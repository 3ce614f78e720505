import { BeeHiveError } from "../../../src/base/errors.ts";
import { safeText } from "../../../src/base/safe-text.ts";
import type { Driver } from "./driver.ts";

/*
 * The tables, for reading with `sqlite3 -readonly hive.db`. Reading is safe while a hive runs; writing is not.
 * Times are milliseconds since the epoch: `datetime(due / 1000, 'unixepoch')`.
 *
 * items           The items of all stores, one per row. `store` is the name of the store: `collection/Orders`,
 *                 `list/Parked/Item`, `blob/Invoices`, `counter/Stock`, `lock`. `partition` is the key of a keyed list,
 *                 empty elsewhere. `value` is JSON text (`value ->> 'status'`), or the bytes of a blob.
 * destinations    The topics and queues that events are pushed to: `OrderAccepted-` is a topic, `Invoices` a queue.
 * subscriptions   The subscriptions that get a copy: `OrderAccepted-Payment`. A queue is its own only subscription.
 * messages        The copies that are ready, leased or delayed; committed ones are deleted.
 *                 `due` is the time from which it may be leased: in the past (0: before all others) when it is ready,
 *                 the end of the lease when it is leased, NULL when it waits behind an earlier event of `order_key`.
 *                 `counted_from` is the start of the lease or delay; NULL for a delay to the event's `enqueueTime`.
 *                 `order_later` is the key of a delayed message, which gets in line when it is due.
 *                 `lease` is the token of the last lease, NULL after an abandon; `process` is the leasing process.
 *                 `event` is JSON without the body (`event ->> 'eventType'`) and without usual values.
 *                 `cancel_label` is a hash of its cancel key, NULL for most.
 * dead_letters    The dead letters with their reasons (`letter ->> 'reason'`). The id 7 is the letter `letter-7`.
 * processes       The processes that lease or hold locks (`holder` in a lock). `lock` is the end of the name of an
 *                 empty file, which the process keeps locked while it lives.
 * recent_ids      The ids pushed lately, to drop duplicates; not those that steps gave. One row per transaction; `ids` is JSON, by destination.
 * log             The events of topics that keep them, one row each: `id >> 40` is the topic, `id & 0xFFFFFFFFFF` the position.
 *                 `due` is the `enqueueTime` of the event, and `key` its `partitionKey`.
 * kept_topics     The rules of these topics as JSON, and their heads: `next` is the position of the next event, `published`
 *                 the time of the last one, `bytes` those of all bodies. Events before `compacted` may have gaps.
 * readers         The subscriptions of these topics. `position` is that of the next event to move into `messages`, where
 *                 `log_id` is its row of `log` and `event` is empty; `whole_messages` joins the two. Events before `until`
 *                 are replayed by the rewind of the number `rewind`.
 *
 *   SELECT s.name, count(*) FROM messages m JOIN subscriptions s ON s.id = m.subscription GROUP BY 1;
 */

/** The SQL from each version to the next. Never change a released entry; add a new one. */
const migrations: readonly string[] = [
  `
  CREATE TABLE items (
    store TEXT NOT NULL,
    partition TEXT NOT NULL,
    id TEXT NOT NULL,
    etag TEXT NOT NULL,
    modified INTEGER NOT NULL,
    expires INTEGER,
    metadata TEXT,
    value ANY NOT NULL,
    PRIMARY KEY (store, partition, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX items_by_expires ON items (expires) WHERE expires IS NOT NULL;

  CREATE TABLE destinations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
  ) STRICT;

  CREATE TABLE subscriptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    destination INTEGER NOT NULL,
    ordered INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    subscription INTEGER NOT NULL,
    due INTEGER,
    lease INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    first_seen INTEGER,
    order_key TEXT,
    order_later TEXT,
    event TEXT NOT NULL,
    body ANY NOT NULL
  ) STRICT;
  CREATE INDEX messages_by_due ON messages (subscription, due, lease);
  CREATE INDEX messages_by_order_key ON messages (subscription, order_key) WHERE order_key IS NOT NULL;
  CREATE INDEX messages_by_order_later ON messages (subscription, due) WHERE order_later IS NOT NULL;

  CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    letter TEXT NOT NULL,
    event TEXT NOT NULL,
    body ANY NOT NULL,
    UNIQUE (subscription, event_id)
  ) STRICT;

  CREATE TABLE recent_ids (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pushed INTEGER NOT NULL,
    ids TEXT NOT NULL
  ) STRICT;
  `,
  // Never reuses ids of messages, and finds due messages in order without sorting.
  `
  DROP INDEX messages_by_due;
  DROP INDEX messages_by_order_key;
  DROP INDEX messages_by_order_later;
  ALTER TABLE messages RENAME TO old_messages;
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription INTEGER NOT NULL,
    due INTEGER,
    lease INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    first_seen INTEGER,
    order_key TEXT,
    order_later TEXT,
    event TEXT NOT NULL,
    body ANY NOT NULL
  ) STRICT;
  INSERT INTO messages SELECT * FROM old_messages;
  DROP TABLE old_messages;
  CREATE INDEX messages_by_due ON messages (subscription, due);
  CREATE INDEX messages_by_order_key ON messages (subscription, order_key) WHERE order_key IS NOT NULL;
  CREATE INDEX messages_by_order_later ON messages (subscription, due) WHERE order_later IS NOT NULL;

  UPDATE recent_ids SET ids = (
    SELECT json_group_object(destination, json(list)) FROM (
      SELECT substr(value, 1, instr(value, ' ') - 1) AS destination,
        json_group_array(substr(value, instr(value, ' ') + 1)) AS list
      FROM json_each(recent_ids.ids) GROUP BY 1
    )
  );
  `,
  // Finds the leases of a killed process.
  `
  CREATE TABLE processes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lock TEXT NOT NULL
  ) STRICT;
  ALTER TABLE messages ADD COLUMN process INTEGER;
  `,
  // Finds leases and delays that were counted from a wrong time.
  `
  ALTER TABLE messages ADD COLUMN counted_from INTEGER;
  `,
  // Allows several letters of one event id, and finds the letters of a subscription in order without sorting.
  `
  ALTER TABLE dead_letters RENAME TO old_dead_letters;
  CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    letter TEXT NOT NULL,
    event TEXT NOT NULL,
    body ANY NOT NULL
  ) STRICT;
  INSERT INTO dead_letters SELECT * FROM old_dead_letters;
  DROP TABLE old_dead_letters;
  CREATE INDEX dead_letters_by_subscription ON dead_letters (subscription);
  CREATE INDEX dead_letters_by_event ON dead_letters (event_id, subscription);
  `,
  // Topics that keep their events.
  `
  CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    published INTEGER NOT NULL,
    due INTEGER,
    key TEXT,
    event TEXT NOT NULL,
    body ANY NOT NULL
  ) STRICT;
  CREATE INDEX log_by_key ON log (key) WHERE key IS NOT NULL;
  CREATE TABLE kept_topics (
    topic INTEGER PRIMARY KEY,
    rule TEXT NOT NULL,
    next INTEGER NOT NULL DEFAULT 0,
    published INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    compacted INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE readers (
    subscription INTEGER PRIMARY KEY,
    topic INTEGER NOT NULL,
    position INTEGER NOT NULL,
    rewind INTEGER NOT NULL DEFAULT 0,
    until INTEGER NOT NULL DEFAULT 0,
    outputs TEXT NOT NULL DEFAULT 'publish'
  ) STRICT;
  ALTER TABLE messages ADD COLUMN log_id INTEGER;
  CREATE VIEW whole_messages AS
    SELECT messages.id, subscription, messages.due, lease, attempts, order_key, log_id,
      coalesce(log.event, messages.event) AS event, coalesce(log.body, messages.body) AS body
    FROM messages LEFT JOIN log ON log.id = log_id;
  `,
  // Finds messages by a hash of their cancel key.
  `
  ALTER TABLE messages ADD COLUMN cancel_label TEXT;
  CREATE INDEX messages_by_cancel_label ON messages (cancel_label) WHERE cancel_label IS NOT NULL;
  `,
];

/** The version that this release writes. */
const schemaVersion = migrations.length;

/** Marks the file as that of a hive (`PRAGMA application_id`): "hive" in ASCII. */
const applicationId = 0x68697665;

/**
 * Creates the tables, or migrates those of an older release, in one transaction.
 *
 * A process that is killed meanwhile leaves the file unchanged. A second process finds the migration done.
 *
 * @throws BeeHiveError `InvalidConfiguration` when the file is not that of a hive, or of a later release.
 */
export function migrate(driver: Driver, file: string): void {
  const { user_version: found } = pragma(driver, "user_version");
  if (found === schemaVersion && isHive(driver)) return;
  driver.exec("BEGIN IMMEDIATE");
  try {
    const { user_version: from } = pragma(driver, "user_version");
    assertOurs(driver, file, from);
    for (const step of migrations.slice(from)) driver.exec(step);
    driver.exec(`PRAGMA user_version = ${schemaVersion}; PRAGMA application_id = ${applicationId};`);
    driver.exec("COMMIT");
  } catch (error) {
    driver.exec("ROLLBACK");
    throw error;
  }
}

function assertOurs(driver: Driver, file: string, version: number): void {
  const empty = driver.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get([]) === undefined;
  if (empty) return;
  if (!isHive(driver)) {
    throw new BeeHiveError(
      "InvalidConfiguration",
      `"${safeText(file, 256)}" is the database of another application; a hive needs its own file. Name another file.`,
    );
  }
  if (version <= schemaVersion) return;
  throw new BeeHiveError(
    "InvalidConfiguration",
    `"${safeText(file, 256)}" was written by a later release: its schema has version ${version}, this release knows ` +
      `versions up to ${schemaVersion}. Update beehive-actors.`,
  );
}

function isHive(driver: Driver): boolean {
  return pragma(driver, "application_id").application_id === applicationId;
}

function pragma<N extends string>(driver: Driver, name: N): Record<N, number> {
  return driver.prepare<Record<N, number>>(`PRAGMA ${name}`).get([]) as Record<N, number>;
}
