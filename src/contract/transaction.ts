/**
 * A transaction of the application, in the database where the provider has its queues.
 *
 * A client of `pg` is one after `BEGIN`. Adapters make one of a transaction of Kysely, Knex, Drizzle or Prisma.
 */
export interface Transaction {
  /** Runs one statement in the transaction. Values are numbered: `$1`. */
  query(text: string, values: unknown[]): PromiseLike<{ readonly rows: readonly unknown[] }>;
}
