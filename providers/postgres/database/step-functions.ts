import { byIndex, newest, probe } from "./sql.ts";

/*
 * The function that commits steps, pushes and writes of stores: a group of them in one transaction.
 *
 * All take locks in one order, so that none waits for another in a circle: items by key, delayed messages that are
 * cancelled, messages by id, lines by key, recent ids by id. A row that a step only read is locked too (FOR SHARE), so that two steps that read what the other
 * writes do not both commit.
 */
export const stepFunctions: string = `
-- Returns the bytes that were joined: of each length, or NULL.
CREATE OR REPLACE FUNCTION beehive.split_1(v_joined bytea, v_lengths int[]) RETURNS bytea[] LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg(substr(v_joined, before + 1, length) ORDER BY n) FROM (
    SELECT n, length, coalesce(sum(length) OVER (ORDER BY n), 0)::int - length AS before
    FROM unnest(v_lengths) WITH ORDINALITY AS l (length, n)) AS parts
$$;

-- Commits a group. Arrays with one prefix run in parallel; *_step says whose entry it is.
--   l_*  leases to end; l_line is NULL unless the message is in a line
--   i_*  items that a step read or writes. i_expect: any, absent, present, or etag with i_etag.
--        i_act: read, put with i_new and so on, delete. A written item belongs to one step.
--   d_*  events to publish unless their id is known already; o_known is the number of its entry here, 0 for none
--   o_*  messages to publish. With o_lease they are leased for o_ms from the start.
-- A step that is refused changes nothing, and says why: 'conflict' with the number of the item and its etag, 'lease'.
-- 'topology': nothing was done, the caller's is old. 'dropped': n events of the step were known.
-- 'handed': a message with o_lease, and its id. 'now': the time of the server.
${commitFunction({ name: "commit_1" })}
`;

/** The additions of a version of the function to the first one. */
export interface CommitFunction {
  readonly name: string;
  readonly parameters?: string;
  readonly declarations?: string;
  /** The condition under which something is published, so that the topology counts. */
  readonly publishes?: string;
  /** The statements when an item is not as it was read: `r.n` is its number, `v_found` its etag. */
  readonly onConflict?: string;
  /** The statements that lock, and note, what `withdraw` removes. */
  readonly lock?: string;
  /** The subscriptions and keys of the lines to lock, of which some may be `NULL`. */
  readonly lines?: { readonly subscriptions: string; readonly keys: string };
  /** The statements before events are published. */
  readonly withdraw?: string;
  /** The statements at the end. */
  readonly append?: string;
}

