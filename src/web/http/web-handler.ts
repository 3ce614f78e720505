import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** A part of a web server, by the standard of the web: a dashboard, an ingestion, or an application of Hono. */
export interface WebHandler {
  /** Returns the response to a request. `from` is the request of Node, where there is one. */
  fetch(request: Request, from?: unknown): Response | Promise<Response>;
  /**
   * Takes over the connection of a request for another protocol, such as a WebSocket.
   *
   * @default Such requests are refused.
   */
  upgrade?(incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends its connections, when its server is closed. */
  close?(): void | Promise<void>;
}
