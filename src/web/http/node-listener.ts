import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { WebHandler } from "./web-handler.ts";

/** A request of Node. Frameworks add the path before a mount, and the body that they have read. */
type Incoming = IncomingMessage & { readonly originalUrl?: string; readonly body?: unknown };

/**
 * Returns a listener for `node:http`, which is also a handler of Express and Nest.
 *
 * `authorize` gets the request of Node as its second argument, with what middleware has added to it. Mount it before
 * middleware that reads bodies: a signature is of the bytes that were sent.
 *
 * @example
 * app.use("/ops", requireLogin, nodeListener(dashboard(hive, { authorize: (_, from) => operatorOf(from.user) })));
 */
export function nodeListener(handler: WebHandler): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  return (incoming, outgoing) => {
    respond(handler, incoming, outgoing).catch(() => {
      // The client is gone, or its request is none.
      if (!outgoing.headersSent) outgoing.writeHead(400);
      outgoing.end();
    });
  };
}

async function respond(handler: WebHandler, incoming: Incoming, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.once("close", () => gone.abort());
  const response = await handler.fetch(requestOf(incoming, gone.signal), incoming);
  outgoing.writeHead(response.status, headersOf(response));
  if (!response.body) {
    outgoing.end();
    return;
  }
  outgoing.flushHeaders();
  await pipeline(Readable.fromWeb(response.body), outgoing);
}

/** Returns the request of the web. @param signal Aborts when the client is gone. */
export function requestOf(incoming: Incoming, signal: AbortSignal): Request {
  const { method = "GET", headers, originalUrl, url = "/" } = incoming;
  const scheme = "encrypted" in incoming.socket ? "https" : "http";
  const path = originalUrl ?? url;
  // A path such as //host/ would name another host.
  const address = new URL(`${scheme}://${headers.host ?? "localhost"}`);
  const whole = new URL(`${address.origin}${path.startsWith("/") ? path : `/${path}`}`);
  const given = new Headers();
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !name.startsWith(":")) given.set(name, [value].flat().join(", "));
  const isBodiless = method === "GET" || method === "HEAD";
  const read = readBody(incoming);
  // Who read it has decompressed it.
  if (read !== undefined) given.delete("content-encoding");
  return new Request(whole, {
    method,
    headers: given,
    signal,
    ...(isBodiless ? {} : { body: read ?? Readable.toWeb(incoming), duplex: "half" }),
  });
}

/** Returns the body that a framework has read already, to be written again; `undefined` for one that is still to come. */
function readBody({ body, readableEnded }: Incoming): string | Uint8Array<ArrayBuffer> | undefined {
  if (body === undefined || !readableEnded) return undefined;
  if (body instanceof Uint8Array) return Buffer.from(body);
  return typeof body === "string" ? body : JSON.stringify(body);
}

function headersOf({ headers }: Response): Record<string, string | string[]> {
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(headers), ...(cookies.length > 0 && { "set-cookie": cookies }) };
}
