/**
 * The PostgreSQL server that all test files of a run share. A file that imports this has the runner start one, from npm; or
 * BEEHIVE_TEST_POSTGRES names a database to use, and BEEHIVE_TEST_POSTGRES_VERSION another version than the newest.
 *
 *     const test = suite("postgres", { skip: noPostgres });
 *     const schema = postgresSchema();
 *     test("...", async () => new PostgresProvider({ url: schema.url }));
 *     test.after(() => schema.drop());
 */
import pg from "pg";

const { BEEHIVE_TEST_POSTGRES: server, BEEHIVE_TEST_POSTGRES_MISSING: missing } = process.env;

/** Why there is no server, for the `skip` of suites. */
export const noPostgres: string | undefined =
  server === undefined ? `PostgreSQL cannot be started: ${missing ?? "the run did not start it"}` : undefined;

/** Where the server is; an address that leads nowhere when there is none. */
export const postgresUrl: string = server ?? "postgres://nobody@127.0.0.1:9/none";

export interface PostgresSchema {
  readonly name: string;
  /** As `createHive` takes it. */
  readonly url: string;
  drop(): Promise<void>;
}

let schemas = 0;

/** A schema that no other test uses; it does not exist yet. @param base another way to the server. */
export function postgresSchema(base: string = postgresUrl): PostgresSchema {
  const name = `test_${process.pid}_${Date.now().toString(36)}_${++schemas}`;
  const url = new URL(base);
  url.searchParams.set("schema", name);
  return {
    name,
    url: url.href,
    async drop() {
      await query(`DROP SCHEMA IF EXISTS ${name} CASCADE`);
    },
  };
}

/** Asks the server, on a connection of its own. */
export async function query<Row extends pg.QueryResultRow>(
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

/**
 * Runs `work` in a transaction on a connection of its own; rolls back when it rejects, with its error.
 *
 * @param url the way to the server.
 */
export async function inTransaction(work: (client: pg.Client) => Promise<void>, url = postgresUrl): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("BEGIN");
    await work(client);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    await client.end();
  }
}
