/**
 * A PostgreSQL server of its own, from npm, in a temporary folder that goes when it stops.
 *
 *     const server = await startPostgres();
 *     const hive = await createHive({ actors, provider: server.url });
 *     await server.stop();
 */
import { execFileSync, spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { patience } from "../runner/patience.ts";
import { installed, newest, type Version } from "./install.ts";

export interface PostgresOptions {
  readonly version?: Version;
  /** Settings, as in `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

export interface PostgresServer {
  /** Of a database that is empty, as a superuser without a password. */
  readonly url: string;
  /** Ends the server without a word to anybody, as a crash would, and starts it again on what is on the disk. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** Ends the server and removes its folder at once, for a process that exits. */
  kill(): void;
}

const START_LIMIT_MS = 60_000 * patience;
const USER = "beehive";
/** PostgreSQL refuses to run as root, so that it runs as `nobody`. */
const NOBODY = 65_534;

/** Nobody keeps what a test writes; `settings` may say otherwise. */
const forTests = { fsync: "off", full_page_writes: "off", max_connections: 200, shared_buffers: "64MB" };

/** @throws Error when no server can be started here, and why. */
export async function startPostgres({
  version = newest,
  settings = {},
}: PostgresOptions = {}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "beehive-postgres-"));
  const asNobody: SpawnOptions = { cwd: folder };
  if (process.getuid?.() === 0) {
    Object.assign(asNobody, { uid: NOBODY, gid: NOBODY });
    chownSync(folder, NOBODY, NOBODY);
  }
  try {
    const programs = programsFor(installed(version), folder, asNobody);
    const data = join(folder, "data");
    const flags = ["-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"];
    execFileSync(join(programs, "bin/initdb"), ["-D", data, ...flags], {
      ...asNobody,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const port = await freePort();
    const all = { ...forTests, ...settings, port, listen_addresses: "127.0.0.1", unix_socket_directories: folder };
    const args = ["-D", data, ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
    return await running(() => start(join(programs, "bin/postgres"), args, asNobody), folder, port);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function running(begin: () => Promise<ChildProcess>, folder: string, port: number): Promise<PostgresServer> {
  let child = await begin();
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.stdin?.end();
    await exited;
  };
  const kill = (): void => {
    child.stdin?.destroy();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", kill);
  return {
    url: `postgres://${USER}@127.0.0.1:${port}/postgres`,
    async restart() {
      await end();
      child = await begin();
    },
    async stop() {
      process.off("exit", kill);
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
    kill,
  };
}

/** Resolves when the server takes connections. It ends when its input does, so that it outlives no parent. */
async function start(program: string, args: readonly string[], options: SpawnOptions): Promise<ChildProcess> {
  const script = `"$@" & server=$!; cat >/dev/null; kill -QUIT $server; wait $server`;
  const child = spawn("sh", ["-c", script, "sh", program, ...args], { ...options, stdio: ["pipe", "ignore", "pipe"] });
  let said = "";
  await new Promise<void>((resolve, reject) => {
    const giveUp = (why: string): void => {
      clearTimeout(timer);
      child.stdin?.destroy();
      reject(new Error(`PostgreSQL ${why}: ${said.trim()}`));
    };
    const timer = setTimeout(() => giveUp("did not start in time"), START_LIMIT_MS);
    child.once("error", ({ message }) => giveUp(message));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-2_000);
      if (/database system is shut down/.test(said)) giveUp("ended");
      if (!/ready to accept connections/.test(said)) return;
      clearTimeout(timer);
      resolve();
    });
  });
  child.stderr?.removeAllListeners("data").resume();
  return child;
}

/** The programs where they are, or a copy of them where whoever runs them may not go. */
function programsFor(native: string, folder: string, options: SpawnOptions): string {
  hydrate(native);
  try {
    execFileSync(join(native, "bin/initdb"), ["--version"], { ...options, stdio: "ignore" });
    return native;
  } catch {
    const copy = join(folder, "native");
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    return copy;
  }
}

/** Makes the links that npm packages cannot hold. */
function hydrate(native: string): void {
  const file = join(native, "pg-symlinks.json");
  if (!existsSync(file)) return;
  const links = JSON.parse(readFileSync(file, "utf8")) as { readonly source: string; readonly target: string }[];
  for (const { source, target } of links) {
    const [from, to] = [join(native, "..", source), join(native, "..", target)];
    if (existsSync(to)) continue;
    mkdirSync(dirname(to), { recursive: true });
    symlinkSync(from.slice(dirname(from).length + 1), to);
  }
}

/** Returns a port below those that systems give to clients: one of them would take it while the server restarts. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    const server = createServer();
    try {
      await once(server.listen(port, "127.0.0.1"), "listening");
    } catch {
      continue;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}
