import type { Transport } from "./transport.ts";

const headers = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  // Proxies of nginx gather a response otherwise.
  "x-accel-buffering": "no",
};

/** Server-sent events, for browsers and networks without WebSockets. */
export class EventStream implements Transport {
  readonly response: Response;
  readonly #maxBuffered: number;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  /** @param gone Called when the browser is gone. */
  constructor(maxBuffered: number, more: Readonly<Record<string, string>>, gone: () => void) {
    this.#maxBuffered = maxBuffered;
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: gone,
      },
      new ByteLengthQueuingStrategy({ highWaterMark: maxBuffered }),
    );
    this.response = new Response(body, { headers: { ...headers, ...more } });
  }

  get buffered(): number {
    return this.#maxBuffered - (this.#controller?.desiredSize ?? 0);
  }

  frame(message: string, position: string | undefined): string {
    return position === undefined ? `data: ${message}\n\n` : `id: ${position}\ndata: ${message}\n\n`;
  }

  write(frames: string): void {
    this.#controller?.enqueue(this.#encoder.encode(frames));
  }

  /** The stream itself tells when the browser is gone, or does not take what was written. */
  ping(): boolean {
    return true;
  }

  close(code: number): void {
    const controller = this.#controller;
    this.#controller = undefined;
    if (!controller) return;
    // Beyond the limit nothing more is written, and what waits is given up.
    if ((controller.desiredSize ?? 0) <= 0) return controller.error(new Error("The browser is too slow."));
    controller.enqueue(this.#encoder.encode(this.frame(JSON.stringify({ close: code }), undefined)));
    controller.close();
  }
}
