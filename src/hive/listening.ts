import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";

/** A server that listens. */
export interface Listening extends AsyncDisposable {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Makes a server listen. Its close ends open connections, too.
 *
 * @param what The thing that is served, for errors: `The health`.
 * @throws BeeHiveError `InvalidConfiguration` when the address is taken or the port is invalid.
 */
export async function listening(server: Server, port: number, host: string, what: string): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: unknown): void => {
      const message = `${what} cannot be served on ${host}:${port}: ${messageOf(cause)}.`;
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
