/** A network that can go silent: it accepts data and forwards none, like a pulled cable. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface SilentProxy extends AsyncDisposable {
  readonly port: number;
  silent: boolean;
  /** Ends all connections, as a silent network finally does. */
  drop(): void;
}

/** Starts a proxy to a port on this machine. */
export async function startSilentProxy(to: number): Promise<SilentProxy> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket, other: () => Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      if (!proxy.silent) other().write(bytes);
    });
    socket.on("close", () => {
      sockets.delete(socket);
      other().destroy();
    });
  };
  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    keep(near, () => far);
    keep(far, () => near);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const proxy: SilentProxy = {
    port: (server.address() as AddressInfo).port,
    silent: false,
    drop() {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      proxy.drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
