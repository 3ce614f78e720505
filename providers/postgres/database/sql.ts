/** The time of the server in a function, in ms since the epoch. */
export const now = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/**
 * Has a function look rows up by an index, one by one. The tables are small when their plans are made, and a plan that
 * reads all of a table would be kept when it has grown, or is full of dead rows.
 */
export const byIndex =
  "SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off";

/** A column of an index, and the value of a list that it is to have. */
type Sought = readonly [column: string, value: string];

/**
 * Returns the condition that an index of two columns has the values of a list, each entry of which is looked up.
 *
 * Vacuum finds queues empty now and then. With `=` alone, plans that are made then read all of the table first, and go on
 * doing so when it is full. This leaves them the index, and all of its columns. For the same reason such statements are
 * ordered by the list, not the table.
 */
export function probe([first, one]: Sought, [second, other]: Sought): string {
  return `${first} = ANY (ARRAY[${one}]) AND ${second} BETWEEN ${other} AND ${other}`;
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
