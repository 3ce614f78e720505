import type { CancelChoice, LineHead, PeekRequest, QueuedEvent } from "../../../src/contract/queue-operator.ts";
import { cancelLabel } from "../../../src/provider-kit/event-row.ts";
import type { PostgresClient } from "../client.ts";
import { readMessage, type MessageRow } from "./message.ts";
import type { Subscription } from "./topology.ts";

const now = "(extract(epoch FROM statement_timestamp()) * 1000)::bigint";

/** The effect of a cancel. */
export interface Cancelled {
  readonly count: number;
  /** The ids of subscriptions with a line whose next message is due. */
  readonly freed: readonly number[];
}

/** Removes messages that nobody has leased. */
export async function cancelMessages(client: PostgresClient, which: CancelChoice): Promise<Cancelled> {
  const values = "key" in which ? [cancelLabel(which.key), null] : [null, `{"id":${JSON.stringify(which.id)},`];
  const { rows } = await client.call<Cancelled>("cancel_1", values);
  return rows[0] ?? { count: 0, freed: [] };
}

/** Removes the messages of a subscription that nobody has leased. Returns how many. */
export async function purgeMessages(client: PostgresClient, { id }: Subscription): Promise<number> {
  const { rows } = await client.call<{ readonly t: number }>("purge_1", [id]);
  return rows[0]?.t ?? 0;
}

interface Row extends MessageRow {
  readonly attempts: number;
  readonly state: QueuedEvent["state"];
  readonly due: number | null;
  readonly line: string | null;
  readonly ahead: number | null;
}

const columns = "event, body, bytes";
const none = "NULL::text AS line, NULL::bigint AS ahead";
const named = "($2::text IS NULL OR event::json ->> 'id' = $2)";
const state = `CASE WHEN due <= ${now} THEN 'ready' WHEN lease IS NULL THEN 'delayed' ELSE 'leased' END`;

/** The places of messages, in the order in which they are shown. */
const places: readonly string[] = [
  `SELECT ${columns}, attempts, 'ready' AS state, NULL::bigint AS due, ${none} FROM beehive.messages
    WHERE subscription = $1 AND due <= ${now} AND ${named} ORDER BY id LIMIT $3`,
  `SELECT m.event, m.body, m.bytes, CASE WHEN m.ahead = 0 THEN l.attempts ELSE 0 END AS attempts,
      CASE WHEN m.ahead > 0 THEN 'waiting' ELSE ${state} END AS state,
      CASE WHEN m.ahead = 0 AND l.due > ${now} THEN l.due END AS due, m.key AS line, m.ahead FROM (
      SELECT *, row_number() OVER (PARTITION BY key ORDER BY id) - 1 AS ahead FROM beehive.line_messages
      WHERE subscription = $1) AS m
    JOIN beehive.lines l ON l.subscription = $1 AND l.key = m.key
    WHERE ${named} ORDER BY m.ahead, m.id LIMIT $3`,
  `SELECT ${columns}, attempts, 'leased' AS state, due, ${none} FROM beehive.messages
    WHERE subscription = $1 AND due > ${now} AND ${named} ORDER BY due LIMIT $3`,
  `SELECT ${columns}, attempts, CASE WHEN due <= ${now} THEN 'ready' ELSE 'delayed' END AS state,
      CASE WHEN due > ${now} THEN due END AS due, ${none} FROM beehive.delayed
    WHERE subscription = $1 AND ${named} ORDER BY due, id LIMIT $3`,
];

/** Returns messages of a subscription: ready ones, those of lines, then those that are leased or delayed. */
export async function peekMessages(
  client: PostgresClient,
  subscription: Subscription,
  { limit, id }: PeekRequest,
): Promise<readonly QueuedEvent[]> {
  const found: QueuedEvent[] = [];
  for (const place of places) {
    const left = limit - found.length;
    if (left <= 0) break;
    const { rows } = await client.query<Row>(place, [subscription.id, id ?? null, left]);
    for (const row of rows) found.push(await queuedEvent(client, subscription, row));
  }
  return found;
}

async function queuedEvent(client: PostgresClient, subscription: Subscription, row: Row): Promise<QueuedEvent> {
  const { event } = readMessage(row, subscription.name.toString());
  const { attempts, due, ahead } = row;
  const heldBy = row.state === "waiting" ? await headOf(client, subscription, row.line, ahead ?? 0) : undefined;
  return { event, state: row.state, dueAt: due ?? undefined, attempts, heldBy };
}

interface HeadRow {
  readonly event_id: string;
  readonly attempts: number;
  readonly state: LineHead["state"];
  readonly due: number;
}

async function headOf(
  client: PostgresClient,
  { id }: Subscription,
  line: string | null,
  ahead: number,
): Promise<LineHead | undefined> {
  const { rows } = await client.query<HeadRow>(
    `SELECT m.event_id, l.attempts, l.due, ${state} AS state
      FROM beehive.lines l CROSS JOIN LATERAL (SELECT event::json ->> 'id' AS event_id FROM beehive.line_messages
        WHERE subscription = l.subscription AND key = l.key ORDER BY id LIMIT 1) AS m
      WHERE l.subscription = $1 AND l.key = $2`,
    [id, line],
  );
  const head = rows[0];
  if (!head) return undefined;
  const dueAt = head.state === "ready" ? undefined : head.due;
  return { eventId: head.event_id, attempts: head.attempts, state: head.state, dueAt, ahead };
}
