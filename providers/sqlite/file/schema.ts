import { BeeHiveError } from "../../../src/base/errors.ts";
import { safeText } from "../../../src/base/safe-text.ts";
import type { Driver } from "./driver.ts";

/*
 * The tables, for whoever looks into the file with `sqlite3 hive.db`. Looking is safe while a hive runs; writing is
 * not. Times are milliseconds since the epoch: `datetime(due / 1000, 'unixepoch')`.
 *
 * items           What the stores hold, one row an item. `store` says which: `collection/Orders`, `list/Parked/Item`,
 *                 `blob/Invoices`, `counter/Stock`, `lock`. `partition` is the key of a keyed list, empty elsewhere.
 *                 `value` is JSON text (`value ->> 'status'`), or the bytes of a blob.
 * destinations    Where events are pushed to: `OrderAccepted-` is a topic, `Invoices` a simple queue.
 * subscriptions   Who gets a copy: `OrderAccepted-Payment`; a simple queue is the one subscription of itself.
 * messages        The copies that wait or are being worked on; committed ones are deleted. Who may take one is in two
 *                 columns. `due` is when: a time that is past (0: before all others) means now; while it is leased,
 *                 `due` is when the lease ends; NULL waits in line behind an earlier event of its `order_key`.
 *                 `counted_from` is the time from which a lease or a delay counts; NULL when the event names its time.
 *                 `order_later` is the key of a message that gets in line when it is due.
 *                 `lease` is the token of the last lease, NULL when the event was given back since; `process` is whose.
 *                 `event` is JSON with all but the body (`event ->> 'eventType'`) and what is as it mostly is.
 * dead_letters    What was given up, whole, and why (`letter ->> 'reason'`). The letter with the `id` 7 is `letter-7`.
 * processes       Who leases, or holds locks (`holder` in a lock): `lock` is the end of the name of an empty file that the process keeps locked while it lives.
 * recent_ids      What was pushed lately, to drop duplicates: a row a transaction, `ids` is JSON, ids by destination.
 *
 *   SELECT s.name, count(*) FROM messages m JOIN subscriptions s ON s.id = m.subscription GROUP BY 1;
 */

/** What brings a file from each version to the next. Never changed once released: added to. */
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
  // Ids of messages are never used twice, and those that are due are found in their order without sorting.
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
  // What was leased to a process that was killed is found.
  `
  CREATE TABLE processes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lock TEXT NOT NULL
  ) STRICT;
  ALTER TABLE messages ADD COLUMN process INTEGER;
  `,
  // Leases and delays that were counted from a wrong time are found.
  `
  ALTER TABLE messages ADD COLUMN counted_from INTEGER;
  `,
  // One event id may have several letters, and the letters of a subscription are found in their order without sorting.
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
];

/** The version that this release writes. */
const schemaVersion = migrations.length;

/** Marks the file as a hive's (`PRAGMA application_id`): "hive". */
const applicationId = 0x68697665;

/**
 * Makes the tables, or brings those of an older release up to date. All in one transaction: a process that is killed
 * leaves what was there, one that comes second finds it done.
 *
 * @throws BeeHiveError `InvalidConfiguration` when the file is something else's or of a later release.
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
      `"${safeText(file, 256)}" is the database of something else; a hive keeps a file of its own. Name another one.`,
    );
  }
  if (version <= schemaVersion) return;
  throw new BeeHiveError(
    "InvalidConfiguration",
    `"${safeText(file, 256)}" was written by a later release: its schema has version ${version}, this release knows up to ${schemaVersion}. Update beehive-actors.`,
  );
}

function isHive(driver: Driver): boolean {
  return pragma(driver, "application_id").application_id === applicationId;
}

function pragma<N extends string>(driver: Driver, name: N): Record<N, number> {
  return driver.prepare<Record<N, number>>(`PRAGMA ${name}`).get([]) as Record<N, number>;
}
