import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { destination } from "../../../actors/descriptor.ts";
import { afterThisTurn, withTimeLimit, type Clock, type Timer } from "../../../base/clock.ts";
import { inMs } from "../../../base/duration.ts";
import { BeeHiveError } from "../../../base/errors.ts";
import { safeLogger, standardErrorLogger, type Logger } from "../../../base/logger.ts";
import { throwProblems } from "../../../base/problems.ts";
import type { AnyEventType } from "../../../events/event-type.ts";
import type { QueueName } from "../../../events/queue-name.ts";
import type { Hive } from "../../../hive/hive.ts";
import type { LiveQuery, LiveShape, ShapeOf } from "./change.ts";
import { Connection, type ConnectionParts } from "./connection.ts";
import { EventStream } from "./event-stream.ts";
import type { Feed, FeedListener } from "./feed.ts";
import { isKept, LogFeed } from "./log-feed.ts";
import { liveProblems, type LiveOptions } from "./options.ts";
import { crossOriginHeaders, isAllowed } from "./origin.ts";
import { requestOf } from "../node-listener.ts";
import { refuse, Socket, socketServer } from "./sockets.ts";
import { SubscriberFeed } from "./subscriber-feed.ts";
import type { Target } from "./subscription.ts";
import { Tenancy } from "./tenancy.ts";
import { Topic } from "./topic.ts";
import type { Transport } from "./transport.ts";
import { closeCodes } from "./wire.ts";

/** Live changes for browsers. Returned by {@link live}. */
export interface Live<Shape extends LiveShape = LiveShape> extends AsyncDisposable {
  /** The browsers that are connected to this process. */
  readonly connections: number;
  /** Responds to a request with server-sent events. `from` is passed on to `user`. */
  fetch(request: Request, from?: unknown): Promise<Response>;
  /**
   * Takes a WebSocket of `node:http`. Without the package `ws` it refuses, and browsers take server-sent events.
   *
   * @example
   * server.on("upgrade", push.upgrade);
   */
  readonly upgrade: (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Closes all connections, which come back elsewhere, and ends its subscriptions. Call it before `hive.stop()`. */
  close(): Promise<void>;
  /** Tells the compiler what browsers can subscribe to. */
  readonly shape?: Shape;
}

/** A request with its user. */
interface Admitted {
  readonly user: unknown;
  readonly request: Request;
  readonly from: unknown;
}

/**
 * Pushes the events of topics to browsers, each change once and in order by key, as far as their users may see them.
 *
 * A handler for any path. Every process can serve every browser. The browser uses `beehive-actors/client`.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of the options.
 * @example
 * const push = live(hive, { topics: [PriceChanged], user: sessionOf, may: (user, { body }) => user.shop === body.shop });
 * app.all("/changes", (context) => push.fetch(context.req.raw)); // Hono
 * server.on("upgrade", push.upgrade); // node:http
 */
export function live<
  User,
  const Topics extends readonly AnyEventType[] = readonly [],
  const Queries extends Readonly<Record<string, LiveQuery>> = Readonly<Record<never, never>>,
>(hive: Hive, options: LiveOptions<User, Topics, Queries>): Live<ShapeOf<Topics, Queries>> {
  throwProblems(liveProblems(hive, options), "Live changes cannot be served");
  return new LiveHandler(
    hive,
    options as unknown as LiveOptions<unknown, readonly AnyEventType[], Record<string, LiveQuery>>,
  );
}

class LiveHandler implements Live<never> {
  readonly #options: LiveOptions<unknown, readonly AnyEventType[], Record<string, LiveQuery>>;
  readonly #hive: Hive;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #origins: ReadonlySet<string>;
  readonly #topics = new Map<string, Topic>();
  readonly #targets = new Map<string, Target>();
  readonly #connections = new Set<Connection>();
  readonly #parts: ConnectionParts;
  readonly #heartbeatMs: number;
  readonly #recheckMs: number;
  #unflushed: Connection[] = [];
  #tenancy: Tenancy | undefined;
  #sockets: ReturnType<typeof socketServer> | undefined;
  #beats: Timer | undefined;
  #closing: Promise<void> | undefined;

