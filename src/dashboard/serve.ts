import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import type { Dashboard } from "./dashboard.ts";
import { nodeListener } from "./node-listener.ts";

/** A dashboard that listens. Returned by {@link serveDashboard}. */
export interface DashboardServer extends AsyncDisposable {
  readonly port: number;
  /** Stops listening, and ends open connections. */
  close(): Promise<void>;
}

/**
 * Serves a dashboard by itself, at the root of an address.
 *
 * @param host @default "127.0.0.1"
 * @throws BeeHiveError `InvalidConfiguration` when the address is taken.
 * @example
 * await using server = await serveDashboard(dashboard(hive, { authorize }), 4000);
 */
export async function serveDashboard(
  ops: Dashboard,
  port: number,
  host: string = "127.0.0.1",
): Promise<DashboardServer> {
  const server = createServer(nodeListener(ops));
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: unknown): void => {
      const message = `The dashboard cannot be served on ${host}:${port}: ${messageOf(cause)}.`;
      reject(new BeeHiveError("InvalidConfiguration", message, { cause }));
    };
    // The listener stays: a later error, without one, would end the process.
    server.on("error", fail);
    try {
      server.listen(port, host, resolve);
    } catch (cause) {
      fail(cause);
    }
  });
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return { port: (server.address() as AddressInfo).port, close, [Symbol.asyncDispose]: close };
}
