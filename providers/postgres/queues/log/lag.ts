import type { PostgresClient } from "../../client.ts";
import type { Subscription } from "../topology.ts";

/** Returns how many events of the log are not in the queue of a subscription. */
export async function unreadCount(client: PostgresClient, { id, kept }: Subscription): Promise<number> {
  if (!kept) return 0;
  // Only what was compacted has gaps, and must be counted.
  const { rows } = await client.query<{ readonly count: number }>(
    `SELECT (SELECT count(*) FROM beehive.log WHERE destination = t.destination AND position >= r.position
        AND position < t.compacted)
      + greatest(0, t.next - greatest(r.position, t.compacted,
        coalesce((SELECT min(position) FROM beehive.log WHERE destination = t.destination), t.next)))
      + (SELECT count(*) FROM beehive.entering WHERE destination = t.destination) AS count
      FROM beehive.readers r JOIN beehive.kept_topics t ON t.destination = r.destination WHERE r.subscription = $1`,
    [id],
  );
  return rows[0]?.count ?? 0;
}

/** Returns the time of the oldest event of the log that is not in the queue of a subscription. */
export async function oldestUnread(client: PostgresClient, { id, kept }: Subscription): Promise<number | undefined> {
  if (!kept) return undefined;
  const { rows } = await client.query<{ readonly published: number }>(
    `SELECT l.published FROM beehive.readers r CROSS JOIN LATERAL (SELECT published FROM beehive.log
      WHERE destination = r.destination AND position >= r.position ORDER BY destination, position LIMIT 1) AS l
      WHERE r.subscription = $1`,
    [id],
  );
  return rows[0]?.published;
}

/** Returns the time of the oldest event of the log that is in the queue of a subscription. */
export async function oldestQueued(client: PostgresClient, { id }: Subscription): Promise<number | undefined> {
  const { rows } = await client.query<{ readonly published: number | null }>(
    `SELECT min(substring(event from '^{"log":{"position":[0-9]+,"published":([0-9]+)')::bigint) AS published FROM (
      SELECT event FROM beehive.messages WHERE subscription = $1
      UNION ALL SELECT event FROM beehive.delayed WHERE subscription = $1
      UNION ALL SELECT event FROM beehive.line_messages WHERE subscription = $1) AS queued`,
    [id],
  );
  return rows[0]?.published ?? undefined;
}
