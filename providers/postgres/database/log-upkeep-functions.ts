import { size } from "./log-functions.ts";
import { byIndex, now } from "./sql.ts";

/*
 * Functions on topics that keep their events as a whole. Those that move readers or remove events take the advisory lock
 * of the schema first, so that nothing is removed which a reader is about to go back to.
 */

export const logUpkeepFunctions: string = `
-- Returns the position of the first event that was published at a time or later. Times grow with positions.
CREATE OR REPLACE FUNCTION beehive.position_at_1(v_destination int, v_time bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_low bigint;
  v_high bigint;
  v_middle bigint;
  r record;
BEGIN
  SELECT next INTO v_high FROM beehive.kept_topics WHERE destination = v_destination;
  v_low := coalesce((SELECT min(position) FROM beehive.log WHERE destination = v_destination), v_high);
  WHILE v_low < v_high LOOP
    v_middle := (v_low + v_high) / 2;
    SELECT position, published INTO r FROM beehive.log WHERE destination = v_destination AND position >= v_middle
      ORDER BY destination, position LIMIT 1;
    IF NOT FOUND OR r.published >= v_time THEN
      v_high := v_middle;
    ELSE
      v_low := r.position + 1;
    END IF;
  END LOOP;
  RETURN coalesce((SELECT min(position) FROM beehive.log WHERE destination = v_destination AND position >= v_low),
    (SELECT next FROM beehive.kept_topics WHERE destination = v_destination));
END $$;

-- Returns the position of a start: now, beginning, latest-per-key, date or position with v_at.
CREATE OR REPLACE FUNCTION beehive.start_1(v_destination int, v_from text, v_at bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_next bigint;
  v_first bigint;
BEGIN
  SELECT next INTO v_next FROM beehive.kept_topics WHERE destination = v_destination;
  v_first := coalesce((SELECT min(position) FROM beehive.log WHERE destination = v_destination AND position < v_next), v_next);
  RETURN CASE v_from WHEN 'beginning' THEN v_first
    WHEN 'date' THEN beehive.position_at_1(v_destination, v_at)
    WHEN 'position' THEN least(greatest(v_at, v_first), v_next)
    ELSE v_next END;
END $$;

-- As ensure_1, and with topics that keep their events, k_*, and with where new subscriptions start.
CREATE OR REPLACE FUNCTION beehive.ensure_2(
  v_key int, v_destinations text[], s_name text[], s_destination text[], s_ordered boolean[], s_from text[], s_at bigint[],
  k_destination text[], k_rule text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_kept boolean;
  r record;
BEGIN
  PERFORM pg_advisory_xact_lock(v_key, 0);
  PERFORM beehive.ensure_1(v_destinations, s_name, s_destination, s_ordered);
  IF cardinality(k_destination) > 0 AND EXISTS (SELECT 1 FROM beehive.migrations WHERE oldest < 2) THEN
    -- Releases that know nothing of the log would publish past it.
    UPDATE beehive.migrations SET oldest = 2 WHERE oldest < 2;
  END IF;
  v_kept := EXISTS (SELECT 1 FROM unnest(k_destination) AS k (name) JOIN beehive.destinations d ON d.name = k.name
    WHERE d.id NOT IN (SELECT destination FROM beehive.kept_topics));
  INSERT INTO beehive.kept_topics AS t (destination, rule)
    SELECT DISTINCT ON (d.id) d.id, k.rule FROM unnest(k_destination, k_rule) AS k (name, rule)
    JOIN beehive.destinations d ON d.name = k.name
    ON CONFLICT (destination) DO UPDATE SET rule = excluded.rule WHERE t.rule <> excluded.rule;
  FOR r IN
    SELECT x.id, x.destination, s.start, s.at FROM beehive.subscriptions x
    JOIN beehive.kept_topics t ON t.destination = x.destination
    LEFT JOIN unnest(s_name, s_from, s_at) AS s (name, start, at) ON s.name = x.name
    WHERE x.id NOT IN (SELECT subscription FROM beehive.readers) ORDER BY x.destination, x.id
  LOOP
    PERFORM beehive.enter_1(r.destination);
    INSERT INTO beehive.readers (subscription, destination, position)
      VALUES (r.id, r.destination, beehive.start_1(r.destination, r.start, r.at)) ON CONFLICT DO NOTHING;
    IF r.start = 'latest-per-key' THEN
      PERFORM beehive.queue_1(r.id, 0, (SELECT position FROM beehive.readers WHERE subscription = r.id), true, ${now});
    END IF;
  END LOOP;
  IF v_kept THEN
    UPDATE beehive.hive SET topology = topology + 1;
  END IF;
END $$;

-- As delete_1, with what was kept.
CREATE OR REPLACE FUNCTION beehive.delete_2(v_destination text, v_subscription text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_gone int;
BEGIN
  PERFORM 1 FROM beehive.hive FOR UPDATE;
  SELECT id INTO v_gone FROM beehive.destinations WHERE name = v_destination;
  PERFORM beehive.delete_1(v_destination, v_subscription);
  DELETE FROM beehive.log WHERE destination = v_gone;
  DELETE FROM beehive.entering WHERE destination = v_gone;
END $$;

-- Returns the positions of a topic; no row when it keeps nothing.
CREATE OR REPLACE FUNCTION beehive.range_1(v_destination int) RETURNS TABLE (first bigint, next bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM beehive.enter_1(v_destination);
  RETURN QUERY
    SELECT coalesce((SELECT min(position) FROM beehive.log WHERE destination = v_destination), next), next
    FROM beehive.kept_topics WHERE destination = v_destination;
END $$;

-- Returns events of a topic from a position on.
CREATE OR REPLACE FUNCTION beehive.read_log_1(v_destination int, v_from bigint, v_max int, v_key text)
RETURNS TABLE ("position" bigint, published bigint, event text, body text, bytes bytea)
LANGUAGE plpgsql ${byIndex} AS $$
#variable_conflict use_column
BEGIN
  PERFORM beehive.enter_1(v_destination);
  IF v_key IS NULL THEN
    RETURN QUERY SELECT position, published, event, body, bytes FROM beehive.log
      WHERE destination = v_destination AND position >= v_from ORDER BY destination, position LIMIT v_max;
  ELSE
    RETURN QUERY SELECT position, published, event, body, bytes FROM beehive.log
      WHERE destination = v_destination AND key = v_key AND position >= v_from
      ORDER BY destination, key, position LIMIT v_max;
  END IF;
END $$;

-- Moves a subscription to a position, and empties stores: those from a name of v_clear to one of v_clear_to. Returns whether its topic keeps events.
CREATE OR REPLACE FUNCTION beehive.rewind_1(
  v_key int, v_subscription int, v_from text, v_at bigint, v_outputs text, v_clear text[],
  v_clear_to text[])
RETURNS boolean LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  v_destination int;
  v_until bigint;
  v_position bigint;
BEGIN
  SELECT destination INTO v_destination FROM beehive.readers WHERE subscription = v_subscription;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM pg_advisory_xact_lock(v_key, 0);
  PERFORM 1 FROM beehive.readers WHERE subscription = v_subscription FOR UPDATE;
  -- All lock items in the order of keys, then messages in the order of ids, and lines in the order of keys.
  PERFORM 1 FROM beehive.items x, unnest(v_clear, v_clear_to) AS c (begins, ends)
    WHERE store >= begins COLLATE "C" AND store < ends COLLATE "C" ORDER BY store, partition, id FOR UPDATE OF x;
  PERFORM 1 FROM beehive.messages WHERE subscription = v_subscription ORDER BY id FOR UPDATE;
  DELETE FROM beehive.messages WHERE subscription = v_subscription;
  DELETE FROM beehive.delayed WHERE subscription = v_subscription;
  PERFORM 1 FROM beehive.lines WHERE subscription = v_subscription ORDER BY key FOR UPDATE;
  DELETE FROM beehive.line_messages WHERE subscription = v_subscription;
  DELETE FROM beehive.lines WHERE subscription = v_subscription;
  -- After the leases are gone: what their steps have added until then goes as well.
  DELETE FROM beehive.items USING unnest(v_clear, v_clear_to) AS c (begins, ends)
    WHERE store >= begins COLLATE "C" AND store < ends COLLATE "C";
  -- Read before the position: what is published meanwhile was never delivered, and is not replayed.
  SELECT next INTO v_until FROM beehive.kept_topics WHERE destination = v_destination;
  v_position := beehive.start_1(v_destination, v_from, v_at);
  UPDATE beehive.readers SET position = v_position, rewind = rewind + 1, until = v_until, outputs = v_outputs
    WHERE subscription = v_subscription;
  IF v_from = 'latest-per-key' THEN
    PERFORM beehive.queue_1(v_subscription, 0, v_position, true, ${now});
  END IF;
  RETURN true;
END $$;

-- Appends events of a backup at their positions. Returns what stands against it: kept, taken, unread.
CREATE OR REPLACE FUNCTION beehive.restore_1(
  v_key int, v_destination int, v_position bigint[], v_published bigint[], v_due bigint[], v_line text[],
  v_event text[], v_body text[], v_bytes bytea[])
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_next bigint;
  v_last bigint;
  v_size bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(v_key, 0);
  PERFORM beehive.enter_1(v_destination);
  -- The rows of readers are locked before that of the topic.
  PERFORM 1 FROM beehive.readers WHERE destination = v_destination ORDER BY subscription FOR UPDATE;
  SELECT next, published INTO v_next, v_last FROM beehive.kept_topics WHERE destination = v_destination FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'kept';
  ELSIF v_position[1] < v_next THEN
    RETURN 'taken';
  ELSIF EXISTS (SELECT 1 FROM beehive.readers WHERE destination = v_destination AND position < v_next) THEN
    RETURN 'unread';
  END IF;
  INSERT INTO beehive.log (destination, position, published, due, key, event, body, bytes)
    SELECT v_destination, position, greatest(v_last, max(published) OVER (ORDER BY position)), due, key, event, body, bytes
    FROM unnest(v_position, v_published, v_due, v_line, v_event, v_body, v_bytes)
      AS e (position, published, due, key, event, body, bytes);
  SELECT coalesce(sum(${size}), 0) INTO v_size FROM unnest(v_body, v_bytes) AS e (body, bytes);
  UPDATE beehive.kept_topics SET next = v_position[cardinality(v_position)] + 1, bytes = bytes + v_size,
    published = greatest(published, (SELECT max(at) FROM unnest(v_published) AS at)),
    -- Positions that are left out are gaps, which must be counted.
    compacted = greatest(compacted, (SELECT max(position) FROM (
      SELECT position, lag(position, 1, v_next - 1) OVER (ORDER BY position) AS before FROM unnest(v_position) AS position
    ) AS part WHERE position > before + 1))
    WHERE destination = v_destination;
  UPDATE beehive.readers SET position = (SELECT next FROM beehive.kept_topics WHERE destination = v_destination)
    WHERE destination = v_destination;
  RETURN NULL;
END $$;

-- Removes up to v_max events of each topic that its rule no longer keeps. Returns whether there may be more.
-- v_skip: does nothing while another process does it.
CREATE OR REPLACE FUNCTION beehive.trim_1(v_key int, v_max int, v_skip boolean) RETURNS boolean LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  v_now bigint := ${now};
  v_more boolean := false;
  v_bound bigint;
  v_end bigint;
  v_count bigint;
  v_size bigint;
  v_compacted bigint;
  r record;
BEGIN
  IF NOT v_skip THEN
    PERFORM pg_advisory_xact_lock(v_key, 0);
  ELSIF NOT pg_try_advisory_xact_lock(v_key, 0) THEN
    RETURN false;
  END IF;
  FOR r IN
    SELECT destination, next, bytes, compacted, (rule::json ->> 'forMs')::numeric AS for_ms,
      (rule::json ->> 'maxBytes')::numeric AS max_bytes, (rule::json ->> 'compact')::boolean AS compact,
      (rule::json ->> 'evenUnread')::boolean AS even_unread
    FROM beehive.kept_topics ORDER BY destination
  LOOP
    v_bound := r.next;
    IF NOT r.even_unread THEN
      v_bound := coalesce((SELECT min(position) FROM beehive.readers WHERE destination = r.destination), r.next);
    END IF;
    v_size := 0;
    v_compacted := r.compacted;
    -- The oldest go first: time and the bytes that are left run in one direction.
    IF r.for_ms IS NOT NULL OR r.bytes > r.max_bytes THEN
      SELECT count(*), coalesce(sum(size), 0), max(position) + 1 INTO v_count, v_size, v_end FROM (
        SELECT position, published, size, r.bytes - sum(size) OVER (ORDER BY position) + size AS held FROM (
          SELECT position, published, ${size} AS size FROM beehive.log
          WHERE destination = r.destination AND position < v_bound ORDER BY destination, position LIMIT v_max) AS oldest
        ) AS oldest
        WHERE published <= v_now - r.for_ms OR held > r.max_bytes;
      DELETE FROM beehive.log WHERE destination = r.destination AND position < v_end;
      v_more := v_more OR v_count = v_max;
    END IF;
    IF r.compact AND r.compacted < v_bound THEN
      -- Of each key, all before its newest of this part.
      v_compacted := least(v_bound, r.compacted + v_max);
      WITH gone AS (
        DELETE FROM beehive.log older USING (
          SELECT key, max(position) AS newest FROM beehive.log WHERE destination = r.destination
            AND position >= r.compacted AND position < v_compacted AND key IS NOT NULL GROUP BY key) AS part
        WHERE older.destination = r.destination AND older.key = part.key AND older.position < part.newest
        RETURNING ${size.replaceAll(/(body|bytes)/g, "older.$1")} AS size)
      SELECT v_size + coalesce(sum(size), 0) INTO v_size FROM gone;
      v_more := v_more OR v_compacted < v_bound;
    END IF;
    IF v_size > 0 OR v_compacted > r.compacted THEN
      UPDATE beehive.kept_topics SET bytes = bytes - v_size, compacted = v_compacted WHERE destination = r.destination;
    END IF;
  END LOOP;
  RETURN v_more;
END $$;
`;