/** Returns a version of the function that commits. */
export function commitFunction({
  name,
  parameters = "",
  declarations = "",
  publishes = "cardinality(o_step) > 0",
  onConflict = "",
  lock = "",
  lines = { subscriptions: "l_subscription", keys: "l_line" },
  withdraw = "",
  append = "",
}: CommitFunction): string {
  return `
CREATE OR REPLACE FUNCTION beehive.${name}(
  v_topology bigint, v_process int, v_window bigint,
  l_step int[], l_id bigint[], l_token bigint[], l_subscription int[], l_line text[],
  i_step int[], i_store text[], i_partition text[], i_id text[], i_expect text[], i_etag text[], i_act text[],
  i_new text[], i_modified bigint[], i_expires bigint[], i_metadata text[], i_value text[], i_bytes bytea[],
  d_step int[], d_destination int[], d_id text[],
  o_step int[], o_known int[], o_subscription int[], o_line text[], o_due bigint[], o_lease bigint[], o_ms bigint[],
  o_event text[], o_body text[], o_bytes bytea[]${parameters}
) RETURNS TABLE (what text, step int, n bigint, token bigint, found text)
LANGUAGE plpgsql ${byIndex} AS $$
#variable_conflict use_column
DECLARE
  v_now bigint;
  v_refused int[] := '{}';
  v_ended int[] := '{}';
  v_lost int[];
  -- The numbers of items that this call inserted: contents, and what stands for an item that must stay absent.
  v_inserted bigint[] := '{}';
  v_standins bigint[] := '{}';
  v_dropped bigint[] := '{}';
  -- Where the items are, by their numbers.
  v_place tid;
  v_places tid[] := array_fill(NULL::tid, ARRAY[cardinality(i_step)]);
  v_found text;
  v_holds boolean;
  v_puts boolean := false;
  v_lines boolean;
  v_locked bigint;
  ${declarations}
  r record;
BEGIN
  PERFORM set_config('lock_timeout', '10s', true);
  IF ${publishes} AND (SELECT topology FROM beehive.hive) <> v_topology THEN
    RETURN QUERY SELECT 'topology', 0, 0::bigint, 0::bigint, NULL::text;
    RETURN;
  END IF;

  -- Items: lock in the order of keys, and compare.
  FOR r IN
    SELECT * FROM unnest(i_step, i_store, i_partition, i_id, i_expect, i_etag, i_act, i_new, i_modified, i_expires,
        i_metadata, i_value, i_bytes) WITH ORDINALITY
      AS i (step, store, partition, id, expect, etag, act, new, modified, expires, metadata, value, bytes, n)
    ORDER BY store COLLATE "C", partition COLLATE "C", id COLLATE "C"
  LOOP
    LOOP
      v_found := NULL;
      IF r.act = 'read' THEN
        SELECT ctid, etag INTO v_place, v_found FROM beehive.items
          WHERE store = r.store AND partition = r.partition AND ${newest("id", "r.id")} FOR SHARE;
      ELSE
        SELECT ctid, etag INTO v_place, v_found FROM beehive.items
          WHERE store = r.store AND partition = r.partition AND ${newest("id", "r.id")} FOR NO KEY UPDATE;
      END IF;
      EXIT WHEN FOUND OR r.expect IN ('present', 'etag') OR (r.act = 'delete' AND r.expect = 'any');
      -- Whoever else inserts the item now waits for us, or we for them: then it is there, and is compared.
      IF r.act = 'put' THEN
        INSERT INTO beehive.items (store, partition, id, etag, modified, expires, metadata, value, bytes)
          VALUES (r.store, r.partition, r.id, r.new, r.modified, r.expires, r.metadata, r.value, r.bytes)
          ON CONFLICT DO NOTHING RETURNING ctid INTO v_place;
        IF FOUND THEN
          v_inserted := v_inserted || r.n;
          EXIT;
        END IF;
      ELSE
        INSERT INTO beehive.items (store, partition, id, etag, modified) VALUES (r.store, r.partition, r.id, '', 0)
          ON CONFLICT DO NOTHING RETURNING ctid INTO v_place;
        IF FOUND THEN
          v_standins := v_standins || r.n;
          EXIT;
        END IF;
      END IF;
    END LOOP;
    v_places[r.n] := v_place;
    -- Empty: it stands in for an item that is to stay absent, for two steps of the group.
    v_found := nullif(v_found, '');
    v_puts := v_puts OR (r.act = 'put' AND v_found IS NOT NULL);
    v_holds := CASE r.expect WHEN 'any' THEN true WHEN 'absent' THEN v_found IS NULL
      WHEN 'present' THEN v_found IS NOT NULL ELSE v_found IS NOT DISTINCT FROM r.etag END;
    IF NOT v_holds THEN
      v_refused := v_refused || r.step;
      RETURN QUERY SELECT 'conflict', r.step, r.n, 0::bigint, v_found;${onConflict}
    END IF;
  END LOOP;

  ${lock}
  -- Leases: end those of the others. The time is read now: a lock may have been waited for.
  v_now := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
  v_lines := EXISTS (SELECT 1 FROM unnest(${lines.keys}) AS l WHERE l IS NOT NULL)
    OR EXISTS (SELECT 1 FROM unnest(o_line) AS o WHERE o IS NOT NULL);
  IF cardinality(l_step) > 0 THEN
    WITH ended AS (
      DELETE FROM beehive.messages m
      USING unnest(l_step, l_subscription, l_id, l_token, l_line) AS l (step, subscription, id, token, line)
      WHERE ${probe(["m.subscription", "l.subscription"], ["m.id", "l.id"])} AND m.lease = l.token AND m.due > v_now
        AND l.line IS NULL AND l.step <> ALL (v_refused)
      RETURNING l.step)
    SELECT coalesce(array_agg(step), '{}') INTO v_ended FROM ended;
  END IF;
  IF v_lines THEN
    PERFORM beehive.lock_lines_1(${lines.subscriptions}, ${lines.keys}, o.subscriptions, o.lines) FROM (
      SELECT coalesce(array_agg(subscription), '{}') AS subscriptions, coalesce(array_agg(line), '{}') AS lines
      FROM unnest(o_step, o_subscription, o_line, o_due) AS o (step, subscription, line, due)
      WHERE line IS NOT NULL AND due <= v_now AND step <> ALL (v_refused)) AS o;
    v_locked := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    FOR r IN
      SELECT * FROM unnest(l_step, l_id, l_token, l_subscription, l_line) AS l (step, id, token, subscription, line)
      WHERE line IS NOT NULL AND step <> ALL (v_refused) ORDER BY subscription, line COLLATE "C"
    LOOP
      CONTINUE WHEN NOT EXISTS (SELECT 1 FROM beehive.lines
        WHERE subscription = r.subscription AND key = r.line AND lease = r.token AND due + 0 > v_locked);
      PERFORM beehive.leave_line_1(r.subscription, r.line, r.id, v_locked);
      v_ended := v_ended || r.step;
    END LOOP;
  END IF;
  IF cardinality(v_ended) < cardinality(l_step) THEN
    SELECT coalesce(array_agg(DISTINCT l), '{}') INTO v_lost FROM unnest(l_step) AS l
      WHERE l <> ALL (v_ended) AND l <> ALL (v_refused);
    v_refused := v_refused || v_lost;
    RETURN QUERY SELECT 'lease', l, 0::bigint, 0::bigint, NULL::text FROM unnest(v_lost) AS l;
  END IF;

  -- Items: write those of the steps that are left. Nothing but insertions was written until here.
  IF v_puts THEN
    UPDATE beehive.items x SET etag = i.new, modified = i.modified, expires = i.expires, metadata = i.metadata,
      value = i.value, bytes = i.bytes
    FROM unnest(i_step, i_act, i_new, i_modified, i_expires, i_metadata, i_value, i_bytes, v_places) WITH ORDINALITY
      AS i (step, act, new, modified, expires, metadata, value, bytes, place, n)
    WHERE i.act = 'put' AND i.step <> ALL (v_refused) AND i.n <> ALL (v_inserted) AND x.ctid = i.place;
  END IF;
  IF 'delete' = ANY (i_act) OR cardinality(v_standins) > 0 OR cardinality(v_refused) > 0 THEN
    DELETE FROM beehive.items x
    USING unnest(i_step, i_act, v_places) WITH ORDINALITY AS i (step, act, place, n)
    WHERE x.ctid = i.place AND ((i.act = 'delete' AND i.step <> ALL (v_refused)) OR i.n = ANY (v_standins)
        OR (i.n = ANY (v_inserted) AND i.step = ANY (v_refused)));
  END IF;

  ${withdraw}
  -- Events: drop those that are known. An id that is older than the window is new again.
  IF cardinality(d_step) > 0 THEN
    WITH given AS (
      SELECT DISTINCT ON (destination, id) destination, id, n
      FROM unnest(d_step, d_destination, d_id) WITH ORDINALITY AS d (step, destination, id, n)
      WHERE step <> ALL (v_refused) ORDER BY destination, id, n),
    added AS (
      INSERT INTO beehive.recent_ids AS k (destination, id, at)
      SELECT destination, id, v_now FROM given ORDER BY destination, id COLLATE "C"
      ON CONFLICT (destination, id) DO UPDATE SET at = excluded.at WHERE k.at <= v_now - v_window
      RETURNING destination, id)
    -- NOT IN makes a hash table, where a join would compare each with each: this function rules out hash joins.
    SELECT coalesce(array_agg(n), '{}') INTO v_dropped
    FROM unnest(d_destination, d_id) WITH ORDINALITY AS d (destination, id, n)
    WHERE n NOT IN (SELECT n FROM given) OR (destination, id) NOT IN (SELECT destination, id FROM added);
    RETURN QUERY SELECT 'dropped', d_step[n], count(*), 0::bigint, NULL::text
      FROM unnest(v_dropped) AS d (n) WHERE d_step[n] <> ALL (v_refused) GROUP BY d_step[n];
  END IF;

  IF cardinality(o_step) > 0 THEN
    RETURN QUERY
      WITH published AS (
        INSERT INTO beehive.messages (due, lease, first_seen, subscription, process, attempts, event, body, bytes)
        SELECT CASE WHEN lease IS NULL THEN v_now ELSE v_now + ms END, lease, CASE WHEN lease IS NOT NULL THEN v_now END,
          subscription, CASE WHEN lease IS NOT NULL THEN v_process END, CASE WHEN lease IS NULL THEN 0 ELSE 1 END,
          event, body, bytes
        FROM unnest(o_step, o_known, o_subscription, o_line, o_due, o_lease, o_ms, o_event, o_body, o_bytes)
          WITH ORDINALITY AS o (step, known, subscription, line, due, lease, ms, event, body, bytes, n)
        WHERE line IS NULL AND due <= v_now AND step <> ALL (v_refused) AND known NOT IN (SELECT unnest(v_dropped))
        ORDER BY n
        RETURNING id, lease)
      SELECT 'handed', 0, id, lease, NULL::text FROM published WHERE lease IS NOT NULL;
    IF EXISTS (SELECT 1 FROM unnest(o_due) AS due WHERE due > v_now) THEN
      INSERT INTO beehive.delayed (due, subscription, key, event, body, bytes)
        SELECT due, subscription, line, event, body, bytes
        FROM unnest(o_step, o_known, o_subscription, o_line, o_due, o_event, o_body, o_bytes)
          WITH ORDINALITY AS o (step, known, subscription, line, due, event, body, bytes, n)
        WHERE due > v_now AND step <> ALL (v_refused) AND known NOT IN (SELECT unnest(v_dropped))
        ORDER BY n;
    END IF;
    IF v_lines THEN
      -- A line that the last message has left above is begun anew.
      INSERT INTO beehive.lines (subscription, key, due)
        SELECT DISTINCT subscription, line, v_locked
        FROM unnest(o_step, o_known, o_subscription, o_line, o_due) AS o (step, known, subscription, line, due)
        WHERE line IS NOT NULL AND due <= v_now AND step <> ALL (v_refused) AND known NOT IN (SELECT unnest(v_dropped))
        ON CONFLICT DO NOTHING;
      INSERT INTO beehive.line_messages (subscription, key, event, body, bytes)
        SELECT subscription, line, event, body, bytes
        FROM unnest(o_step, o_known, o_subscription, o_line, o_due, o_event, o_body, o_bytes)
          WITH ORDINALITY AS o (step, known, subscription, line, due, event, body, bytes, n)
        WHERE line IS NOT NULL AND due <= v_now AND step <> ALL (v_refused) AND known NOT IN (SELECT unnest(v_dropped))
        ORDER BY n;
    END IF;
  END IF;
  ${append}
  RETURN QUERY SELECT 'now', 0, v_now, 0::bigint, NULL::text;
END $$;`;
}
