/*
 * The function that publishes in a transaction of the application. Its only parameter is a text, which every library
 * passes on unchanged, and its answer has names without capitals.
 */
export const withinFunctions: string = `
-- Publishes events with the transaction that calls it. v_push is JSON:
--   topology, window as in commit_1
--   known    [{destination, id}]: events to drop if they are known
--   outputs  [{known, subscription, line, due, event, body, bytes}]: known is the number of its entry there; bytes base64
-- Messages wait among the delayed ones, due at once: the id that a message gets when it is moved from there is new, while
-- one from here could lie below the ids that readers still look at. A message of a line joins it now, so that the order of
-- a key is that of commits.
${pushWithinFunction("push_within_1")}
`;

/** Returns a version of the function that publishes. @param append what is done at the end. */
export function pushWithinFunction(name: string, append = ""): string {
  return `
CREATE OR REPLACE FUNCTION beehive.${name}(v_push text)
RETURNS TABLE (what text, n bigint, xact text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v json := v_push::json;
  v_now bigint;
  v_window bigint := (v->>'window')::bigint;
  v_dropped bigint[] := '{}';
BEGIN
  IF (SELECT topology FROM beehive.hive) <> (v->>'topology')::bigint THEN
    RETURN QUERY SELECT 'topology', 0::bigint, NULL::text;
    RETURN;
  END IF;
  v_now := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;

  -- Lines, then ids: as commit_1 locks them.
  PERFORM beehive.lock_lines_1('{}', '{}', o.subscriptions, o.lines) FROM (
    SELECT coalesce(array_agg(subscription), '{}') AS subscriptions, coalesce(array_agg(line), '{}') AS lines
    FROM json_to_recordset(v->'outputs') AS o (subscription int, line text, due bigint)
    WHERE line IS NOT NULL AND due <= v_now) AS o;
  IF json_array_length(v->'known') > 0 THEN
    WITH known AS MATERIALIZED (
      SELECT * FROM ROWS FROM (json_to_recordset(v->'known') AS (destination int, id text)) WITH ORDINALITY
        AS k (destination, id, n)),
    given AS (SELECT DISTINCT ON (destination, id) destination, id, n FROM known ORDER BY destination, id, n),
    added AS (
      INSERT INTO beehive.recent_ids AS k (destination, id, at)
      SELECT destination, id, v_now FROM given ORDER BY destination, id COLLATE "C"
      ON CONFLICT (destination, id) DO UPDATE SET at = excluded.at WHERE k.at <= v_now - v_window
      RETURNING destination, id)
    SELECT coalesce(array_agg(known.n), '{}') INTO v_dropped FROM known
    WHERE known.n NOT IN (
      SELECT given.n FROM given JOIN added ON added.destination = given.destination AND added.id = given.id COLLATE "C");
  END IF;

  INSERT INTO beehive.line_messages (subscription, key, event, body, bytes)
    SELECT subscription, line, event, body, decode(bytes, 'base64')
    FROM ROWS FROM (json_to_recordset(v->'outputs')
        AS (known bigint, subscription int, line text, due bigint, event text, body text, bytes text)) WITH ORDINALITY
      AS o (known, subscription, line, due, event, body, bytes, n)
    WHERE line IS NOT NULL AND due <= v_now AND known NOT IN (SELECT unnest(v_dropped))
    ORDER BY n;
  INSERT INTO beehive.delayed (due, subscription, key, event, body, bytes)
    SELECT greatest(due, v_now), subscription, line, event, body, decode(bytes, 'base64')
    FROM ROWS FROM (json_to_recordset(v->'outputs')
        AS (known bigint, subscription int, line text, due bigint, event text, body text, bytes text)) WITH ORDINALITY
      AS o (known, subscription, line, due, event, body, bytes, n)
    WHERE (line IS NULL OR due > v_now) AND known NOT IN (SELECT unnest(v_dropped))
    ORDER BY n;

  ${append}
  RETURN QUERY SELECT 'xact', cardinality(v_dropped)::bigint, pg_current_xact_id()::text;
END $$;`;
}
