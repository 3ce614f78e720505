import { createServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { checkedDuration, checkedNumber } from "../../base/checked-number.ts";
import { waitFor } from "../../base/clock.ts";
import type { Duration } from "../../base/duration.ts";
import { delay, wholeNumber } from "../../base/numbers.ts";
import { objectProblems, throwProblems } from "../../base/problems.ts";
import { healthAnswer, healthPaths } from "../../hive/health-server.ts";
import type { Hive } from "../../hive/hive.ts";
import { listening } from "../../hive/listening.ts";
import { jsonResponse } from "./answers.ts";
import { nodeListener } from "./node-listener.ts";
import { isLoopback } from "./origin.ts";
import type { WebHandler } from "./web-handler.ts";

/** The options of {@link serve}. */
export interface ServeOptions {
  /** The hive whose health is served at `/live`, `/ready` and `/metrics/lag`. */
  readonly hive: Pick<Hive, "health" | "clock">;
  /** The port to listen on; 0 picks a free one. */
  readonly port: number;
  /** The address to listen on; `0.0.0.0` for all of this machine. @default "127.0.0.1" */
  readonly host?: string | undefined;
  /**
   * The names by which clients may reach the server.
   *
   * @default Any; on a loopback address those of this machine, so that no foreign site leads a browser here.
   */
  readonly hosts?: readonly string[] | undefined;
  /**
   * Web applications by their paths, such as `{ "/ops": dashboard(…), "/": ingestion(…) }`. The longest path wins.
   *
   * The paths of the health are taken.
   */
  readonly apps?: Readonly<Record<string, WebHandler>> | undefined;
  /** The most connections at a time. @default 10_000 */
  readonly maxConnections?: number | undefined;
}

/** A server that listens. Returned by {@link serve}. */
export interface Served extends AsyncDisposable {
  readonly port: number;
  /**
   * Takes no more requests, and lets those under way end. Applications that can be closed are closed.
   *
   * @param options `deadline`: how long they may take. @default "10s"
   */
  close(options?: { readonly deadline?: Duration }): Promise<void>;
}

/** The longest times for the headers and for a whole request, in ms. So slow clients do not pile up. */
const limits = { headersTimeout: 10_000, requestTimeout: 60_000, connectionsCheckingInterval: 1_000 };

/**
 * Serves the health of a hive and web applications beside it: an ingestion, a dashboard, changes that are pushed live.
 *
 * Listens on this machine only, unless `host` says otherwise. TLS is the work of what stands in front.
 *
 * @throws BeeHiveError `InvalidConfiguration` when the address is taken, or an option is wrong.
 * @example
 * await using server = await serve({ hive, port: 8080, apps: { "/": edge, "/ops": ops } });
 */
export async function serve(options: ServeOptions): Promise<Served> {
  throwProblems(problemsOf(options), "Nothing can be served");
  const { hive, port, host = "127.0.0.1", apps = {}, maxConnections = 10_000 } = options;
  const hosts = options.hosts ?? (isLoopback(host) ? undefined : "any");
  const mounts = Object.entries(apps).sort(([one], [other]) => other.length - one.length);
  const appAt = (path: string): WebHandler | undefined => mounts.find(([mount]) => isBelow(path, mount))?.[1];
  const listener = nodeListener({
    async fetch(request, from) {
      const { hostname, pathname } = new URL(request.url);
      if (!isServed(hostname, hosts)) return jsonResponse(421, { error: "This server has another name." });
      const app = appAt(pathname);
      // Probes come first: an application at / takes every path.
      const health = await healthAnswer(hive, request.method, pathname);
      if (health) return jsonResponse(health.status, health.body);
      return app ? await app.fetch(request, from) : jsonResponse(404, { error: "Not found." });
    },
  });
  const server = createServer(limits, listener);
  server.maxConnections = checkedNumber("serve", "maxConnections", maxConnections, wholeNumber(1));
  /** Connections of other protocols, of which the server knows nothing any more. */
  const sockets = new Set<Duplex>();
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const [path = "", base] = [incoming.url, `http://${incoming.headers.host ?? ""}`];
    const url = URL.canParse(path, base) ? new URL(path, base) : undefined;
    const app = url && isServed(url.hostname, hosts) ? appAt(url.pathname) : undefined;
    if (!app?.upgrade) return void socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n");
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    app.upgrade(incoming, socket, head);
  });
  const listens = await listening(server, port, host, "The hive");
  const close = async ({ deadline = "10s" }: { readonly deadline?: Duration } = {}): Promise<void> => {
    const ended = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const closed = mounts.map(async ([, app]) => await app.close?.());
    await waitFor(Promise.all([ended, ...closed]), hive.clock, checkedDuration("close", "deadline", deadline, delay));
    for (const socket of sockets) socket.destroy();
    await listens.close();
  };
  return { port: listens.port, close, [Symbol.asyncDispose]: close };
}

/** Returns whether a path is that of a mount, or below it. */
function isBelow(path: string, mount: string): boolean {
  const base = baseOf(mount);
  return path === base || path.startsWith(`${base}/`);
}

/** Returns the path of a mount without a slash at its end. */
function baseOf(mount: string): string {
  return mount.replace(/\/$/, "");
}

function isServed(hostname: string, hosts: readonly string[] | "any" | undefined): boolean {
  if (hosts === "any") return true;
  return hosts === undefined ? isLoopback(hostname) : hosts.includes(hostname);
}

function problemsOf(options: unknown): string[] {
  const problems = objectProblems("serve's options", options);
  if (problems.length > 0) return problems;
  const { port, hive, apps = {} } = options as Partial<ServeOptions>;
  return [
    ...(typeof hive?.health === "function" ? [] : ["hive must be a hive"]),
    ...(Number.isInteger(port) && (port as number) >= 0 && (port as number) <= 65_535
      ? []
      : ["port must be a whole number from 0 to 65,535"]),
    ...Object.entries(apps).flatMap(([path, app]) => [
      ...pathProblems(path, Object.keys(apps)),
      ...(typeof app?.fetch === "function" ? [] : [`the application at ${path} must have a method fetch`]),
    ]),
  ];
}

/** Returns why no request would reach an application at a path, in words. */
function pathProblems(path: string, all: readonly string[]): string[] {
  if (!path.startsWith("/")) return [`the path "${path}" of an application must begin with /`];
  const base = baseOf(path);
  if (healthPaths.includes(base))
    return [`the path "${path}" of an application is one of the health; give it another, such as "/app${base}"`];
  const twin = all.find((other) => other !== path && baseOf(other) === base);
  if (twin !== undefined) {
    const [one, other] = [path, twin].toSorted();
    return [`the paths "${one}" and "${other}" of applications are the same; give one of them another`];
  }
  const address = `http://localhost${path}`;
  const sent = URL.canParse(address) ? new URL(address).pathname : undefined;
  if (sent === path) return [];
  return [`no request has the path "${path}" of an application${sent === undefined ? "" : `; write it as "${sent}"`}`];
}
