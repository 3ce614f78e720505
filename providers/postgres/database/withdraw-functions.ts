import { hasLabel, labelOf } from "../../../src/provider-kit/event-row.ts";
import { commitTwo } from "./log-functions.ts";
import { byIndex, now, probe } from "./sql.ts";
import { commitFunction, type CommitFunction } from "./step-functions.ts";

/*
 * Functions that take messages out of their queues which nobody has leased. The text of an event with a cancel key
 * begins with a label, a hash of the key, so that indexes have these events alone.
 */

const tables = ["messages", "delayed", "line_messages"];

/** The condition of the event of v_event, the beginning of its text, which may follow a label. */
const isNamed = `starts_with(event, v_event) OR (${hasLabel} AND starts_with(substr(event, 46), substr(v_event, 2)))`;

/** The variables of {@link lock} and {@link remove}. */
const declarations = `
  v_delayed tid[];
  v_messages tid[];
  -- Of messages in lines.
  v_subscriptions int[];
  v_keys text[];
  v_ids bigint[];
  v_leased boolean;
  v_head bigint;
  v_count int;
  v_some int;
  -- The subscriptions of lines whose next message is due.
  v_freed int[] := '{}';`;

/**
 * Notes the messages of a condition, and locks them in the order of all: delayed ones, then messages by id. Lines are
 * to be locked next. @param own the messages to lock with them.
 */
function lock(condition: string, own = ""): string {
  return `
    v_now := ${now};
    -- In this order: a message that is moved from the delayed ones meanwhile is met where it comes to.
    WITH found AS (SELECT ctid FROM beehive.delayed WHERE (${condition}) ORDER BY subscription, due, id FOR UPDATE)
      SELECT coalesce(array_agg(ctid), '{}') INTO v_delayed FROM found;
    WITH named AS MATERIALIZED (
      ${own} SELECT subscription, id FROM beehive.messages WHERE (lease IS NULL OR due <= v_now) AND (${condition})),
    found AS (
      SELECT m.ctid FROM named n
      JOIN beehive.messages m ON ${probe(["m.subscription", "n.subscription"], ["m.id", "n.id"])}
      ORDER BY n.subscription, n.id FOR UPDATE OF m)
      SELECT coalesce(array_agg(ctid), '{}') INTO v_messages FROM found;
    SELECT coalesce(array_agg(subscription), '{}'), coalesce(array_agg(key), '{}'), coalesce(array_agg(id), '{}')
      INTO v_subscriptions, v_keys, v_ids FROM beehive.line_messages WHERE (${condition});`;
}

/** Removes those that were noted and meet a condition, unless they are leased. */
function remove(condition: string): string {
  return `
    DELETE FROM beehive.delayed WHERE ctid = ANY (v_delayed) AND (${condition});
    GET DIAGNOSTICS v_count = ROW_COUNT;
    -- A message that was just leased was waited for.
    DELETE FROM beehive.messages WHERE ctid = ANY (v_messages) AND (lease IS NULL OR due <= v_now) AND (${condition});
    GET DIAGNOSTICS v_some = ROW_COUNT;
    v_count := v_count + v_some;
    FOR r IN
      SELECT l.* FROM unnest(v_subscriptions, v_keys, v_ids) AS l (subscription, key, id)
      CROSS JOIN LATERAL (SELECT 1 FROM beehive.line_messages
        WHERE subscription = l.subscription AND key = l.key AND id = l.id AND (${condition}) LIMIT 1) AS m
      ORDER BY l.subscription, l.key COLLATE "C", l.id
    LOOP
      SELECT lease IS NOT NULL AND due > v_now INTO v_leased FROM beehive.lines
        WHERE subscription = r.subscription AND key = r.key;
      SELECT min(id) INTO v_head FROM beehive.line_messages WHERE subscription = r.subscription AND key = r.key;
      CONTINUE WHEN v_head = r.id AND v_leased;
      IF v_head = r.id THEN
        PERFORM beehive.leave_line_1(r.subscription, r.key, r.id, v_now);
        v_freed := v_freed || r.subscription;
      ELSE
        DELETE FROM beehive.line_messages WHERE subscription = r.subscription AND key = r.key AND id = r.id;
      END IF;
      v_count := v_count + 1;
    END LOOP;`;
}

/** Cancels the messages of a condition, in a function of its own. */
function cancel(condition: string): string {
  return `${lock(condition)}
    PERFORM beehive.lock_lines_1(v_subscriptions, v_keys, '{}', '{}');
    ${remove(condition)}`;
}

const isLabelled = `${hasLabel} AND ${labelOf}`;

/** The third version of the function that commits. */
export const commitThree: CommitFunction = {
  ...commitTwo,
  name: "commit_3",
  parameters: `${commitTwo.parameters}, c_step int[], c_label text[]`,
  declarations: commitTwo.declarations + declarations,
  lock: lock(
    `${isLabelled} = ANY (c_label)`,
    "SELECT subscription, id FROM unnest(l_subscription, l_id, l_line) AS l (subscription, id, line) WHERE line IS NULL UNION",
  ),
  lines: { subscriptions: "l_subscription || v_subscriptions", keys: "l_line || v_keys" },
  withdraw: `
    ${remove(`${isLabelled} IN (SELECT label FROM unnest(c_step, c_label) AS c (step, label) WHERE step <> ALL (v_refused))`)}
    RETURN QUERY SELECT 'freed', 0, f::bigint, 0::bigint, NULL::text FROM unnest(v_freed) AS f;`,
};

/** The function that cancels by itself. */
export const cancelFunctions: string = `
-- Cancels the messages with a label, or the event whose text begins with v_event. Returns how many, and the
-- subscriptions of lines that move on.
CREATE OR REPLACE FUNCTION beehive.cancel_1(v_label text, v_event text, OUT count int, OUT freed int[])
LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  v_now bigint;
  r record;
  ${declarations}
BEGIN
  IF v_label IS NOT NULL THEN
    ${cancel(`${isLabelled} = v_label`)}
  ELSE
    ${cancel(isNamed)}
  END IF;
  count := v_count;
  freed := v_freed;
END $$;
`;

export const withdrawFunctions: string = `
${tables.map((table) => `CREATE INDEX ${table}_by_cancel_label ON beehive.${table} (${labelOf}) WHERE ${hasLabel};`).join("\n")}

${cancelFunctions}
-- As commit_2, and cancels first: c_label are the labels of c_step. 'freed': n is a subscription with a line that moves on.
${commitFunction(commitThree)}

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
