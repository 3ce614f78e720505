import type { LineHead, PeekRequest, QueuedEvent } from "../../../src/contract/queue-operator.ts";
import { eventOf, type EventRow } from "../../../src/provider-kit/event-row.ts";
import type { SqliteClient } from "../file/client.ts";
import type { Subscription } from "./topology.ts";

interface Row extends EventRow {
  readonly id: number;
  readonly due: number | null;
  readonly leased: number;
  readonly attempts: number;
}

interface HeadRow extends Pick<Row, "due" | "leased" | "attempts"> {
  readonly event_id: string;
  readonly ahead: number;
}

/** The places of messages, in the order in which they are shown. */
const places = [
  "due <= ?2 ORDER BY due, id",
  "due IS NULL AND ?2 IS NOT NULL ORDER BY id",
  "due > ?2 ORDER BY due, id",
] as const;

/** Returns messages of a subscription: ready ones, those behind others, then those that are leased or delayed. */
export function look(
  client: SqliteClient,
  subscription: Subscription,
  { limit, id }: PeekRequest,
  now: number,
): readonly QueuedEvent[] {
  const found: QueuedEvent[] = [];
  const columns = `id, due, lease IS NOT NULL AS leased, attempts, ${client.text("event")}, ${client.text("body")}`;
  const named = "(?3 IS NULL OR (json_valid(event) AND event ->> 'id' = ?3))";
  for (const place of places) {
    const left = limit - found.length;
    if (left <= 0) break;
    const rows = client
      .query<Row>(`SELECT ${columns} FROM whole_messages WHERE subscription = ?1 AND ${named} AND ${place} LIMIT ?4`)
      .all([subscription.id, now, id ?? null, left]);
    for (const row of rows) found.push(queuedEvent(client, subscription, row, now));
  }
  return found;
}

function queuedEvent(client: SqliteClient, subscription: Subscription, row: Row, now: number): QueuedEvent {
  const { due, attempts } = row;
  const event = eventOf(row, subscription.name.toString());
  if (due !== null) return { event, ...stateOf(row, now), attempts };
  return { event, state: "waiting", dueAt: undefined, attempts, heldBy: headOf(client, subscription, row.id, now) };
}

function stateOf({ due, leased }: Pick<Row, "due" | "leased">, now: number): Pick<LineHead, "state" | "dueAt"> {
  if (due === null || due <= now) return { state: "ready", dueAt: undefined };
  return { state: leased === 1 ? "leased" : "delayed", dueAt: due };
}

/** Returns the message in front of the line. Compares keys within SQLite only: drivers cut off a key at NUL. */
function headOf(client: SqliteClient, { id }: Subscription, row: number, now: number): LineHead | undefined {
  const head = client
    .query<HeadRow>(
      "SELECT head.due, head.lease IS NOT NULL AS leased, head.attempts, head.event ->> 'id' AS event_id, " +
        "(SELECT count(*) FROM messages AS other WHERE other.subscription = ?1 " +
        "AND other.order_key = mine.order_key AND other.id < mine.id) AS ahead " +
        "FROM messages AS mine JOIN whole_messages AS head ON head.subscription = ?1 " +
        "AND head.order_key = mine.order_key AND head.due IS NOT NULL AND json_valid(head.event) WHERE mine.id = ?2",
    )
    .get([id, row]);
  if (!head) return undefined;
  return { eventId: head.event_id, attempts: head.attempts, ...stateOf(head, now), ahead: head.ahead };
}
