import type { KeyHolder, QueueCounts } from "../../../src/contract/queue-operator.ts";
import type { PostgresClient } from "../client.ts";
import type { Subscription } from "./topology.ts";

const maxHolders = 100;
const now = "(extract(epoch FROM statement_timestamp()) * 1000)::bigint";

/** Returns the numbers of messages in each state, dead letters apart. Those behind the first of a line are ready. */
export async function messageCounts(client: PostgresClient, { id }: Subscription): Promise<Omit<QueueCounts, "dead">> {
  const { rows } = await client.query<Omit<QueueCounts, "dead">>(
    `SELECT sum(ready)::bigint AS ready, sum(leased)::bigint AS leased, sum(delayed)::bigint AS delayed FROM (
      SELECT count(*) FILTER (WHERE due <= ${now}) AS ready, count(*) FILTER (WHERE due > ${now}) AS leased, 0 AS delayed
        FROM beehive.messages WHERE subscription = $1
      UNION ALL
      SELECT count(*) FILTER (WHERE due <= ${now}), 0, count(*) FILTER (WHERE due > ${now})
        FROM beehive.delayed WHERE subscription = $1
      UNION ALL
      SELECT -count(*) FILTER (WHERE due > ${now}), count(*) FILTER (WHERE due > ${now} AND lease IS NOT NULL),
        count(*) FILTER (WHERE due > ${now} AND lease IS NULL) FROM beehive.lines WHERE subscription = $1
      UNION ALL
      SELECT count(*), 0, 0 FROM beehive.line_messages WHERE subscription = $1) AS counts`,
    [id],
  );
  return rows[0] ?? { ready: 0, leased: 0, delayed: 0 };
}

/** Returns the timestamp, or the later `enqueueTime`, of the event that has been due for the longest time. */
export async function oldestMessage(client: PostgresClient, { id }: Subscription): Promise<number | undefined> {
  const { rows } = await client.query<{ readonly timestamp: number | null }>(
    `SELECT min(greatest((event::json ->> 'timestamp')::numeric, (event::json ->> 'enqueueTime')::numeric))::bigint
      AS timestamp FROM (
      (SELECT event FROM beehive.messages WHERE subscription = $1 AND due <= ${now} ORDER BY id LIMIT 1)
      UNION ALL
      (SELECT m.event FROM (SELECT key FROM beehive.lines WHERE subscription = $1 AND due <= ${now} ORDER BY due LIMIT 1) l
        JOIN beehive.line_messages m ON m.subscription = $1 AND m.key = l.key ORDER BY m.id LIMIT 1)
      UNION ALL
      (SELECT event FROM beehive.delayed WHERE subscription = $1 AND due <= ${now} ORDER BY due LIMIT 1)) AS first`,
    [id],
  );
  return rows[0]?.timestamp ?? undefined;
}

interface HolderRow {
  readonly event_id: string;
  readonly key: string;
  readonly behind: number;
  readonly attempts: number;
  readonly state: KeyHolder["state"];
}

/** Returns the tried messages of an ordered subscription that hold back others of their key, the worst first. */
export async function keyHolders(client: PostgresClient, { id }: Subscription): Promise<readonly KeyHolder[]> {
  const { rows } = await client.query<HolderRow>(
    `SELECT first.event::json ->> 'id' AS event_id, l.key, m.count - 1 AS behind, l.attempts,
        CASE WHEN l.due <= ${now} THEN 'ready' WHEN l.lease IS NULL THEN 'delayed' ELSE 'leased' END AS state
      FROM beehive.lines l
      CROSS JOIN LATERAL (SELECT count(*) FROM beehive.line_messages
        WHERE subscription = l.subscription AND key = l.key) m
      CROSS JOIN LATERAL (SELECT event FROM beehive.line_messages
        WHERE subscription = l.subscription AND key = l.key ORDER BY id LIMIT 1) first
      WHERE l.subscription = $1 AND m.count > 1 AND (l.attempts > 0 OR (l.lease IS NULL AND l.due > ${now}))
      ORDER BY behind DESC, l.key LIMIT ${maxHolders}`,
    [id],
  );
  return rows.map(({ event_id: eventId, key: partitionKey, behind, attempts, state }) => ({
    eventId,
    partitionKey,
    behind,
    attempts,
    state,
  }));
}
