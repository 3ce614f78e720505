import pg from "pg";
import { startPostgres as startFromNpm } from "../../test/postgres/server.ts";
import { cpuMsOf, parentOf, processTree } from "./process-tree.ts";
import { NotInstalled, type Server } from "./server.ts";

/** As a server of this size is set up for many short transactions; every commit is flushed. */
const settings = {
  fsync: "on",
  full_page_writes: "on",
  synchronous_commit: "on",
  shared_buffers: "512MB",
  max_wal_size: "4GB",
  checkpoint_timeout: "15min",
  autovacuum_naptime: "10s",
  shared_preload_libraries: "pg_stat_statements",
  "pg_stat_statements.track": "top",
};

/** PostgreSQL from npm, tuned the same for all; counts statements and bytes of its write-ahead log. */
export async function startPostgres(): Promise<Server> {
  const started = await startFromNpm({ settings }).catch((error: unknown) => {
    throw new NotInstalled(error instanceof Error ? error.message : String(error));
  });
  const client = new pg.Client({ connectionString: started.url });
  await client.connect();
  await client.query("CREATE EXTENSION pg_stat_statements");
  const ask = async <Row>(text: string): Promise<Row> => (await client.query(text)).rows[0] as Row;
  const { version, pid } = await ask<{ version: string; pid: number }>(
    "SELECT current_setting('server_version') AS version, pg_backend_pid() AS pid",
  );
  const postmaster = parentOf(pid);
  return {
    port: Number(new URL(started.url).port),
    version: `PostgreSQL ${version}`,
    cpuMs: () => cpuMsOf(processTree(postmaster)),
    async counts() {
      const { statements, wal } = await ask<{ statements: string; wal: string }>(
        "SELECT (SELECT sum(calls) FROM pg_stat_statements) AS statements, pg_current_wal_lsn() - '0/0' AS wal",
      );
      return { statements: Number(statements), walBytes: Number(wal) };
    },
    async stop() {
      await client.end();
      await started.stop();
    },
  };
}
