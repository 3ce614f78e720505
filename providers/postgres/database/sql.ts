/** The time of the server in a function, in ms since the epoch. */
export const now = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/**
 * Has a function look rows up by an index, one by one. The tables are small when their plans are made, and a plan that
 * reads all of a table would be kept when it has grown, or is full of dead rows.
 */
export const byIndex =
  "SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off";

/**
 * Returns the condition that a column has a value of a list, by which each entry of the list is looked up in an index.
 *
 * Vacuum finds queues empty now and then. With `=`, plans that are made then read all of the table first, and keep doing
 * so. `= ANY` leaves them the index alone. For the same reason such statements are ordered by the list, not the table.
 */
export function probe(column: string, value: string): string {
  return `${column} = ANY (ARRAY[${value}])`;
}

/**
 * Returns the condition, and the rest, of a search for the one row whose last column of the key has a value.
 *
 * While vacuum is held back, each change of a row leaves a dead version. They are read from the newest on, which lives.
 */
export function newest(column: string, value: string): string {
  return `${column} >= ${value} AND ${column} <= ${value} ORDER BY ${column} DESC LIMIT 1`;
}

/**
 * The subscription of a line as the index of times has it. The two indexes of lines fit different conditions, so that a
 * search by key never reads all times, nor the other way around; a search by key has `due + 0`.
 */
export const lineSubscription = "subscription + 0";
