/** The time of the server in a function, in ms since the epoch. */
export const now = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/**
 * Has a function look rows up by an index, one by one. The tables are small when their plans are made, and a plan that
 * reads all of a table would be kept when it has grown, or is full of dead rows. For the same reason a line that is known
 * by its key is compared with `due + 0`: its plan would else take the index of times.
 */
export const byIndex = "SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off";
