import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Hive } from "./hive.ts";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import { checkedNumber } from "../base/checked-number.ts";
import { wholeNumber } from "../base/numbers.ts";

export interface HealthServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** The address to listen on; `127.0.0.1` unless given, which Kubernetes does not reach: there it is `0.0.0.0`. */
  readonly host?: string | undefined;
}

/** A server that answers probes. */
export interface HealthServer extends AsyncDisposable {
  readonly port: number;
  /** Listens no more, and ends connections that are open. */
  close(): Promise<void>;
}

/** A probe is sent at once: who takes longer to send a request, in ms, is let go, so that nobody fills up the process with open ones. */
const slowestRequestMs = 5_000;

/**
 * Answers `GET /live` and `GET /ready` with 200 when the hive is, else with 503, and with its health as JSON. It does
 * not keep the process running, and it goes on while the hive stops: close it afterwards. `/live` never asks the
 * provider: a cloud that is down is no reason to be started anew.
 *
 * @throws BeeHiveError `InvalidConfiguration` when it cannot listen there, or the port is none.
 */
export async function healthServer(
  hive: Pick<Hive, "health">,
  { port, host = "127.0.0.1" }: HealthServerOptions,
): Promise<HealthServer> {
  checkedNumber("healthServer", "port", port, wholeNumber(0, 65_535));
  const limits = {
    headersTimeout: slowestRequestMs,
    requestTimeout: slowestRequestMs,
    connectionsCheckingInterval: 1_000,
  };
  const server = createServer(limits, (request, response) => void answer(hive, request, response));
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: unknown): void => {
      const message = `The health cannot be served on ${host}:${port}: ${messageOf(cause)}.`;
      reject(new BeeHiveError("InvalidConfiguration", message, { cause }));
    };
    // For good: an error of later, when nobody waits any more, must not end the process.
    server.on("error", fail);
    try {
      server.listen(port, host, resolve);
    } catch (cause) {
      fail(cause);
    }
  });
  server.unref();
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return { port: (server.address() as AddressInfo).port, close, [Symbol.asyncDispose]: close };
}

async function answer(hive: Pick<Hive, "health">, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url?.split("?", 1)[0];
  if (path !== "/live" && path !== "/ready") return send(response, 404, { error: "There are /live and /ready." });
  if (request.method !== "GET" && request.method !== "HEAD") return send(response, 405, { error: "GET it." });
  try {
    const { live, ready, detail } = await hive.health({ askProvider: path === "/ready" });
    if (path === "/live") send(response, live ? 200 : 503, { live, detail });
    else send(response, ready ? 200 : 503, { live, ready, detail });
  } catch {
    send(response, 503, { [path.slice(1)]: false });
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}
