import { execFileSync } from "node:child_process";
import { freePort, programOnPath, startServer, type Server } from "./server.ts";

/** Redis with an append-only file, flushed every second: a power loss takes up to a second of confirmed writes. */
export async function startRedis(folder: string, environment: Readonly<Record<string, string>>): Promise<Server> {
  const program = programOnPath("redis-server", "apt-get install redis-server");
  const port = await freePort();
  const options = {
    port: String(port),
    bind: "127.0.0.1",
    dir: folder,
    appendonly: "yes",
    appendfsync: "everysec",
    save: "",
    "maxmemory-policy": "noeviction",
    daemonize: "no",
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const server = await startServer(program, args, { port, folder, environment });
  const [, version = "of unknown version"] = /v=([\d.]+)/.exec(execFileSync(program, ["--version"]).toString()) ?? [];
  return { ...server, version: `Redis ${version}` };
}
