/*
 * The tables of topics that keep their events. A position is given by the row of the topic, which is locked last before
 * a commit: ids of a sequence are given before it, so that a reader could pass over one that is committed late.
 */

/** The rows of heads and readers change with every commit: they fit in a page, and leave no index entries. */
const counter = `
  fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_cost_delay = 0`;

export const logTables: string = `
-- The topics that keep their events.
CREATE TABLE beehive.kept_topics (
  destination int PRIMARY KEY REFERENCES beehive.destinations ON DELETE CASCADE,
  -- JSON: what it keeps of its events.
  rule text NOT NULL,
  -- The position of the next event, and the time of the last one.
  next bigint NOT NULL DEFAULT 0,
  published bigint NOT NULL DEFAULT 0,
  -- The bytes of all bodies.
  bytes bigint NOT NULL DEFAULT 0,
  -- Events before this position may have gaps.
  compacted bigint NOT NULL DEFAULT 0
) WITH (${counter});

CREATE TABLE beehive.log (
  destination int NOT NULL,
  -- Counts the events of the topic from 0, in the order of their commits.
  position bigint NOT NULL,
  published bigint NOT NULL,
  -- A time to come when it was published, from which it may be leased.
  due bigint,
  key text COLLATE "C",
  event text NOT NULL,
  body text,
  bytes bytea,
  PRIMARY KEY (destination, position)
);
CREATE INDEX log_by_key ON beehive.log (destination, key, position) WHERE key IS NOT NULL;

-- The subscriptions of these topics. Events of the log from the position on are not in the queue yet; those before
-- "until" are replayed by the rewind of that number.
CREATE TABLE beehive.readers (
  subscription int PRIMARY KEY REFERENCES beehive.subscriptions ON DELETE CASCADE,
  destination int NOT NULL,
  position bigint NOT NULL,
  rewind int NOT NULL DEFAULT 0,
  until bigint NOT NULL DEFAULT 0,
  outputs text NOT NULL DEFAULT 'publish'
) WITH (${counter});
CREATE INDEX readers_by_destination ON beehive.readers (destination);

-- Events that transactions of an application published. They get their positions after the commit, so that a
-- transaction holds up no other while it is open.
CREATE TABLE beehive.entering (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  destination int NOT NULL,
  due bigint,
  key text COLLATE "C",
  event text NOT NULL,
  body text,
  bytes bytea,
  PRIMARY KEY (destination, id)
);
`;
