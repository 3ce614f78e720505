import { spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createServer, connect, type AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuMsOf, processTree } from "./process-tree.ts";

/** A server that the bench started, on the loopback, with its data in its own folder. */
export interface Server {
  readonly port: number;
  /** Name and version, for results; empty where irrelevant. */
  readonly version: string;
  /** Processor time of its processes so far, in ms. */
  cpuMs(): number;
  /** Its own counts: statements, bytes written ahead. */
  counts?(): Promise<ServerCounts>;
  stop(): Promise<void>;
}

/** Work of a server so far. */
export interface ServerCounts {
  readonly statements: number;
  readonly walBytes: number;
}

/** Reason why a server is missing, and the way to get it. */
export class NotInstalled extends Error {}

const startLimitMs = 60_000;
const stopLimitMs = 15_000;

/** Returns the path of a program, as `which` finds it, or of a file beside it. */
export function programOnPath(name: string, howToInstall: string): string {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  throw new NotInstalled(`${name} is not on the PATH; install it with: ${howToInstall}`);
}

/** Returns a port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Starts a server; resolves after `ready` resolves, which is tried again until then. */
export async function startServer(
  program: string,
  args: readonly string[],
  {
    port,
    environment,
    folder,
    ready = () => accepts(port),
  }: {
    readonly port: number;
    readonly folder: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly ready?: () => Promise<void>;
  },
): Promise<Server> {
  const child = spawn(program, args, { cwd: folder, stdio: "ignore", env: { ...process.env, ...environment } });
  let failed = false;
  child.on("error", () => (failed = true));
  const killed = (): void => kill(child.pid === undefined ? [] : processTree(child.pid));
  process.once("exit", killed);
  const server = {
    port,
    version: "",
    cpuMs: () => (child.pid === undefined ? 0 : cpuMsOf(processTree(child.pid))),
    async stop() {
      await stop(child);
      process.off("exit", killed);
    },
  };
  const limit = performance.now() + startLimitMs;
  for (;;) {
    try {
      await ready();
      return server;
    } catch (cause) {
      if (failed || child.exitCode !== null || performance.now() > limit) {
        await server.stop();
        throw new Error(`${program} did not start`, { cause });
      }
      await sleep(50);
    }
  }
}

/** Asks the process and its children to end, then kills them. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const tree = processTree(child.pid);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await Promise.race([ended, sleep(stopLimitMs, undefined, { ref: false })]);
  kill(tree);
}

function kill(processes: readonly number[]): void {
  for (const pid of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // The process has ended already.
    }
  }
}

function accepts(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });
}
