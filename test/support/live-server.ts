/** A web server with live changes, for tests of the client. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { nodeListener } from "beehive-actors/http";
import type { Live, LiveShape } from "beehive-actors/http";

export interface LiveServer {
  readonly url: string;
  readonly port: number;
  /** Ends connections without a word, as a crash does. */
  kill(): Promise<void>;
}

/** @param other Takes the requests to all paths but `/live`. */
export async function liveServer(
  push: Pick<Live<LiveShape>, "fetch" | "upgrade">,
  {
    port = 0,
    sockets = true,
    other,
  }: {
    readonly port?: number;
    readonly sockets?: boolean;
    readonly other?: (incoming: IncomingMessage, outgoing: ServerResponse) => void;
  } = {},
): Promise<LiveServer> {
  const listener = nodeListener(push);
  const open = new Set<Socket>();
  const server = createServer((incoming, outgoing) =>
    other && !incoming.url?.startsWith("/live") ? other(incoming, outgoing) : listener(incoming, outgoing),
  );
  server.on("connection", (socket) => open.add(socket.once("close", () => open.delete(socket))));
  if (sockets) server.on("upgrade", push.upgrade);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const used = (server.address() as AddressInfo).port;
  return {
    port: used,
    url: `http://127.0.0.1:${used}/live`,
    kill: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
