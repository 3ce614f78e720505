import { byIndex, now } from "./sql.ts";
import { commitFunction, type CommitFunction } from "./step-functions.ts";
import { pushWithinFunction } from "./within-functions.ts";

/*
 * Functions that publish to topics which keep their events, and move these into the queues of subscriptions.
 *
 * The row of a reader is locked before messages and lines, and that of a topic after all others.
 */

/** Events of an ordered subscription that may wait behind others of their keys. */
const maxInLine = 10_000;

/** The bytes of a body. */
export const size = "coalesce(octet_length(body), octet_length(bytes), 0)";

/** An event of the log as it is in a queue: its text begins with where it comes from, see queues/message.ts. */
const marked = `'{"log":{"position":' || position || ',"published":' || published || CASE WHEN position < v_reader.until
      THEN ',"rewind":' || v_reader.rewind || ',"outputs":"' || v_reader.outputs || '"' ELSE '' END || '},' || substr(event, 2)`;

/** The events of a part of the log by their positions; without the bounds, all of the log may be read for them. */
const chosen =
  "destination = v_reader.destination AND position >= v_from AND position < v_end AND position = ANY (v_positions)";

/** The events that commits append to the log; `k_known` is as `o_known`. */
const append = `
  -- Topics that keep their events, in the order of their ids: until the commit, no other publishes to them.
  FOR r IN
    SELECT destination, count(*) AS count, sum(${size}) AS size
    FROM unnest(k_step, k_known, k_destination, k_body, k_bytes) AS k (step, known, destination, body, bytes)
    WHERE step <> ALL (v_refused) AND known NOT IN (SELECT unnest(v_dropped)) GROUP BY destination ORDER BY destination
  LOOP
    -- The time is read again when the row was waited for.
    UPDATE beehive.kept_topics SET next = next + r.count, published = greatest(published, ${now}), bytes = bytes + r.size
      WHERE destination = r.destination RETURNING next - r.count, published INTO v_first, v_published;
    CONTINUE WHEN NOT FOUND;
    INSERT INTO beehive.log (destination, position, published, due, key, event, body, bytes)
      SELECT destination, v_first + row_number() OVER (ORDER BY n) - 1, v_published, CASE WHEN due > v_now THEN due END,
        key, event, body, bytes
      FROM unnest(k_step, k_known, k_destination, k_due, k_key, k_event, k_body, k_bytes)
        WITH ORDINALITY AS k (step, known, destination, due, key, event, body, bytes, n)
      WHERE destination = r.destination AND step <> ALL (v_refused) AND known NOT IN (SELECT unnest(v_dropped)) ORDER BY n;
    -- A reader that has all before is handed the first of them, unless another call moves it just now.
    FOR v_reader IN
      SELECT DISTINCT subscription FROM unnest(h_subscription, h_kept) AS h (subscription, kept)
      WHERE k_destination[kept] = r.destination
    LOOP
      PERFORM 1 FROM beehive.readers WHERE subscription = v_reader.subscription AND position = v_first
        FOR UPDATE SKIP LOCKED;
      CONTINUE WHEN NOT FOUND;
      RETURN QUERY
        WITH appended AS (
          SELECT n, v_first + row_number() OVER (ORDER BY n) - 1 AS position, event, body, bytes
          FROM unnest(k_step, k_known, k_destination, k_event, k_body, k_bytes)
            WITH ORDINALITY AS k (step, known, destination, event, body, bytes, n)
          WHERE destination = r.destination AND step <> ALL (v_refused) AND known NOT IN (SELECT unnest(v_dropped))),
        handed AS (
          INSERT INTO beehive.messages (due, lease, first_seen, subscription, process, attempts, event, body, bytes)
          SELECT v_now + h.ms, h.lease, v_now, h.subscription, v_process, 1,
            '{"log":{"position":' || a.position || ',"published":' || v_published || '},' || substr(a.event, 2),
            a.body, a.bytes
          FROM unnest(h_subscription, h_kept, h_lease, h_ms) AS h (subscription, kept, lease, ms)
          JOIN appended a ON a.n = h.kept WHERE h.subscription = v_reader.subscription ORDER BY a.n
          RETURNING id, lease)
        SELECT 'handed', 0, id, lease, (v_first + row_number() OVER (ORDER BY id) - 1)::text FROM handed;
      GET DIAGNOSTICS v_handed = ROW_COUNT;
      UPDATE beehive.readers SET position = position + v_handed WHERE subscription = v_reader.subscription;
    END LOOP;
  END LOOP;`;

