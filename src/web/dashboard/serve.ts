import { createServer } from "node:http";
import { listening } from "../../hive/listening.ts";
import { nodeListener } from "../http/node-listener.ts";
import type { Dashboard } from "./dashboard.ts";

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
  return await listening(server, port, host, "The dashboard");
}
