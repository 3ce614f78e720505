import type { KeyHolder } from "../../../src/contract/queue-operator.ts";
import type { SqliteClient } from "../file/client.ts";
import type { Subscription } from "./topology.ts";

const maxHolders = 100;

interface Row {
  readonly event_id: string;
  readonly order_key: string;
  readonly attempts: number;
  readonly due: number;
  readonly leased: number;
  readonly behind: number;
}

/** Returns the tried messages of an ordered subscription that hold back others of their key, the worst first. */
export function keyHolders(client: SqliteClient, { id }: Subscription, now: number): readonly KeyHolder[] {
  const rows = client
    .query<Row>(
      "SELECT event ->> 'id' AS event_id, holder.order_key, attempts, due, lease IS NOT NULL AS leased, behind FROM " +
        "(SELECT order_key, count(*) AS behind FROM messages WHERE subscription = ?1 AND order_key IS NOT NULL " +
        "AND due IS NULL " +
        "GROUP BY order_key ORDER BY behind DESC, order_key LIMIT ?2) AS line JOIN whole_messages AS holder " +
        "ON holder.subscription = ?1 AND holder.order_key = line.order_key AND holder.due IS NOT NULL " +
        "AND (holder.attempts > 0 OR (holder.lease IS NULL AND holder.due > ?3)) " +
        "ORDER BY behind DESC, holder.order_key",
    )
    .all([id, maxHolders, now]);
  return rows.map(({ event_id: eventId, order_key: partitionKey, attempts, due, leased, behind }) => ({
    eventId,
    partitionKey,
    behind,
    attempts,
    state: due <= now ? "ready" : leased === 1 ? "leased" : "delayed",
  }));
}