const enter = `
  INSERT INTO beehive.entering (destination, due, key, event, body, bytes)
    SELECT destination, CASE WHEN due > v_now THEN due END, key, event, body, decode(bytes, 'base64')
    FROM ROWS FROM (json_to_recordset(v->'kept')
        AS (known bigint, destination int, due bigint, key text, event text, body text, bytes text)) WITH ORDINALITY
      AS k (known, destination, due, key, event, body, bytes, n)
    WHERE known NOT IN (SELECT unnest(v_dropped)) ORDER BY n;`;

/** The second version of the function that commits. */
export const commitTwo: CommitFunction = {
  name: "commit_2",
  parameters: `,
  k_step int[], k_known int[], k_destination int[], k_due bigint[], k_key text[], k_event text[], k_body text[],
  k_bytes bytea[], h_subscription int[], h_kept int[], h_lease bigint[], h_ms bigint[]`,
  declarations: "v_first bigint;\n  v_published bigint;\n  v_handed int;\n  v_reader record;",
  publishes: "v_topology IS NOT NULL",
  append,
};

export const logFunctions: string = `
-- As commit_1, and with events of topics that keep them:
--   k_*  events to append to the log
--   h_*  leases of the first of them for readers, as o_lease: h_kept is the number of the event
${commitFunction(commitTwo)}

-- As push_within_1, and with events of topics that keep them: kept [{known, destination, due, key, event, body, bytes}]
${pushWithinFunction("push_within_2", enter)}

-- Gives positions to what transactions of the application published.
CREATE OR REPLACE FUNCTION beehive.enter_1(v_destination int) RETURNS void LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  v_next bigint;
  v_published bigint;
  v_count bigint;
  v_size bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM beehive.entering WHERE destination = v_destination) THEN
    RETURN;
  END IF;
  UPDATE beehive.kept_topics SET published = greatest(published, ${now}) WHERE destination = v_destination
    RETURNING next, published INTO v_next, v_published;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  WITH entered AS (DELETE FROM beehive.entering WHERE destination = v_destination RETURNING *),
  added AS (
    INSERT INTO beehive.log (destination, position, published, due, key, event, body, bytes)
    SELECT v_destination, v_next + row_number() OVER (ORDER BY id) - 1, v_published, due, key, event, body, bytes
    FROM entered ORDER BY id)
  SELECT count(*), coalesce(sum(${size}), 0) INTO v_count, v_size FROM entered;
  UPDATE beehive.kept_topics SET next = next + v_count, bytes = bytes + v_size WHERE destination = v_destination;
END $$;

-- Returns whether the log has events that may be moved into the queue of a subscription.
CREATE OR REPLACE FUNCTION beehive.unread_1(v_subscription int) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_ordered boolean;
BEGIN
  SELECT s.ordered INTO v_ordered FROM beehive.readers r
    JOIN beehive.kept_topics t ON t.destination = r.destination JOIN beehive.subscriptions s ON s.id = r.subscription
    WHERE r.subscription = v_subscription
      AND (r.position < t.next OR EXISTS (SELECT 1 FROM beehive.entering e WHERE e.destination = r.destination));
  RETURN FOUND AND (NOT v_ordered OR ${maxInLine} > (SELECT count(*) FROM (
    SELECT 1 FROM beehive.line_messages WHERE subscription = v_subscription LIMIT ${maxInLine}) AS waiting));
END $$;

-- Moves up to v_max events of the log into the queue of an ordered subscription. A call of its own: leases of lines
-- that it made before would be locked out of order.
CREATE OR REPLACE FUNCTION beehive.feed_1(v_subscription int, v_max int) RETURNS void LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  v_now bigint;
  v_reader record;
  v_next bigint;
  v_end bigint;
BEGIN
  SELECT * INTO v_reader FROM beehive.readers WHERE subscription = v_subscription FOR UPDATE;
  IF NOT FOUND OR NOT beehive.unread_1(v_subscription) THEN
    RETURN;
  END IF;
  v_now := ${now};
  SELECT next INTO v_next FROM beehive.kept_topics WHERE destination = v_reader.destination;
  -- What is left out by LIMIT begins the next round. All before v_next is committed.
  SELECT CASE count(*) WHEN v_max THEN max(position) + 1 ELSE v_next END INTO v_end FROM (
    SELECT position FROM beehive.log WHERE destination = v_reader.destination
      AND position >= v_reader.position AND position < v_next ORDER BY destination, position LIMIT v_max) AS part;
  PERFORM beehive.queue_1(v_subscription, v_reader.position, v_end, false, v_now);
  UPDATE beehive.readers SET position = v_end WHERE subscription = v_subscription;
END $$;

-- Moves a part of the log into the queue of a subscription. v_latest: of each key, the newest event alone.
CREATE OR REPLACE FUNCTION beehive.queue_1(v_subscription int, v_from bigint, v_end bigint, v_latest boolean, v_now bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_reader record;
  v_positions bigint[];
BEGIN
  SELECT r.*, s.ordered INTO v_reader FROM beehive.readers r JOIN beehive.subscriptions s ON s.id = r.subscription
    WHERE r.subscription = v_subscription;
  SELECT array_agg(position) INTO v_positions FROM beehive.log l
    WHERE destination = v_reader.destination AND position >= v_from AND position < v_end
      AND (NOT v_latest OR key IS NULL OR (${size} > 0 AND NOT EXISTS (SELECT 1 FROM beehive.log newer
        WHERE newer.destination = l.destination AND newer.key = l.key AND newer.position > l.position
          AND newer.position < v_end)));
  INSERT INTO beehive.delayed (due, subscription, key, event, body, bytes)
    SELECT due, v_subscription, CASE WHEN v_reader.ordered THEN nullif(key, '') END, ${marked}, body, bytes
    FROM beehive.log WHERE ${chosen} AND due > v_now
    ORDER BY position;
  INSERT INTO beehive.messages (due, subscription, event, body, bytes)
    SELECT v_now, v_subscription, ${marked}, body, bytes
    FROM beehive.log WHERE ${chosen}
      AND coalesce(due <= v_now, true) AND NOT (v_reader.ordered AND coalesce(key, '') <> '')
    ORDER BY position;
  IF v_reader.ordered THEN
    INSERT INTO beehive.lines AS l (subscription, key, due)
      SELECT v_subscription, key, v_now FROM (
        SELECT DISTINCT key FROM beehive.log WHERE ${chosen}
          AND coalesce(due <= v_now, true) AND key <> '') AS keys
      ORDER BY key
      ON CONFLICT (subscription, key) DO UPDATE SET due = l.due;
    INSERT INTO beehive.line_messages (subscription, key, event, body, bytes)
      SELECT v_subscription, key, ${marked}, body, bytes
      FROM beehive.log WHERE ${chosen}
        AND coalesce(due <= v_now, true) AND key <> ''
      ORDER BY position;
  END IF;
END $$;

-- As take_1, of a subscription of a topic that keeps its events: leases from the log what the queue does not have.
-- 'enter': nothing was done, enter_1 is to be called first. 'feed': feed_1 is. 'unread': the log has more.
CREATE OR REPLACE FUNCTION beehive.take_2(
  v_topology bigint, v_subscription int, v_max int, v_ms bigint, v_token bigint, v_process int, v_low bigint,
  v_line_low bigint
) RETURNS TABLE (what text, id bigint, lease bigint, line text, attempts int, first_seen bigint,
                 event text, body text, bytes bytea)
LANGUAGE plpgsql ${byIndex} AS $$
#variable_conflict use_column
DECLARE
  v_now bigint;
  v_reader record;
  v_next bigint;
  v_end bigint;
  v_left int;
  v_rows int;
  v_late boolean;
  v_ordered boolean;
BEGIN
  SELECT r.destination, r.position, t.next, s.ordered INTO v_reader FROM beehive.readers r
    JOIN beehive.kept_topics t ON t.destination = r.destination JOIN beehive.subscriptions s ON s.id = r.subscription
    WHERE r.subscription = v_subscription;
  IF FOUND AND EXISTS (SELECT 1 FROM beehive.entering WHERE destination = v_reader.destination) THEN
    RETURN QUERY SELECT 'enter', v_reader.destination::bigint, 0::bigint, NULL::text, 0, 0::bigint, NULL::text,
      NULL::text, NULL::bytea;
    RETURN;
  END IF;
  v_ordered := v_reader.ordered;
  IF v_ordered OR v_reader.destination IS NULL OR v_reader.position >= v_reader.next THEN
    RETURN QUERY SELECT * FROM beehive.take_1(
      v_topology, v_subscription, v_max, v_ms, v_token, v_process, v_low, v_line_low);
  ELSE
    SELECT * INTO v_reader FROM beehive.readers WHERE subscription = v_subscription FOR UPDATE;
    RETURN QUERY SELECT * FROM beehive.take_1(
      v_topology, v_subscription, v_max, v_ms, v_token, v_process, v_low, v_line_low);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    -- The last two rows are no leases. One alone: the topology is old.
    v_left := CASE v_rows WHEN 1 THEN 0 ELSE v_max - v_rows + 2 END;
    v_now := ${now};
    SELECT next INTO v_next FROM beehive.kept_topics WHERE destination = v_reader.destination;
    WHILE v_left > 0 AND v_reader.position < v_next LOOP
      SELECT CASE count(*) WHEN v_left THEN max(position) + 1 ELSE v_next END, coalesce(bool_or(due > v_now), false)
        INTO v_end, v_late FROM (
        SELECT position, due FROM beehive.log WHERE destination = v_reader.destination
          AND position >= v_reader.position AND position < v_next ORDER BY destination, position LIMIT v_left) AS part;
      IF v_late THEN
        INSERT INTO beehive.delayed (due, subscription, event, body, bytes)
          SELECT due, v_subscription, ${marked}, body, bytes FROM beehive.log
          WHERE destination = v_reader.destination AND position >= v_reader.position AND position < v_end AND due > v_now
          ORDER BY position;
      END IF;
      RETURN QUERY
        INSERT INTO beehive.messages AS m (due, lease, first_seen, subscription, process, attempts, event, body, bytes)
        SELECT v_now + v_ms, v_token, v_now, v_subscription, v_process, 1, ${marked}, body, bytes FROM beehive.log
        WHERE destination = v_reader.destination AND position >= v_reader.position AND position < v_end
          AND coalesce(due <= v_now, true)
        ORDER BY position
        RETURNING 'lease', m.id, v_token, NULL::text, 1, v_now, m.event, m.body, m.bytes;
      GET DIAGNOSTICS v_rows = ROW_COUNT;
      v_left := v_left - v_rows;
      v_reader.position := v_end;
    END LOOP;
    UPDATE beehive.readers SET position = v_reader.position WHERE subscription = v_subscription;
  END IF;
  IF beehive.unread_1(v_subscription) THEN
    RETURN QUERY SELECT CASE WHEN v_ordered THEN 'feed' ELSE 'unread' END, 0::bigint, 0::bigint,
      NULL::text, 0, 0::bigint, NULL::text, NULL::text, NULL::bytea;
  END IF;
END $$;

-- As look_1: something is due also when the log has events that are not in the queue.
CREATE OR REPLACE FUNCTION beehive.look_2(
  v_topology bigint, v_key int, v_process int, v_subscriptions int[], v_lows bigint[], v_line_lows bigint[]
) RETURNS TABLE (what text, subscription int, wait bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT what, subscription, CASE WHEN what = 'wait' AND beehive.unread_1(subscription) THEN 0 ELSE wait END
    FROM beehive.look_1(v_topology, v_key, v_process, v_subscriptions, v_lows, v_line_lows);
END $$;
`;
