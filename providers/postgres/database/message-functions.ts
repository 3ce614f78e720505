/*
 * Functions on messages. Each is one statement of a client, hence one transaction, and leaves no state in the session.
 * A token and an id make a lease; it is held while its row has the token and is not due. Arrays run in parallel.
 */

const now = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/**
 * How far ahead a look sees the time at which a line is due, in ms: dead ones lie between now and the ends of leases. A
 * process that waits looks more often than that.
 */
const foreseenMs = 5_000;

/**
 * Has a function look rows up by an index, one by one. The tables are small when their plans are made, and a plan that
 * reads all of a table would be kept when it has grown, or is full of dead rows. For the same reason a line that is known
 * by its key is compared with `due + 0`: its plan would else take the index of times.
 */
export const byIndex = "SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off";

export const messageFunctions: string = `
-- Returns the bytes that were joined: of each length, or NULL.
CREATE OR REPLACE FUNCTION beehive.split_1(v_joined bytea, v_lengths int[]) RETURNS bytea[] LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg(substr(v_joined, before + 1, length) ORDER BY n) FROM (
    SELECT n, length, coalesce(sum(length) OVER (ORDER BY n), 0)::int - length AS before
    FROM unnest(v_lengths) WITH ORDINALITY AS l (length, n)) AS parts
$$;

-- Puts a message at the end of its line. The row of the line is locked first, so that within a key ids are in the order
-- of commits.
CREATE OR REPLACE FUNCTION beehive.join_line_1(
  v_subscription int, v_key text, v_now bigint, v_event text, v_body text, v_bytes bytea
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO beehive.lines AS l (subscription, key, due) VALUES (v_subscription, v_key, v_now)
    ON CONFLICT (subscription, key) DO UPDATE SET due = l.due;
  INSERT INTO beehive.line_messages (subscription, key, event, body, bytes)
    VALUES (v_subscription, v_key, v_event, v_body, v_bytes);
END $$;

-- Locks lines in the order of keys: those of l_* where they are there; those of o_*, which get messages, are begun if
-- not. A line that is begun later would be locked out of order. One that gets no message in the end is removed by the
-- next look for messages.
CREATE OR REPLACE FUNCTION beehive.lock_lines_1(
  l_subscription int[], l_line text[], o_subscription int[], o_line text[]
) RETURNS void LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  r record;
BEGIN
  FOR r IN
    SELECT subscription, line, bool_or(joins) AS joins FROM (
      SELECT subscription, line, false FROM unnest(l_subscription, l_line) AS l (subscription, line)
      UNION ALL
      SELECT subscription, line, true FROM unnest(o_subscription, o_line) AS o (subscription, line)
    ) AS used (subscription, line, joins)
    WHERE line IS NOT NULL GROUP BY subscription, line ORDER BY subscription, line COLLATE "C"
  LOOP
    LOOP
      PERFORM 1 FROM beehive.lines WHERE subscription = r.subscription AND key = r.line FOR UPDATE;
      EXIT WHEN FOUND OR NOT r.joins;
      INSERT INTO beehive.lines (subscription, key, due) VALUES (r.subscription, r.line, ${now}) ON CONFLICT DO NOTHING;
      EXIT WHEN FOUND;
    END LOOP;
  END LOOP;
END $$;

-- Removes the first message of a line, whose row is locked. The look for the next one is a statement of its own, which
-- sees what others have committed until the lock was had.
CREATE OR REPLACE FUNCTION beehive.leave_line_1(v_subscription int, v_key text, v_id bigint, v_now bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM beehive.line_messages WHERE subscription = v_subscription AND key = v_key AND id = v_id;
  IF EXISTS (SELECT 1 FROM beehive.line_messages WHERE subscription = v_subscription AND key = v_key) THEN
    UPDATE beehive.lines SET due = v_now, lease = NULL, process = NULL, attempts = 0, first_seen = NULL
      WHERE subscription = v_subscription AND key = v_key;
  ELSE
    DELETE FROM beehive.lines WHERE subscription = v_subscription AND key = v_key;
  END IF;
END $$;

-- Moves delayed messages that are due to where they are leased from. They get new ids: those of messages only grow.
CREATE OR REPLACE FUNCTION beehive.end_delays_1(v_subscription int, v_now bigint, v_max int)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  WITH ended AS (
    DELETE FROM beehive.delayed WHERE (subscription, due, id) IN (
      SELECT subscription, due, id FROM beehive.delayed WHERE subscription = v_subscription AND due <= v_now AND key IS NULL
      ORDER BY due LIMIT v_max FOR UPDATE SKIP LOCKED)
    RETURNING *)
  INSERT INTO beehive.messages (due, first_seen, subscription, attempts, event, body, bytes)
    SELECT due, first_seen, subscription, attempts, event, body, bytes FROM ended ORDER BY due, id;
  -- In the order of keys, as all lock lines in it.
  FOR r IN
    WITH ended AS (
      DELETE FROM beehive.delayed WHERE (subscription, due, id) IN (
        SELECT subscription, due, id FROM beehive.delayed
        WHERE subscription = v_subscription AND due <= v_now AND key IS NOT NULL
        ORDER BY due LIMIT v_max FOR UPDATE SKIP LOCKED)
      RETURNING *)
    SELECT * FROM ended ORDER BY key, due, id
  LOOP
    PERFORM beehive.join_line_1(v_subscription, r.key, v_now, r.event, r.body, r.bytes);
  END LOOP;
END $$;

-- Returns the time until a message is due, 0 when one is, NULL when none is foreseen; the smallest id from v_low on, and the
-- first time from v_line_low on at which a line is due.
-- Most often all that live are a few that are leased: they are looked at once.
CREATE OR REPLACE FUNCTION beehive.wait_1(
  v_subscription int, v_low bigint, v_line_low bigint, v_now bigint, OUT wait bigint, OUT first bigint, OUT line bigint
) LANGUAGE plpgsql AS $$
DECLARE
  v_due bigint;
  v_count int;
BEGIN
  SELECT min(due), min(id), count(*) INTO v_due, first, v_count FROM (
    SELECT id, due FROM beehive.messages WHERE subscription = v_subscription AND id >= v_low
    ORDER BY subscription, id LIMIT 100) AS few;
  IF v_count = 100 AND v_due > v_now THEN
    SELECT due INTO v_due FROM beehive.messages
      WHERE subscription = v_subscription AND id >= v_low AND due <= v_now ORDER BY subscription, id LIMIT 1;
    IF NOT FOUND THEN
      SELECT min(due) INTO v_due FROM beehive.messages WHERE subscription = v_subscription AND id >= v_low;
    END IF;
  END IF;
  SELECT due INTO line FROM beehive.lines
    WHERE subscription = v_subscription AND due >= v_line_low AND due <= v_now + ${foreseenMs}
    ORDER BY subscription, due LIMIT 1;
  SELECT least(v_due, line,
    (SELECT due FROM beehive.delayed WHERE subscription = v_subscription ORDER BY subscription, due LIMIT 1)
  ) INTO v_due;
  wait := CASE WHEN v_due IS NOT NULL THEN greatest(v_due - v_now, 0) END;
END $$;

-- Leases up to v_max messages. 'lease': one of them. 'wait': the time of the server, in lease that until the next is
-- due in ms, in first_seen the smallest id from v_low on. 'last': the last id that was given, and in lease the time before
-- which no line is due. 'topology': the caller's is old.
-- Messages with ids below v_low, and lines that were due before v_line_low, are not looked at: where vacuum is held back,
-- dead ones pile up there. A call in a few seconds has no bounds, and finds what was committed late.
CREATE OR REPLACE FUNCTION beehive.take_1(
  v_topology bigint, v_subscription int, v_max int, v_ms bigint, v_token bigint, v_process int, v_low bigint,
  v_line_low bigint
) RETURNS TABLE (what text, id bigint, lease bigint, line text, attempts int, first_seen bigint,
                 event text, body text, bytes bytea)
LANGUAGE plpgsql ${byIndex} AS $$
#variable_conflict use_column
DECLARE
  v_now bigint := ${now};
  v_left int := v_max;
  v_keys text[];
  v_leased int;
  v_wait record;
BEGIN
  IF (SELECT topology FROM beehive.hive) <> v_topology THEN
    RETURN QUERY SELECT 'topology', 0::bigint, 0::bigint, NULL::text, 0, 0::bigint, NULL::text, NULL::text, NULL::bytea;
    RETURN;
  END IF;
  IF EXISTS (SELECT 1 FROM beehive.delayed WHERE subscription = v_subscription AND due <= v_now) THEN
    PERFORM beehive.end_delays_1(v_subscription, v_now, greatest(v_max, 100));
  END IF;

  WITH leased AS (
    UPDATE beehive.lines l SET due = v_now + v_ms, lease = v_token, process = v_process, attempts = l.attempts + 1,
      first_seen = coalesce(l.first_seen, v_now)
    WHERE l.ctid = ANY (ARRAY (
      SELECT x.ctid FROM beehive.lines x
      WHERE x.subscription = v_subscription AND x.due >= v_line_low AND x.due <= v_now
      ORDER BY x.subscription, x.due LIMIT v_max FOR UPDATE SKIP LOCKED))
    RETURNING l.key)
  SELECT array_agg(key) INTO v_keys FROM leased;
  IF v_keys IS NOT NULL THEN
    -- A statement of its own: the one above may not yet see that the first of a line was removed.
    RETURN QUERY
      SELECT 'lease', m.id, v_token, l.key, l.attempts, l.first_seen, m.event, m.body, m.bytes
      FROM beehive.lines l CROSS JOIN LATERAL (
        SELECT * FROM beehive.line_messages m WHERE m.subscription = l.subscription AND m.key = l.key
        ORDER BY m.id LIMIT 1) m
      WHERE l.subscription = v_subscription AND l.key = ANY (v_keys);
    GET DIAGNOSTICS v_leased = ROW_COUNT;
    v_left := v_left - v_leased;
    IF v_leased < cardinality(v_keys) THEN
      -- Lines that were begun for messages which were not published.
      DELETE FROM beehive.lines l WHERE subscription = v_subscription AND key = ANY (v_keys) AND (
        SELECT m.id FROM beehive.line_messages m WHERE m.subscription = l.subscription AND m.key = l.key LIMIT 1) IS NULL;
    END IF;
  END IF;

  IF v_left > 0 THEN
    RETURN QUERY
      UPDATE beehive.messages m SET due = v_now + v_ms, lease = v_token, process = v_process,
        attempts = m.attempts + 1, first_seen = coalesce(m.first_seen, v_now)
      WHERE m.ctid = ANY (ARRAY (
        SELECT x.ctid FROM beehive.messages x
        WHERE x.subscription = v_subscription AND x.id >= v_low AND x.due <= v_now
        ORDER BY x.subscription, x.id LIMIT v_left FOR UPDATE SKIP LOCKED))
      RETURNING 'lease', m.id, v_token, NULL::text, m.attempts, m.first_seen, m.event, m.body, m.bytes;
  END IF;
  SELECT * INTO v_wait FROM beehive.wait_1(v_subscription, v_low, v_line_low, v_now);
  RETURN QUERY SELECT 'wait', v_now, v_wait.wait, NULL::text, 0, v_wait.first, NULL::text, NULL::text, NULL::bytea;
  RETURN QUERY SELECT 'last', (SELECT last_value FROM beehive.messages_id_seq), least(v_wait.line, v_now), NULL::text, 0,
    0::bigint, NULL::text, NULL::text, NULL::bytea;
END $$;

-- Extends leases by v_ms from now. Returns the numbers of those that are still held, from 1.
CREATE OR REPLACE FUNCTION beehive.renew_1(
  l_id bigint[], l_token bigint[], l_subscription int[], l_line text[], v_ms bigint
) RETURNS TABLE (n bigint) LANGUAGE plpgsql ${byIndex} AS $$
#variable_conflict use_column
DECLARE
  v_now bigint := ${now};
BEGIN
  -- All lock messages in the order of ids, and lines in the order of keys.
  PERFORM 1 FROM beehive.messages
    WHERE (subscription, id) IN (SELECT * FROM unnest(l_subscription, l_id)) ORDER BY subscription, id FOR NO KEY UPDATE;
  RETURN QUERY
    UPDATE beehive.messages m SET due = v_now + v_ms
    FROM unnest(l_subscription, l_id, l_token, l_line) WITH ORDINALITY AS l (subscription, id, token, line, n)
    WHERE l.line IS NULL AND m.subscription = l.subscription AND m.id = l.id AND m.lease = l.token AND m.due > v_now
    RETURNING l.n;
  RETURN QUERY
    UPDATE beehive.lines x SET due = v_now + v_ms
    FROM (SELECT x.subscription, x.key, l.token, l.n
          FROM unnest(l_subscription, l_line, l_token) WITH ORDINALITY AS l (subscription, line, token, n)
          JOIN beehive.lines x ON x.subscription = l.subscription AND x.key = l.line
          ORDER BY x.subscription, x.key FOR NO KEY UPDATE OF x) AS l
    WHERE x.subscription = l.subscription AND x.key = l.key AND x.lease = l.token AND x.due + 0 > v_now
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
  PERFORM 1 FROM beehive.messages
    WHERE (subscription, id) IN (SELECT * FROM unnest(l_subscription, l_id)) ORDER BY subscription, id FOR UPDATE;
  RETURN QUERY
    UPDATE beehive.messages m SET due = 0, lease = NULL, process = NULL, attempts = m.attempts - l.uncounted
    FROM unnest(l_subscription, l_id, l_token, l_line, l_delay, l_uncounted)
      WITH ORDINALITY AS l (subscription, id, token, line, delay, uncounted, n)
    WHERE l.line IS NULL AND l.delay = 0 AND m.subscription = l.subscription AND m.id = l.id AND m.lease = l.token AND m.due > v_now
    RETURNING l.n;
  RETURN QUERY
    WITH ended AS (
      DELETE FROM beehive.messages m
      USING unnest(l_subscription, l_id, l_token, l_line, l_delay, l_uncounted)
        WITH ORDINALITY AS l (subscription, id, token, line, delay, uncounted, n)
      WHERE l.line IS NULL AND l.delay > 0 AND m.subscription = l.subscription AND m.id = l.id AND m.lease = l.token AND m.due > v_now
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
          JOIN beehive.lines x ON x.subscription = l.subscription AND x.key = l.line
          ORDER BY x.subscription, x.key FOR UPDATE OF x) AS l
    WHERE x.subscription = l.subscription AND x.key = l.key AND x.lease = l.token AND x.due + 0 > v_now
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
  PERFORM 1 FROM beehive.messages
    WHERE (subscription, id) IN (SELECT * FROM unnest(l_subscription, l_id)) ORDER BY subscription, id FOR UPDATE;
  RETURN QUERY
    WITH ended AS (
      DELETE FROM beehive.messages m
      USING unnest(l_subscription, l_id, l_token, l_line, l_event, l_letter)
        WITH ORDINALITY AS l (subscription, id, token, line, event_id, letter, n)
      WHERE l.line IS NULL AND m.subscription = l.subscription AND m.id = l.id AND m.lease = l.token AND m.due > v_now
      RETURNING m.*, l.n, l.event_id, l.letter),
    dead AS (
      INSERT INTO beehive.dead_letters (subscription, event_id, letter, event, body, bytes)
      SELECT subscription, event_id, letter, event, body, bytes FROM ended ORDER BY n)
    SELECT ended.n FROM ended;
  FOR r IN
    SELECT l.n, l.id, l.event_id, l.letter, x.subscription, x.key, x.lease = l.token AND x.due > v_now AS held
    FROM unnest(l_id, l_token, l_subscription, l_line, l_event, l_letter)
      WITH ORDINALITY AS l (id, token, subscription, line, event_id, letter, n)
    JOIN beehive.lines x ON x.subscription = l.subscription AND x.key = l.line
    ORDER BY x.subscription, x.key FOR UPDATE OF x
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
