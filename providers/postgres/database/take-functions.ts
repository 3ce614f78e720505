import { byIndex, lineSubscription, now } from "./sql.ts";

/*
 * Functions that look for messages, and lease them.
 */

/**
 * How far ahead a look sees the time at which a line is due, in ms: dead ones lie between now and the ends of leases. A
 * process that waits looks more often than that.
 */
const foreseenMs = 5_000;

export const takeFunctions: string = `
-- Moves delayed messages that are due to where they are leased from. They get new ids: those of messages only grow.
CREATE OR REPLACE FUNCTION beehive.end_delays_1(v_subscription int, v_now bigint, v_max int)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  WITH ended AS (
    DELETE FROM beehive.delayed WHERE ctid = ANY (ARRAY (
      SELECT ctid FROM beehive.delayed WHERE subscription = v_subscription AND due <= v_now AND key IS NULL
      ORDER BY due LIMIT v_max FOR UPDATE SKIP LOCKED))
    RETURNING *)
  INSERT INTO beehive.messages (due, first_seen, subscription, attempts, event, body, bytes)
    SELECT due, first_seen, subscription, attempts, event, body, bytes FROM ended ORDER BY due, id;
  -- In the order of keys, as all lock lines in it.
  FOR r IN
    WITH ended AS (
      DELETE FROM beehive.delayed WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM beehive.delayed WHERE subscription = v_subscription AND due <= v_now AND key IS NOT NULL
        ORDER BY due LIMIT v_max FOR UPDATE SKIP LOCKED))
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
    WHERE ${lineSubscription} = v_subscription AND due >= v_line_low AND due <= v_now + ${foreseenMs}
    ORDER BY due LIMIT 1;
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
  v_attempts int[];
  v_seen bigint[];
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
      WHERE x.${lineSubscription} = v_subscription AND x.due >= v_line_low AND x.due <= v_now
      ORDER BY x.due LIMIT v_max FOR UPDATE SKIP LOCKED))
    RETURNING l.key, l.attempts, l.first_seen)
  SELECT array_agg(key), array_agg(attempts), array_agg(first_seen) INTO v_keys, v_attempts, v_seen FROM leased;
  IF v_keys IS NOT NULL THEN
    -- A statement of its own: the one above may not yet see that the first of a line was removed.
    RETURN QUERY
      SELECT 'lease', m.id, v_token, l.key, l.attempts, l.first_seen, m.event, m.body, m.bytes
      FROM unnest(v_keys, v_attempts, v_seen) AS l (key, attempts, first_seen) CROSS JOIN LATERAL (
        SELECT * FROM beehive.line_messages m WHERE m.subscription = v_subscription AND m.key = l.key
        ORDER BY m.id LIMIT 1) m;
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
`;
