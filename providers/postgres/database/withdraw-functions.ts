import { hasLabel, labelOf } from "../../../src/provider-kit/event-row.ts";
import { commitTwo } from "./log-functions.ts";
import { byIndex } from "./message-functions.ts";
import { commitFunction } from "./step-functions.ts";

/*
 * Functions that take messages out of their queues which nobody has leased. The text of an event with a cancel key
 * begins with a label, a hash of the key, so that indexes have these events alone.
 */

const now = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
const tables = ["messages", "delayed", "line_messages"];

/** The condition of the event of v_event, the beginning of its text, which may follow a label. */
const isNamed = `starts_with(event, v_event) OR (${hasLabel} AND starts_with(substr(event, 46), substr(v_event, 2)))`;

/** Removes messages by a condition, and counts them in v_count. */
function removal(condition: string): string {
  return `
    -- In this order: a message that is moved from the delayed ones meanwhile is met where it comes to.
    WITH gone AS (DELETE FROM beehive.delayed WHERE ${condition} RETURNING 1)
      SELECT count(*) INTO v_count FROM gone;
    -- A message that is just leased is waited for, and then no longer meets the condition.
    PERFORM 1 FROM beehive.messages WHERE (lease IS NULL OR due <= v_now) AND (${condition})
      ORDER BY subscription, id FOR UPDATE;
    WITH gone AS (
      DELETE FROM beehive.messages WHERE (lease IS NULL OR due <= v_now) AND (${condition}) RETURNING 1)
      SELECT v_count + count(*) INTO v_count FROM gone;
    FOR r IN SELECT subscription, key, id FROM beehive.line_messages WHERE ${condition} ORDER BY subscription, key, id
    LOOP
      SELECT lease IS NOT NULL AND due > v_now INTO v_leased FROM beehive.lines
        WHERE subscription = r.subscription AND key = r.key FOR UPDATE;
      CONTINUE WHEN NOT FOUND;
      SELECT min(id) INTO v_first FROM beehive.line_messages WHERE subscription = r.subscription AND key = r.key;
      CONTINUE WHEN v_first = r.id AND v_leased;
      IF v_first = r.id THEN
        PERFORM beehive.leave_line_1(r.subscription, r.key, r.id, v_now);
        v_count := v_count + 1;
      ELSE
        DELETE FROM beehive.line_messages WHERE subscription = r.subscription AND key = r.key AND id = r.id;
        IF FOUND THEN
          v_count := v_count + 1;
        END IF;
      END IF;
    END LOOP;`;
}

export const withdrawFunctions: string = `
${tables.map((table) => `CREATE INDEX ${table}_by_cancel_label ON beehive.${table} (${labelOf}) WHERE ${hasLabel};`).join("\n")}

-- Cancels the messages with a label, or the event whose text begins with v_event. Returns how many.
CREATE OR REPLACE FUNCTION beehive.cancel_1(v_label text, v_event text) RETURNS int LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  v_now bigint := ${now};
  v_count int := 0;
  v_leased boolean;
  v_first bigint;
  r record;
BEGIN
  IF v_label IS NOT NULL THEN
    ${removal(`${hasLabel} AND ${labelOf} = v_label`)}
  ELSE
    ${removal(`(${isNamed})`)}
  END IF;
  RETURN v_count;
END $$;

-- As commit_2, and cancels first: c_label are the labels of c_step.
${commitFunction({
  ...commitTwo,
  name: "commit_3",
  parameters: `${commitTwo.parameters}, c_step int[], c_label text[]`,
  withdraw: `
  PERFORM beehive.cancel_1(label, NULL) FROM (
    SELECT DISTINCT label FROM unnest(c_step, c_label) AS c (step, label) WHERE step <> ALL (v_refused) ORDER BY label) AS c;`,
})}

-- Removes the messages of a subscription that nobody has leased, and skips its log. Returns how many.
CREATE OR REPLACE FUNCTION beehive.purge_1(v_subscription int) RETURNS bigint LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  v_now bigint;
  v_count bigint := 0;
  v_some bigint;
  v_next bigint;
BEGIN
  SELECT t.next INTO v_next FROM beehive.readers r JOIN beehive.kept_topics t ON t.destination = r.destination
    WHERE r.subscription = v_subscription FOR UPDATE OF r;
  IF FOUND THEN
    SELECT count(*) INTO v_count FROM beehive.readers r JOIN beehive.log l ON l.destination = r.destination
      WHERE r.subscription = v_subscription AND l.position >= r.position AND l.position < v_next;
    UPDATE beehive.readers SET position = v_next WHERE subscription = v_subscription;
  END IF;
  v_now := ${now};
  DELETE FROM beehive.delayed WHERE subscription = v_subscription;
  GET DIAGNOSTICS v_some = ROW_COUNT;
  v_count := v_count + v_some;
  PERFORM 1 FROM beehive.messages WHERE subscription = v_subscription AND (lease IS NULL OR due <= v_now)
    ORDER BY id FOR UPDATE;
  DELETE FROM beehive.messages WHERE subscription = v_subscription AND (lease IS NULL OR due <= v_now);
  GET DIAGNOSTICS v_some = ROW_COUNT;
  v_count := v_count + v_some;
  PERFORM 1 FROM beehive.lines WHERE subscription = v_subscription ORDER BY key FOR UPDATE;
  DELETE FROM beehive.line_messages m WHERE subscription = v_subscription AND NOT (
    EXISTS (SELECT 1 FROM beehive.lines l
      WHERE l.subscription = v_subscription AND l.key = m.key AND l.lease IS NOT NULL AND l.due > v_now)
    AND m.id = (SELECT min(f.id) FROM beehive.line_messages f WHERE f.subscription = v_subscription AND f.key = m.key));
  GET DIAGNOSTICS v_some = ROW_COUNT;
  v_count := v_count + v_some;
  DELETE FROM beehive.lines l WHERE subscription = v_subscription AND NOT EXISTS (
    SELECT 1 FROM beehive.line_messages m WHERE m.subscription = v_subscription AND m.key = l.key);
  RETURN v_count;
END $$;

-- Returns an event that was mended to the end of its queue, or of its line, in place of its dead letter.
CREATE OR REPLACE FUNCTION beehive.requeue_2(
  v_subscription int, v_letter bigint, v_line text, v_event text, v_body text, v_bytes bytea
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE beehive.dead_letters SET event = v_event, body = v_body, bytes = v_bytes
    WHERE id = v_letter AND subscription = v_subscription;
  RETURN beehive.requeue_1(v_subscription, v_letter, v_line);
END $$;
`;
