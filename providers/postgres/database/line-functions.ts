import { byIndex, now } from "./sql.ts";

/*
 * Functions on lines: the messages of one key of an ordered subscription. The lease of a line is for its first message.
 */

export const lineFunctions: string = `
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
`;
