import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { RawData, WebSocket, WebSocketServer } from "ws";
import type { Clock } from "../../base/clock.ts";
import { refuse, socketServer } from "./live/sockets.ts";
import { requestOf } from "./node-listener.ts";

/** The parts of an ingestion that a stream needs. */
export interface StreamParts {
  readonly clock: Clock;
  /** The size of a message, in bytes. */
  readonly maxBytes: number;
  /** Returns the response to one who may not open a stream. */
  readonly refusalOf: (request: Request, from: unknown) => Promise<Response | undefined>;
  /** Responds to a message as to a request. */
  readonly fetch: (request: Request, from: unknown) => Promise<Response>;
}

/** A message of a client. */
interface Message {
  /** Comes back with the answer. */
  readonly id: string | number;
  readonly body: unknown;
  readonly key?: string | undefined;
  readonly contentType?: string | undefined;
}

/** Messages of one client under way, and bytes of answers that it has not taken; beyond them it is not read. */
const maxUnanswered = 16;
const maxUntaken = 1_048_576;
const beatMs = 30_000;
const closeCodes = { away: 1001, wrong: 1008 };

/** Headers of the handshake that are none of a message. */
const ofHandshake = /^(?:connection|upgrade|host|content-.*|transfer-encoding|sec-websocket-.*|idempotency-key|ce-.*)$/;

/** Messages over WebSockets, each handled as a request of its own. */
export class MessageStreams {
  readonly #parts: StreamParts;
  readonly #open = new Set<Stream>();
  #server: Promise<WebSocketServer | undefined> | undefined;

  constructor(parts: StreamParts) {
    this.#parts = parts;
  }

  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    this.#upgrade(incoming, socket, head).catch(() => refuse(socket, { status: 400, statusText: "Bad Request" }));
  }

  async #upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const gone = new AbortController();
    socket.once("close", () => gone.abort());
    const request = requestOf(incoming, gone.signal);
    const refusal = await this.#parts.refusalOf(request, incoming);
    if (refusal) return refuse(socket, { status: refusal.status, statusText: "Refused" });
    const server = await (this.#server ??= socketServer(this.#parts.maxBytes));
    if (!server) return refuse(socket, { status: 501, statusText: "The package ws is not installed" });
    server.handleUpgrade(incoming, socket, head, (opened) => {
      const stream = new Stream(opened, request, incoming, this.#parts);
      this.#open.add(stream);
      opened.once("close", () => this.#open.delete(stream));
    });
  }

  /** Ends all streams, after the answers to what was read. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((stream) => stream.close()));
  }
}

class Stream {
  readonly #socket: WebSocket;
  readonly #request: Request;
  readonly #from: unknown;
  readonly #parts: StreamParts;
  readonly #unanswered = new Set<Promise<void>>();
  /** Messages that were read together with others: at most those of a chunk, since the socket is paused then. */
  readonly #waiting: Message[] = [];
  #isClosing = false;
  #isAlive = true;

  constructor(socket: WebSocket, request: Request, from: unknown, parts: StreamParts) {
    this.#socket = socket;
    this.#request = request;
    this.#from = from;
    this.#parts = parts;
    // An error is followed by the close.
    socket.on("error", () => {});
    socket.on("pong", () => {
      this.#isAlive = true;
    });
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    this.#beat();
  }

  #receive(data: RawData, isBinary: boolean): void {
    const message = isBinary || !Buffer.isBuffer(data) ? undefined : messageIn(data.toString());
    if (!message) return this.#socket.close(closeCodes.wrong, "a message is the JSON of { id, body }");
    this.#waiting.push(message);
    this.#flow();
  }

  async #answer({ id, body, key, contentType = "application/json" }: Message): Promise<void> {
    const { url, headers, signal } = this.#request;
    const own = new Headers([...headers].filter(([name]) => !ofHandshake.test(name)));
    let request: Request;
    try {
      own.set("content-type", contentType);
      if (key !== undefined) own.set("idempotency-key", key);
      request = new Request(url, { method: "POST", headers: own, body: JSON.stringify(body), signal });
    } catch {
      return this.#socket.close(closeCodes.wrong, "a message has a key or a content type that is none");
    }
    const response = await this.#parts.fetch(request, this.#from);
    const answer = (await response.json().catch(() => ({ status: response.status }))) as object;
    const retryAfter = Number(response.headers.get("retry-after") ?? 0);
    this.#socket.send(JSON.stringify({ id, ...answer, ...(retryAfter > 0 && { retryAfter }) }), () => this.#flow());
  }

  /**
   * Starts what may start. Reads no more from a client that has enough under way, or does not take its answers: TCP
   * holds it back.
   */
  #flow(): void {
    while (this.#unanswered.size < maxUnanswered && this.#socket.bufferedAmount <= maxUntaken) {
      const message = this.#waiting.shift();
      if (!message) break;
      const answered = this.#answer(message).finally(() => {
        this.#unanswered.delete(answered);
        this.#flow();
      });
      this.#unanswered.add(answered);
    }
    const isFull = this.#waiting.length > 0 || this.#unanswered.size >= maxUnanswered;
    if (isFull) this.#socket.pause();
    else if (this.#socket.isPaused && !this.#isClosing) this.#socket.resume();
  }

  #beat(): void {
    const timer = this.#parts.clock.after(beatMs, () => {
      if (!this.#isAlive) return this.#socket.terminate();
      // A paused socket reads no pong.
      this.#isAlive = this.#socket.isPaused;
      this.#socket.ping();
      this.#beat();
    });
    timer.unref?.();
    this.#socket.once("close", () => timer.cancel());
  }

  /** Answers what was read, then ends the stream. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#socket.pause();
    while (this.#unanswered.size > 0) await Promise.all(this.#unanswered);
    this.#socket.resume();
    this.#socket.close(closeCodes.away, "the server stops");
  }
}

function messageIn(text: string): Message | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { id, body, key, contentType } = Object(message) as Readonly<Record<string, unknown>>;
  const isNamed = typeof id === "string" || typeof id === "number";
  const areTexts = [key, contentType].every((one) => one === undefined || typeof one === "string");
  if (!isNamed || body === undefined || !areTexts) return undefined;
  return { id, body, key: key as string | undefined, contentType: contentType as string | undefined };
}
