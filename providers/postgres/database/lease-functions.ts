import { byIndex, now, probe } from "./sql.ts";

/*
 * Functions that extend and end leases. A token and an id make a lease; it is held while its row has the token and is not
 * due. Arrays run in parallel.
 */

/** The message of a lease, and its line. */
const ofLease = probe(["m.subscription", "l.subscription"], ["m.id", "l.id"]);
const lineOfLease = probe(["x.subscription", "l.subscription"], ["x.key", "l.line"]);
/** The same line, once it is locked. */
const ofLocked = probe(["x.subscription", "l.subscription"], ["x.key", "l.key"]);

export const leaseFunctions: string = `
-- Extends leases by v_ms from now. Returns the numbers of those that are still held, from 1.
CREATE OR REPLACE FUNCTION beehive.renew_1(
  l_id bigint[], l_token bigint[], l_subscription int[], l_line text[], v_ms bigint
) RETURNS TABLE (n bigint) LANGUAGE plpgsql ${byIndex} AS $$
#variable_conflict use_column
DECLARE
  v_now bigint := ${now};
BEGIN
  -- All lock messages in the order of ids, and lines in the order of keys.
  PERFORM 1 FROM unnest(l_subscription, l_id) AS l (subscription, id)
    JOIN beehive.messages m ON ${ofLease} ORDER BY l.subscription, l.id FOR NO KEY UPDATE OF m;
  RETURN QUERY
    UPDATE beehive.messages m SET due = v_now + v_ms
    FROM unnest(l_subscription, l_id, l_token, l_line) WITH ORDINALITY AS l (subscription, id, token, line, n)
    WHERE l.line IS NULL AND ${ofLease} AND m.lease = l.token AND m.due > v_now
    RETURNING l.n;
  RETURN QUERY
    UPDATE beehive.lines x SET due = v_now + v_ms
    FROM (SELECT x.subscription, x.key, l.token, l.n
          FROM unnest(l_subscription, l_line, l_token) WITH ORDINALITY AS l (subscription, line, token, n)
          JOIN beehive.lines x ON ${lineOfLease}
          ORDER BY l.subscription, l.line COLLATE "C" FOR NO KEY UPDATE OF x) AS l
    WHERE ${ofLocked} AND x.lease = l.token AND x.due + 0 > v_now
    RETURNING l.n;
END $$;

-- Ends leases; their messages are due after l_delay ms. Returns the numbers of those that were still held, from 1.
CREATE OR REPLACE FUNCTION beehive.abandon_1(
  l_id bigint[], l_token bigint[], l_subscription int[], l_line text[], l_delay bigint[], l_uncounted int[]
) RETURNS TABLE (n bigint) LANGUAGE plpgsql ${byIndex} AS $$
#variable_conflict use_column
DECLARE
  v_now bigint := ${now};
BEGIN
  PERFORM 1 FROM unnest(l_subscription, l_id) AS l (subscription, id)
    JOIN beehive.messages m ON ${ofLease} ORDER BY l.subscription, l.id FOR UPDATE OF m;
  RETURN QUERY
    UPDATE beehive.messages m SET due = 0, lease = NULL, process = NULL, attempts = m.attempts - l.uncounted
    FROM unnest(l_subscription, l_id, l_token, l_line, l_delay, l_uncounted)
      WITH ORDINALITY AS l (subscription, id, token, line, delay, uncounted, n)
    WHERE l.line IS NULL AND l.delay = 0 AND ${ofLease} AND m.lease = l.token AND m.due > v_now
    RETURNING l.n;
  RETURN QUERY
    WITH ended AS (
      DELETE FROM beehive.messages m
      USING unnest(l_subscription, l_id, l_token, l_line, l_delay, l_uncounted)
        WITH ORDINALITY AS l (subscription, id, token, line, delay, uncounted, n)
      WHERE l.line IS NULL AND l.delay > 0 AND ${ofLease} AND m.lease = l.token AND m.due > v_now
      RETURNING m.*, l.n, l.delay, l.uncounted),
    waiting AS (
      INSERT INTO beehive.delayed (due, first_seen, subscription, attempts, event, body, bytes)
      SELECT v_now + delay, first_seen, subscription, attempts - uncounted, event, body, bytes FROM ended)
    SELECT ended.n FROM ended;
  RETURN QUERY
    UPDATE beehive.lines x
    SET due = v_now + l.delay, lease = NULL, process = NULL, attempts = x.attempts - l.uncounted
    FROM (SELECT x.subscription, x.key, l.token, l.delay, l.uncounted, l.n
          FROM unnest(l_subscription, l_line, l_token, l_delay, l_uncounted)
            WITH ORDINALITY AS l (subscription, line, token, delay, uncounted, n)
          JOIN beehive.lines x ON ${lineOfLease}
          ORDER BY l.subscription, l.line COLLATE "C" FOR UPDATE OF x) AS l
    WHERE ${ofLocked} AND x.lease = l.token AND x.due + 0 > v_now
    RETURNING l.n;
END $$;

-- Moves leased messages to the dead letters. Returns the numbers of those that were still held, from 1.
CREATE OR REPLACE FUNCTION beehive.dead_letter_1(
  l_id bigint[], l_token bigint[], l_subscription int[], l_line text[], l_event text[], l_letter text[]
) RETURNS TABLE (n bigint) LANGUAGE plpgsql ${byIndex} AS $$
#variable_conflict use_column
DECLARE
  v_now bigint := ${now};
  r record;
BEGIN
  PERFORM 1 FROM unnest(l_subscription, l_id) AS l (subscription, id)
    JOIN beehive.messages m ON ${ofLease} ORDER BY l.subscription, l.id FOR UPDATE OF m;
  RETURN QUERY
    WITH ended AS (
      DELETE FROM beehive.messages m
      USING unnest(l_subscription, l_id, l_token, l_line, l_event, l_letter)
        WITH ORDINALITY AS l (subscription, id, token, line, event_id, letter, n)
      WHERE l.line IS NULL AND ${ofLease} AND m.lease = l.token AND m.due > v_now
      RETURNING m.*, l.n, l.event_id, l.letter),
    dead AS (
      INSERT INTO beehive.dead_letters (subscription, event_id, letter, event, body, bytes)
      SELECT subscription, event_id, letter, event, body, bytes FROM ended ORDER BY n)
    SELECT ended.n FROM ended;
  FOR r IN
    SELECT l.n, l.id, l.event_id, l.letter, x.subscription, x.key, x.lease = l.token AND x.due > v_now AS held
    FROM unnest(l_id, l_token, l_subscription, l_line, l_event, l_letter)
      WITH ORDINALITY AS l (id, token, subscription, line, event_id, letter, n)
    JOIN beehive.lines x ON ${lineOfLease}
    ORDER BY l.subscription, l.line COLLATE "C" FOR UPDATE OF x
  LOOP
    CONTINUE WHEN r.held IS NOT TRUE;
    INSERT INTO beehive.dead_letters (subscription, event_id, letter, event, body, bytes)
      SELECT r.subscription, r.event_id, r.letter, m.event, m.body, m.bytes FROM beehive.line_messages m
      WHERE m.subscription = r.subscription AND m.key = r.key AND m.id = r.id;
    PERFORM beehive.leave_line_1(r.subscription, r.key, r.id, v_now);
    n := r.n;
    RETURN NEXT;
  END LOOP;
END $$;

-- Returns a dead letter to the end of its queue, or of its line. Returns whether it was there.
CREATE OR REPLACE FUNCTION beehive.requeue_1(v_subscription int, v_letter bigint, v_line text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_now bigint := ${now};
  r record;
BEGIN
  DELETE FROM beehive.dead_letters WHERE id = v_letter AND subscription = v_subscription RETURNING * INTO r;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF v_line IS NULL THEN
    INSERT INTO beehive.messages (due, subscription, event, body, bytes)
      VALUES (v_now, v_subscription, r.event, r.body, r.bytes);
  ELSE
    PERFORM beehive.join_line_1(v_subscription, v_line, v_now, r.event, r.body, r.bytes);
  END IF;
  RETURN true;
END $$;
`;
