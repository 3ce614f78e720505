import { printableLine } from "../../../src/base/printable.ts";
import type { PostgresClient } from "../client.ts";

/** A younger transaction is none to speak of: how old it is, in s, and how many began since. */
const minAge = { seconds: 60, transactions: 100_000 };

interface Holder {
  readonly what: string;
  readonly who: string;
  readonly seconds: number | null;
  readonly transactions: number;
  readonly end: string;
}

/**
 * Returns the transaction, the prepared transaction or the replication slot that holds vacuum back the longest.
 *
 * No row that was deleted since it began is removed, in any database of the server: the tables of queues grow.
 */
export async function vacuumWarnings(
  client: PostgresClient,
  minSeconds: number = minAge.seconds,
): Promise<readonly string[]> {
  const { rows } = await client.query<Holder>(
    `SELECT * FROM (
      SELECT 'transaction' AS what, concat('pid ', pid, ', ', coalesce(nullif(application_name, ''), usename),
          coalesce(', ' || state, '')) AS who,
        extract(epoch FROM clock_timestamp() - xact_start)::int AS seconds, age(backend_xmin) AS transactions,
        format('SELECT pg_terminate_backend(%s)', pid) AS end
      FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() AND backend_type = 'client backend'
      UNION ALL
      SELECT 'prepared transaction', gid, extract(epoch FROM clock_timestamp() - prepared)::int, age(transaction),
        format('ROLLBACK PREPARED %L', gid) FROM pg_prepared_xacts
      UNION ALL
      SELECT 'replication slot', slot_name, NULL, greatest(age(xmin), age(catalog_xmin)),
        format('SELECT pg_drop_replication_slot(%L)', slot_name)
      FROM pg_replication_slots WHERE xmin IS NOT NULL) AS holders
    WHERE seconds >= $1 OR transactions >= ${minAge.transactions}
    ORDER BY transactions DESC LIMIT 1`,
    [minSeconds],
  );
  return rows.map(({ what, who, seconds, transactions, end }) => {
    const age = seconds === null ? `${transactions} transactions` : `${seconds} s`;
    return (
      `A ${what} (${printableLine(who)}) has held vacuum back for ${age}: deleted events use up space until it ends. ` +
      `Let it end, or run: ${printableLine(end)}`
    );
  });
}
