import { byIndex, now } from "./sql.ts";

/*
 * Functions on destinations and processes, and those that keep the tables small.
 */

/** How long a process may be missed before its leases are taken over, in ms: its connection may be lost and come back. */
const missedMs = 1_500;

export const upkeepFunctions: string = `
-- Makes what is missing of destinations and subscriptions. Messages of a subscription that becomes ordered get in line.
CREATE OR REPLACE FUNCTION beehive.ensure_1(
  v_destinations text[], s_name text[], s_destination text[], s_ordered boolean[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_now bigint := ${now};
  v_changed boolean;
  v_lined int[];
  v_loose int[];
  r record;
BEGIN
  -- One at a time, also with deletions.
  PERFORM 1 FROM beehive.hive FOR UPDATE;
  INSERT INTO beehive.destinations (name) SELECT DISTINCT unnest(v_destinations) ON CONFLICT DO NOTHING;
  v_changed := FOUND;
  SELECT coalesce(array_agg(x.id) FILTER (WHERE s.ordered), '{}'), coalesce(array_agg(x.id) FILTER (WHERE NOT s.ordered), '{}')
    INTO v_lined, v_loose
    FROM unnest(s_name, s_ordered) AS s (name, ordered) JOIN beehive.subscriptions x ON x.name = s.name
    WHERE x.ordered <> s.ordered;
  INSERT INTO beehive.subscriptions AS x (name, destination, ordered)
    SELECT DISTINCT ON (s.name) s.name, d.id, s.ordered
    FROM unnest(s_name, s_destination, s_ordered) AS s (name, destination, ordered)
    JOIN beehive.destinations d ON d.name = s.destination
    ON CONFLICT (name) DO UPDATE SET ordered = excluded.ordered WHERE x.ordered <> excluded.ordered;
  v_changed := v_changed OR FOUND;
  IF v_changed THEN
    UPDATE beehive.hive SET topology = topology + 1;
  END IF;
  IF cardinality(v_lined) > 0 THEN
    UPDATE beehive.delayed SET key = event::json ->> 'partitionKey' WHERE subscription = ANY (v_lined);
    FOR r IN
      WITH loose AS (
        DELETE FROM beehive.messages WHERE (subscription, id) IN (
          SELECT subscription, id FROM beehive.messages WHERE subscription = ANY (v_lined) AND due <= v_now
            AND event::json ->> 'partitionKey' IS NOT NULL FOR UPDATE SKIP LOCKED)
        RETURNING *)
      SELECT *, event::json ->> 'partitionKey' AS key FROM loose ORDER BY subscription, key COLLATE "C", id
    LOOP
      PERFORM beehive.join_line_1(r.subscription, r.key, v_now, r.event, r.body, r.bytes);
    END LOOP;
  END IF;
  -- Lines of a subscription that is no longer ordered are delivered as they are.
  IF cardinality(v_loose) > 0 THEN
    UPDATE beehive.delayed SET key = NULL WHERE subscription = ANY (v_loose);
  END IF;
END $$;

-- Deletes a subscription, or a destination with all of its subscriptions.
CREATE OR REPLACE FUNCTION beehive.delete_1(v_destination text, v_subscription text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_gone int[];
BEGIN
  PERFORM 1 FROM beehive.hive FOR UPDATE;
  SELECT coalesce(array_agg(s.id), '{}') INTO v_gone
    FROM beehive.subscriptions s JOIN beehive.destinations d ON d.id = s.destination
    WHERE s.name = v_subscription OR d.name = v_destination;
  DELETE FROM beehive.subscriptions WHERE id = ANY (v_gone);
  DELETE FROM beehive.destinations WHERE name = v_destination;
  UPDATE beehive.hive SET topology = topology + 1;
  -- As all lock them: delayed messages, others in the order of ids, lines in the order of keys.
  PERFORM 1 FROM beehive.delayed WHERE subscription = ANY (v_gone) ORDER BY subscription, due, id FOR UPDATE;
  DELETE FROM beehive.delayed WHERE subscription = ANY (v_gone);
  PERFORM 1 FROM beehive.messages WHERE subscription = ANY (v_gone) ORDER BY subscription, id FOR UPDATE;
  DELETE FROM beehive.messages WHERE subscription = ANY (v_gone);
  PERFORM 1 FROM beehive.lines WHERE subscription = ANY (v_gone) ORDER BY subscription, key FOR UPDATE;
  DELETE FROM beehive.line_messages WHERE subscription = ANY (v_gone);
  DELETE FROM beehive.lines WHERE subscription = ANY (v_gone);
  DELETE FROM beehive.dead_letters WHERE subscription = ANY (v_gone);
END $$;

-- Looks, for a process that waits, whether something is due. A row for each subscription: ms until then, NULL for never.
-- 'topology': it changed. 'taken': the leases of a dead process were taken over.
CREATE OR REPLACE FUNCTION beehive.look_1(
  v_topology bigint, v_key int, v_process int, v_subscriptions int[], v_lows bigint[], v_line_lows bigint[]
) RETURNS TABLE (what text, subscription int, wait bigint) LANGUAGE plpgsql ${byIndex} AS $$
#variable_conflict use_column
DECLARE
  v_now bigint := ${now};
BEGIN
  IF (SELECT topology FROM beehive.hive) <> v_topology THEN
    RETURN QUERY SELECT 'topology', 0, 0::bigint;
  END IF;
  IF EXISTS (SELECT 1 FROM beehive.processes WHERE id IS DISTINCT FROM v_process) THEN
    IF beehive.take_over_1(v_key, v_process, v_now) THEN
      RETURN QUERY SELECT 'taken', 0, 0::bigint;
    END IF;
  END IF;
  RETURN QUERY
    SELECT 'wait', s.id, w.wait FROM unnest(v_subscriptions, v_lows, v_line_lows) AS s (id, low, line_low)
    CROSS JOIN LATERAL beehive.wait_1(s.id, s.low, s.line_low, v_now) AS w;
END $$;

-- Gives back what dead processes had leased or locked: those whose advisory lock has been gone for a while. A message
-- with an earlier attempt stays leased until its lease ends, since it may be what they died of.
CREATE OR REPLACE FUNCTION beehive.take_over_1(v_key int, v_process int, v_now bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_alive int[];
  v_dead int[];
BEGIN
  SELECT coalesce(array_agg(objid::bigint::int), '{}') INTO v_alive FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2 AND granted AND classid::bigint = v_key::bigint & 4294967295
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
  IF v_process IS NOT NULL AND v_process <> ALL (v_alive) THEN
    -- Whoever cannot see its own lock judges nobody.
    RETURN false;
  END IF;
  -- Others look, too: they take turns.
  PERFORM 1 FROM beehive.processes WHERE missed IS NOT NULL OR id <> ALL (v_alive) ORDER BY id FOR UPDATE;
  UPDATE beehive.processes SET missed = NULL WHERE missed IS NOT NULL AND id = ANY (v_alive);
  UPDATE beehive.processes SET missed = v_now WHERE missed IS NULL AND id <> ALL (v_alive);
  WITH gone AS (DELETE FROM beehive.processes WHERE missed <= v_now - ${missedMs} RETURNING id)
    SELECT array_agg(id) INTO v_dead FROM gone;
  IF v_dead IS NULL THEN
    RETURN false;
  END IF;
  -- Items, then messages, then lines: as commit_1 locks them.
  UPDATE beehive.items SET value = jsonb_set(value::jsonb, '{until}', '0')::text, etag = etag || '.'
    WHERE store = 'lock' AND partition = '' AND id IN (
      SELECT id FROM beehive.items WHERE store = 'lock' AND partition = ''
        AND value::jsonb ->> 'holder' = ANY (v_dead::text[]) ORDER BY id FOR NO KEY UPDATE);
  UPDATE beehive.messages SET due = 0, lease = NULL, process = NULL WHERE (subscription, id) IN (
    SELECT subscription, id FROM beehive.messages
    WHERE process = ANY (v_dead) AND lease IS NOT NULL AND due > v_now AND attempts = 1 FOR UPDATE SKIP LOCKED);
  UPDATE beehive.lines l SET due = v_now, lease = NULL, process = NULL
    FROM (SELECT subscription, key FROM beehive.lines
      WHERE process = ANY (v_dead) AND lease IS NOT NULL AND due > v_now AND attempts = 1 FOR UPDATE SKIP LOCKED) AS d
    WHERE l.subscription = d.subscription AND l.key = d.key;
  RETURN true;
END $$;

-- Deletes up to v_max items and ids that have expired. Returns how many; one process at a time does it.
CREATE OR REPLACE FUNCTION beehive.prune_1(v_key int, v_window bigint, v_max int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_now bigint := ${now};
  v_items int;
  v_ids int;
BEGIN
  IF NOT pg_try_advisory_xact_lock(v_key, 0) THEN
    RETURN 0;
  END IF;
  DELETE FROM beehive.items WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM beehive.items WHERE expires <= v_now LIMIT v_max FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS v_items = ROW_COUNT;
  DELETE FROM beehive.recent_ids WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM beehive.recent_ids WHERE at <= v_now - v_window ORDER BY at LIMIT v_max FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS v_ids = ROW_COUNT;
  RETURN v_items + v_ids;
END $$;
`;
