/*
 * The tables, for reading with psql. Reading is safe while hives run; writing is not.
 * Times are milliseconds since the epoch, by the clock of the server: `to_timestamp(due / 1000.0)`.
 * `beehive.` stands for the schema of the hive, see migrate.ts.
 */

import { lineSubscription } from "./sql.ts";

/** Rows that live for moments: vacuum follows them closely, and leaves room in each page for updates within it. */
const hot = `
  fillfactor = 60, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000`;

/** Names and ids sort by Unicode code point, as those of all providers do: bytes of UTF-8 do so. */
export const tables: string = `
CREATE TABLE beehive.hive (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  -- Counts the changes of destinations and subscriptions: processes compare it with what they know.
  topology bigint NOT NULL DEFAULT 1
);
INSERT INTO beehive.hive DEFAULT VALUES;

CREATE TABLE beehive.destinations (
  id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name text COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE beehive.subscriptions (
  id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name text COLLATE "C" NOT NULL UNIQUE,
  destination int NOT NULL REFERENCES beehive.destinations ON DELETE CASCADE,
  ordered boolean NOT NULL
);

-- Messages that are ready or leased. No index has due, lease or attempts, so that a lease writes no index.
CREATE TABLE beehive.messages (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  -- The time from which the message may be leased: while it is leased, the end of the lease.
  due bigint NOT NULL,
  -- The fencing token of the last lease.
  lease bigint,
  first_seen bigint,
  subscription int NOT NULL,
  -- The process that leased it, while that can be told from a dead one.
  process int,
  attempts int NOT NULL DEFAULT 0,
  event text NOT NULL,
  -- The body, in one of the two.
  body text,
  bytes bytea,
  PRIMARY KEY (subscription, id)
) WITH (${hot});

-- Messages of a time to come, and those that wait before they are tried again.
CREATE TABLE beehive.delayed (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  due bigint NOT NULL,
  first_seen bigint,
  subscription int NOT NULL,
  attempts int NOT NULL DEFAULT 0,
  -- The line that the message joins when it is due.
  key text COLLATE "C",
  event text NOT NULL,
  body text,
  bytes bytea,
  PRIMARY KEY (subscription, due, id)
) WITH (${hot});

-- Ordered subscriptions: a line for each partition key that has messages. The lease is on the line, for its first.
CREATE TABLE beehive.lines (
  subscription int NOT NULL,
  key text COLLATE "C" NOT NULL,
  due bigint NOT NULL,
  lease bigint,
  first_seen bigint,
  process int,
  attempts int NOT NULL DEFAULT 0,
  PRIMARY KEY (subscription, key)
) WITH (${hot});
CREATE INDEX lines_by_due ON beehive.lines (subscription, due);

CREATE TABLE beehive.line_messages (
  subscription int NOT NULL,
  key text COLLATE "C" NOT NULL,
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  event text NOT NULL,
  body text,
  bytes bytea,
  PRIMARY KEY (subscription, key, id)
) WITH (${hot});

CREATE TABLE beehive.dead_letters (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  subscription int NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  letter text NOT NULL,
  event text NOT NULL,
  body text,
  bytes bytea
);
CREATE INDEX dead_letters_by_subscription ON beehive.dead_letters (subscription, id);
CREATE INDEX dead_letters_by_event ON beehive.dead_letters (event_id, subscription);

CREATE TABLE beehive.items (
  store text COLLATE "C" NOT NULL,
  partition text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  etag text NOT NULL,
  modified bigint NOT NULL,
  expires bigint,
  metadata text,
  value text,
  bytes bytea,
  PRIMARY KEY (store, partition, id)
) WITH (fillfactor = 80);
CREATE INDEX items_by_expiry ON beehive.items (expires) WHERE expires IS NOT NULL;

-- The ids of pushed events that may come a second time.
CREATE TABLE beehive.recent_ids (
  destination int NOT NULL,
  id text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  PRIMARY KEY (destination, id)
);
CREATE INDEX recent_ids_by_time ON beehive.recent_ids (at);

-- Processes that hold an advisory lock as long as they live.
CREATE TABLE beehive.processes (
  id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  -- When another process first missed the lock.
  missed bigint
);
`;

/** Has each search of lines find one index alone: see sql.ts. */
export const lineIndex: string = `
DROP INDEX IF EXISTS beehive.lines_by_due;
CREATE INDEX lines_by_due ON beehive.lines ((${lineSubscription}), due);
`;