  constructor(hive: Hive, options: LiveOptions<unknown, readonly AnyEventType[], Record<string, LiveQuery>>) {
    const { topics = [], queries = {}, may, mask, origins = [] } = options;
    const { maxBuffered = 1_048_576, maxSubscriptions = 100, maxMessage = 4_096, maxBehind = 10_000 } = options;
    this.#options = options;
    this.#hive = hive;
    this.#clock = hive.clock;
    this.#logger = safeLogger(options.logger ?? standardErrorLogger);
    this.#origins = new Set(origins);
    this.#heartbeatMs = inMs(options.heartbeat ?? "15s");
    this.#recheckMs = inMs(options.recheck ?? "1m");
    for (const type of topics) this.#targets.set(type.name, { type: type.name, topic: this.#topicOf(type) });
    for (const [name, one] of Object.entries(queries))
      this.#targets.set(name, { type: one.of.name, topic: this.#topicOf(one.of), query: one });
    this.#parts = {
      targets: this.#targets,
      rules: { may, mask },
      limits: { maxBuffered, maxSubscriptions, maxMessage, maxBehind },
      clock: this.#clock,
      logger: this.#logger,
      flushLater: (connection) => {
        if (this.#unflushed.push(connection) === 1) afterThisTurn(() => this.#flush());
      },
    };
    const close = (): void => void this.close().catch(() => {});
    hive.whenStopped().then(close, close);
  }

  get connections(): number {
    return this.#connections.size;
  }

  #topicOf(type: AnyEventType): Topic {
    const name = destination(type);
    const topic = this.#topics.get(`${name}`) ?? new Topic((listener) => this.#feedOf(name, listener));
    topic.types.set(type.name, type);
    this.#topics.set(`${name}`, topic);
    return topic;
  }

