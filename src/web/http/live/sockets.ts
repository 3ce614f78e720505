import type { Duplex } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";
import type { Clock } from "../../../base/clock.ts";
import type { Transport } from "./transport.ts";

/** How long a browser may take its last messages after a close, in ms. */
const lastMs = 1_000;

/** Returns a server of WebSockets; `undefined` when the package `ws` is not installed. */
export async function socketServer(maxMessage: number): Promise<WebSocketServer | undefined> {
  try {
    const { WebSocketServer } = await import("ws");
    return new WebSocketServer({ noServer: true, maxPayload: maxMessage, clientTracking: false });
  } catch {
    return undefined;
  }
}

/** A WebSocket as the way to a browser. */
export class Socket implements Transport {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  #isAlive = true;

  constructor(socket: WebSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    // An error is followed by the close.
    socket.on("error", () => {});
    socket.on("pong", () => {
      this.#isAlive = true;
    });
  }

  get buffered(): number {
    return this.#socket.bufferedAmount;
  }

  frame(message: string): string {
    return `${message}\n`;
  }

  write(frames: string): void {
    this.#socket.send(frames);
  }

  ping(): boolean {
    const wasAlive = this.#isAlive;
    this.#isAlive = false;
    this.#socket.ping();
    return wasAlive;
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
    const timer = this.#clock.after(lastMs, () => this.#socket.terminate());
    timer.unref?.();
    this.#socket.once("close", () => timer.cancel());
  }
}

/** Responds to a socket that is not upgraded. */
export function refuse(socket: Duplex, { status, statusText }: Pick<Response, "status" | "statusText">): void {
  socket.end(`HTTP/1.1 ${status} ${statusText}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
