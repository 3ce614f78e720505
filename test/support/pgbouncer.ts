/** PgBouncer before the shared server, where it is installed: connections change with each statement. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { freePort } from "../postgres/server.ts";
import { noPostgres, postgresUrl } from "./postgres-server.ts";

/** Why there is no PgBouncer. CI skips nothing else for it: Debian has it, npm does not. */
export const noPgBouncer: string | undefined = noPostgres ?? (isInstalled() ? undefined : "PgBouncer is not installed");

function isInstalled(): boolean {
  try {
    execFileSync("pgbouncer", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export interface PgBouncer {
  /** Of the shared database, through it. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startPgBouncer(mode: "transaction" | "statement"): Promise<PgBouncer> {
  const folder = mkdtempSync(join(tmpdir(), "beehive-pgbouncer-"));
  const { hostname, port: serverPort, username, pathname } = new URL(postgresUrl);
  const port = await freePort();
  const settings = {
    listen_addr: "127.0.0.1",
    listen_port: port,
    unix_socket_dir: "",
    auth_type: "any",
    pool_mode: mode,
    default_pool_size: 3,
    max_client_conn: 100,
  };
  const file = join(folder, "pgbouncer.ini");
  writeFileSync(
    file,
    `[databases]\n${pathname.slice(1)} = host=${hostname} port=${serverPort} user=${username}\n[pgbouncer]\n` +
      Object.entries(settings)
        .map(([name, value]) => `${name} = ${value}\n`)
        .join(""),
  );
  // It refuses to run as root.
  const nobody = 65_534;
  const asNobody = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  if ("uid" in asNobody) for (const path of [folder, file]) chownSync(path, nobody, nobody);
  const child = spawn("pgbouncer", ["-q", file], { ...asNobody, stdio: "ignore" });
  const url = `postgres://${username}@127.0.0.1:${port}${pathname}`;
  for (let tries = 0; ; tries++) {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.end();
      break;
    } catch (error) {
      if (tries === 50) throw error;
      await sleep(100);
    }
  }
  return {
    url,
    async stop() {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