  async #feedOf(name: QueueName, listener: FeedListener): Promise<Feed> {
    const { provider } = this.#hive;
    const [clock, logger] = [this.#clock, this.#logger];
    if (await isKept(this.#hive, `${name}`)) return new LogFeed(this.#hive.log(`${name}`), listener, clock, logger);
    this.#tenancy ??= new Tenancy(provider, clock, logger);
    return new SubscriberFeed(name, listener, { provider, tenancy: this.#tenancy, clock, logger });
  }

  #flush(): void {
    const connections = this.#unflushed;
    this.#unflushed = [];
    for (const connection of connections) connection.flush();
  }

  async fetch(request: Request, from?: unknown): Promise<Response> {
    const headers = crossOriginHeaders(request, this.#origins);
    if (request.method === "OPTIONS" && "vary" in headers) return new Response(null, { status: 204, headers });
    if (request.method !== "GET" && request.method !== "POST") return refusal(405, headers);
    const admitted = await this.#admit(request, from, headers);
    if (admitted instanceof Response) return admitted;
    const asked = await this.#askedIn(request);
    if (!asked) return refusal(400, headers);
    const stream = new EventStream(this.#parts.limits.maxBuffered, headers, () => connection.gone());
    const connection = this.#connect(admitted, stream);
    request.signal.addEventListener("abort", () => connection.gone());
    if (request.signal.aborted) connection.gone();
    for (const message of asked) connection.receive(JSON.stringify(message));
    return stream.response;
  }

  /** Returns the messages of a request: a list as the body, or one in the query of the URL. */
  async #askedIn(request: Request): Promise<readonly unknown[] | undefined> {
    if (request.method === "GET") {
      const {
        to,
        after = request.headers.get("last-event-id") ?? undefined,
        ...where
      } = Object.fromEntries(new URL(request.url).searchParams);
      return to === undefined ? undefined : [{ subscribe: 1, to, where, after }];
    }
    const { maxMessage, maxSubscriptions } = this.#parts.limits;
    const text = await textOf(request, maxMessage * Math.min(maxSubscriptions, 100));
    try {
      const messages: unknown = JSON.parse(text ?? "");
      return Array.isArray(messages) ? messages : undefined;
    } catch {
      return undefined;
    }
  }

  readonly upgrade = (incoming: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const broken = (): void => void socket.destroy();
    socket.on("error", broken);
    this.#upgrade(incoming, socket, head)
      .catch((error: unknown) => {
        this.#logger.error({ err: error }, "a WebSocket could not be opened");
        refuse(socket, { status: 500, statusText: "Internal Server Error" });
      })
      .finally(() => socket.off("error", broken));
  };

  async #upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const sockets = await (this.#sockets ??= socketServer(this.#parts.limits.maxMessage));
    if (!sockets) return refuse(socket, { status: 501, statusText: "Not Implemented" });
    const { signal } = new AbortController();
    const admitted = await this.#admit(requestOf(incoming, signal), incoming, {});
    if (admitted instanceof Response) return refuse(socket, admitted);
    sockets.handleUpgrade(incoming, socket, head, (opened) => {
      const connection = this.#connect(admitted, new Socket(opened, this.#clock));
      opened.on("message", (data: Buffer) => connection.receive(data.toString("utf8")));
      opened.on("close", () => connection.gone());
    });
  }

  /** Returns the user of a request, or why there is none. */
  async #admit(request: Request, from: unknown, headers: Record<string, string>): Promise<Admitted | Response> {
    if (!isAllowed(request, this.#origins)) return refusal(403, headers);
    if (this.#closing || this.#connections.size >= (this.#options.maxConnections ?? 10_000))
      return refusal(503, { ...headers, "retry-after": "5" });
    try {
      const user = await this.#options.user(request, from);
      if (user instanceof Response) return user;
      return user ? { user, request, from } : refusal(401, headers);
    } catch (error) {
      this.#logger.error({ err: error }, "the user of a live connection could not be told");
      return refusal(500, headers);
    }
  }

  #connect(admitted: Admitted, transport: Transport): Connection {
    const connection = new Connection(admitted.user, transport, this.#parts);
    this.#connections.add(connection);
    this.#recheckLater(connection, admitted);
    connection.over.addEventListener("abort", () => this.#connections.delete(connection));
    connection.send(JSON.stringify({ beat: this.#heartbeatMs }), undefined);
    if (!this.#beats) this.#beatLater();
    // It may have been closed while the user was told.
    if (this.#closing) connection.close(closeCodes.restart, "the server stops");
    return connection;
  }

  #beatLater(): void {
    this.#beats = this.#clock.after(this.#heartbeatMs, () => {
      this.#beats = undefined;
      for (const connection of this.#connections) connection.beat();
      if (this.#connections.size > 0) this.#beatLater();
    });
    this.#beats.unref?.();
  }

  #recheckLater(connection: Connection, { request, from }: Omit<Admitted, "user">): void {
    const timer = this.#clock.after(this.#recheckMs, () => {
      this.#recheck(connection, { request, from }).catch((error: unknown) => connection.fail(error));
    });
    timer.unref?.();
    connection.over.addEventListener("abort", () => timer.cancel(), { once: true });
  }

  async #recheck(connection: Connection, { request, from }: Omit<Admitted, "user">): Promise<void> {
    // An answer that never comes must not keep a user who is signed out.
    const asked = (async () => this.#options.user(request, from))();
    const user = await withTimeLimit(asked, this.#clock, this.#recheckMs, () => {
      throw new BeeHiveError("Timeout", `The user was not told within ${this.#recheckMs} ms.`);
    });
    if (!user || user instanceof Response) return connection.close(closeCodes.signedOut, "signed out");
    connection.user = user;
    this.#recheckLater(connection, { request, from });
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#beats?.cancel();
    for (const connection of this.#connections) connection.close(closeCodes.restart, "the server stops");
    await Promise.all([...this.#topics.values()].map((topic) => topic.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  405: "Method Not Allowed",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

function refusal(status: number, headers: Record<string, string>): Response {
  return new Response(`${reasons[status]}\n`, { status, statusText: reasons[status] ?? "", headers });
}

/** Returns the text of a body; `undefined` when it is longer than a number of bytes. */
async function textOf(request: Request, maxBytes: number): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const part of request.body ?? []) {
    bytes += (part as Uint8Array).byteLength;
    if (bytes > maxBytes) return undefined;
    text += decoder.decode(part as Uint8Array, { stream: true });
  }
  return text;
}
