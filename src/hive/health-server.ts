import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { HealthDetail } from "./health.ts";
import type { Hive } from "./hive.ts";
import { listening } from "./listening.ts";
import { checkedNumber } from "../base/checked-number.ts";
import { wholeNumber } from "../base/numbers.ts";

export interface HealthServerOptions {
  /** The port to listen on; 0 picks a free one. */
  readonly port: number;
  /** The address to listen on; Kubernetes needs `0.0.0.0`. @default "127.0.0.1" */
  readonly host?: string | undefined;
}

/** A server for probes. Returned by {@link healthServer}. */
export interface HealthServer extends AsyncDisposable {
  readonly port: number;
  /** Stops listening, and ends open connections. */
  close(): Promise<void>;
}

/** @internal The paths of probes. */
export const healthPaths: readonly string[] = ["/live", "/ready", "/metrics/lag"];

/** Maximum time of a client to send a request, in ms. So slow clients do not pile up. */
const maxRequestMs = 5_000;

/**
 * Serves the health of a hive at `GET /live` and `GET /ready`: status 200 or 503, and details as JSON.
 *
 * `GET /metrics/lag` is for autoscalers: how far each subscription of a kept topic is behind, 503 while unknown.
 *
 * `/live` never asks the provider: restarting the process does not help against a cloud that is down. The server does
 * not keep the process alive, and keeps running while the hive stops; close it afterwards.
 *
 * @throws BeeHiveError `InvalidConfiguration` when the address is taken or the port is invalid.
 * @example
 * await using server = await healthServer(hive, { port: 8080, host: "0.0.0.0" });
 */
export async function healthServer(
  hive: Pick<Hive, "health">,
  { port, host = "127.0.0.1" }: HealthServerOptions,
): Promise<HealthServer> {
  checkedNumber("healthServer", "port", port, wholeNumber(0, 65_535));
  const limits = {
    headersTimeout: maxRequestMs,
    requestTimeout: maxRequestMs,
    connectionsCheckingInterval: 1_000,
  };
  const server = createServer(limits, (request, response) => void answer(hive, request, response));
  const listens = await listening(server, port, host, "The health");
  server.unref();
  return listens;
}

async function answer(hive: Pick<Hive, "health">, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "", url = "" } = request;
  const { status, body } = (await healthAnswer(hive, method, url.split("?", 1)[0] as string)) ?? {
    status: 404,
    body: { error: "Not found. Use /live, /ready or /metrics/lag." },
  };
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}

/** @internal Returns the answer to a probe; `undefined` for the path of none. */
export async function healthAnswer(
  hive: Pick<Hive, "health">,
  method: string,
  path: string,
): Promise<{ readonly status: number; readonly body: object } | undefined> {
  if (!healthPaths.includes(path)) return undefined;
  if (method !== "GET" && method !== "HEAD")
    return { status: 405, body: { error: "Method not allowed. Use GET or HEAD." } };
  try {
    const { live, ready, detail } = await hive.health({ askProvider: path !== "/live" });
    if (path === "/metrics/lag") return { status: detail.provider.state === "well" ? 200 : 503, body: lagsIn(detail) };
    if (path === "/live") return { status: live ? 200 : 503, body: { live, detail } };
    return { status: ready ? 200 : 503, body: { live, ready, detail } };
  } catch {
    return { status: 503, body: path === "/metrics/lag" ? { error: "unknown" } : { [path.slice(1)]: false } };
  }
}

/** Returns the lags by subscription, so that a path such as `subscriptions.OrderAccepted-Payment.behind` finds one. */
function lagsIn({ provider, actors }: HealthDetail): object {
  if (provider.state !== "well") return { error: provider.error ?? provider.state };
  const lags = actors.flatMap(({ subscription, lag }) => (lag ? [[subscription, lag] as const] : []));
  return { subscriptions: Object.fromEntries(lags) };
}
