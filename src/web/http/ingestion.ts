import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { retryInMs } from "../../actors/retry-policy.ts";
import { checkedDuration } from "../../base/checked-number.ts";
import type { Duration } from "../../base/duration.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import { safeLogger, standardErrorLogger, type Logger } from "../../base/logger.ts";
import { time } from "../../base/numbers.ts";
import { throwProblems } from "../../base/problems.ts";
import type { Codec } from "../../contract/codec.ts";
import type { Hive } from "../../hive/hive.ts";
import { answered, jsonResponse, refused } from "./answers.ts";
import { readBody, type BodyLimits } from "./body.ts";
import { Crossing } from "./crossing.ts";
import { decoded } from "./decoded.ts";
import type { Ack, IngestAnswer, IngestRequest } from "./handler.ts";
import { IngestAnswers, KeptAnswers, idempotencyKeyOf } from "./idempotency.ts";
import { itemsIn, mediaType, typeNote } from "./items.ts";
import { defaultRestart, ingestionProblems, type Client, type IngestionOptions } from "./options.ts";
import { MessageStreams } from "./message-stream.ts";
import { Rate } from "./rate.ts";
import { Refusal } from "./refusal.ts";
import { Registry, type IngestSource } from "./registry.ts";
import { IngestionRejected, type RejectedRequest } from "./rejected.ts";
import { routeOf, type Route } from "./route.ts";
import type { HandlerState } from "./supervised.ts";
import { Taking, type Joined } from "./taking.ts";

/** A web application that takes events. Returned by {@link ingestion}. */
export interface Ingestion {
  /** Responds to `POST /ingest`, `POST /ingest/NAME` and `GET /handlers`, under any path. */
  fetch(request: Request, from?: unknown): Promise<Response>;
  /**
   * Takes over the connection of a request to these paths that asks for a WebSocket. Needs the package `ws`.
   *
   * Each message is handled as a request: the JSON of `{ id, body, key, contentType }`, answered with its id.
   */
  readonly upgrade: (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Ends the WebSockets, after the answers to what they sent. */
  close(): Promise<void>;
  /** Adds a handler, or replaces the one of that name. @throws BeeHiveError `InvalidConfiguration`. */
  register(name: string, handler: IngestSource): void;
  /** Removes a handler. Requests under way end. Returns whether there was one. */
  remove(name: string): boolean;
  /** Starts a handler again that failed too often. Returns whether there is one. */
  restart(name: string): boolean;
  /** Returns the handlers and what each did in this process. */
  handlers(): readonly HandlerState[];
}

/**
 * Returns a web application that makes events of requests, and publishes them.
 *
 * Mounts under any path, in Hono and Next by its `fetch`, in Express, Fastify, Nest and `node:http` by `nodeListener`;
 * `serve` serves it alone.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of the options.
 * @example
 * const edge = ingestion(hive, { handlers: { orders: OrderAccepted }, authorize: bearer({ shop: secret }) });
 * app.all("/api/*", (context) => edge.fetch(context.req.raw)); // Hono: POST /api/ingest/orders
 */
export function ingestion(hive: Hive, options: IngestionOptions): Ingestion {
  throwProblems(ingestionProblems(options, hive), "The ingestion cannot be made");
  return new Edge(hive, options);
}

/** The part of a request that is known before its body is. */
interface Asked {
  readonly id: string;
  readonly request: Request;
  readonly route: Route;
}

class Edge implements Ingestion {
  readonly #hive: Hive;
  readonly #authorize: IngestionOptions["authorize"];
  readonly #logger: Logger;
  readonly #registry: Registry;
  readonly #taking: Taking;
  readonly #answers: KeptAnswers;
  readonly #crossing: Crossing;
  readonly #rate: Rate | undefined;
  readonly #body: BodyLimits;
  readonly #maxItems: number;
  readonly #codec: Codec | undefined;
  readonly #maxConcurrent: number;
  readonly #streams: MessageStreams;
  #running = 0;
  /** The time from which refused requests are reported, in ms since the epoch. */
  #reportsFrom = -Infinity;

  constructor(hive: Hive, options: IngestionOptions) {
    const { maxBody = 1_048_576, maxItems = 10_000, maxConcurrent = 100, rate, origins = [], ack } = options;
    const { clock } = hive;
    const ms = (name: keyof IngestionOptions, otherwise: Duration): number =>
      checkedDuration("ingestion", name, options[name] ?? otherwise, time);
    const logger = safeLogger(options.logger ?? standardErrorLogger);
    this.#hive = hive;
    this.#authorize = options.authorize;
    this.#logger = logger;
    const restart = { ...defaultRestart, ...retryInMs(options.restart) };
    const parts = { clock, logger, random: Math.random, restart, timeoutMs: ms("timeout", "10s") };
    this.#registry = new Registry(parts, (type) => hive.make(type));
    for (const [name, handler] of Object.entries(options.handlers)) this.#registry.register(name, handler);
    this.#taking = new Taking(hive, logger, { ack: ack ?? "accepted", processedMs: ms("processedTimeout", "10s") });
    this.#answers = new KeptAnswers(hive.store(IngestAnswers), ms("idempotency", "24h"), clock, logger);
    this.#crossing = new Crossing(origins);
    this.#rate = rate && new Rate(rate.limit, checkedDuration("ingestion", "rate.per", rate.per ?? "1s", time), clock);
    this.#body = { maxBytes: maxBody, timeMs: ms("bodyTimeout", "10s"), clock };
    this.#maxItems = maxItems;
    this.#codec = options.codec;
    this.#maxConcurrent = maxConcurrent;
    this.#streams = new MessageStreams({
      clock,
      maxBytes: maxBody,
      refusalOf: (request, from) => this.#refusalOf(request, from),
      fetch: (request, from) => this.fetch(request, from),
    });
  }

  readonly upgrade = (incoming: IncomingMessage, socket: Duplex, head: Buffer): void => {
    this.#streams.upgrade(incoming, socket, head);
  };

  close(): Promise<void> {
    return this.#streams.close();
  }

  register(name: string, handler: IngestSource): void {
    this.#registry.register(name, handler);
  }

  remove(name: string): boolean {
    return this.#registry.remove(name);
  }

  restart(name: string): boolean {
    const handler = this.#registry.get(name);
    handler?.restart();
    return handler !== undefined;
  }

  handlers(): readonly HandlerState[] {
    return this.#registry.states();
  }

  async fetch(request: Request, from?: unknown): Promise<Response> {
    const id = randomUUID();
    try {
      return this.#crossing.open(request, await this.#respond(id, request, from));
    } catch (error) {
      // A full queue is no failure, and would fill the log, too.
      if (!(error instanceof Refusal) && !isBeeHiveError(error, "Overloaded"))
        this.#logger.error({ err: error, requestId: id }, "a request to the ingestion failed");
      return this.#crossing.open(request, refused(id, error));
    }
  }

  async #respond(id: string, request: Request, from: unknown): Promise<Response> {
    const route = routeOf(request);
    const preflight = this.#crossing.check(request);
    if (preflight) return preflight;
    const client = await this.#clientOf(request, from);
    if (client instanceof Response) return client;
    if (route.kind === "handlers") return jsonResponse(200, { handlers: this.handlers() });
    const waitMs = this.#rate?.take(client.name) ?? 0;
    if (waitMs > 0) throw new Refusal(429, "The client sends too many requests.", { retryAfterMs: waitMs });
    if (this.#running >= this.#maxConcurrent)
      throw new Refusal(503, "Too many requests are under way.", { retryAfterMs: 1_000 });
    this.#running++;
    try {
      return answered(await this.#take({ id, request, route }, client));
    } finally {
      this.#running--;
    }
  }

  async #clientOf(request: Request, from: unknown): Promise<Client | Response> {
    const client = await this.#authorize(request, from);
    if (client instanceof Response || typeof client?.name === "string") return client;
    throw new Refusal(401, "The sender of the request is unknown.");
  }

  /** Returns the response to one who may not open a stream. */
  async #refusalOf(request: Request, from: unknown): Promise<Response | undefined> {
    try {
      // Its messages are posted.
      routeOf(new Request(request.url, { method: "POST" }));
      this.#crossing.check(request);
      const client = await this.#clientOf(request, from);
      return client instanceof Response ? client : undefined;
    } catch (error) {
      return refused("", error);
    }
  }

  async #take(asked: Asked, { name: client }: Client): Promise<IngestAnswer> {
    const { id, request, route } = asked;
    const { headers, signal } = request;
    const bytes = await readBody(request, this.#body);
    const refusedOf = { requestId: id, client, path: route.url.pathname, size: bytes.byteLength };
    let taken: IngestRequest;
    let note: string | undefined;
    try {
      const eventType = headers.get("ce-type") ?? this.#registry.eventTypeOf(route.to);
      const content = await decoded({ headers, bytes }, this.#codec, eventType);
      const items = itemsIn(content.headers, content.bytes, this.#maxItems);
      note = typeNote(content.headers, items);
      taken = { id, client, to: route.to, url: route.url, headers, items, bytes, signal };
    } catch (error) {
      if (error instanceof Refusal) this.#reject(refusedOf, headers, error.status, error.message, []);
      throw error;
    }
    const key = idempotencyKeyOf(headers);
    const take = async (): Promise<IngestAnswer> => {
      const joined = await this.#joined(taken, note);
      const answer = await this.#taking.take(taken, joined, { key, ack: ackIn(route.url) });
      const problems = Object.entries(answer.handlers).flatMap(([name, { problems: found = [] }]) =>
        found.length > 0 ? [{ name, problems: found }] : [],
      );
      if (answer.status !== 422) return answer;
      const { error = "" } = answer;
      // The log holds no header, so that the note is for the sender alone.
      this.#reject(refusedOf, headers, 422, error, problems);
      return note === undefined ? answer : { ...answer, error: `${error} ${note}` };
    };
    return await (key === undefined ? take() : this.#answers.once(key, taken, take));
  }

  /** @throws Refusal 404 when no handler joined. @param note The words about the content type, for the sender. */
  async #joined(request: IngestRequest, note: string | undefined): Promise<Joined> {
    if (request.to === undefined) {
      const found = await this.#taking.joined(request, this.#registry.all());
      if (found.joined.length > 0 || Object.keys(found.failed).length > 0) return found;
      const nobody = "No handler takes this request. POST /ingest/NAME names one.";
      throw new Refusal(404, note === undefined ? nobody : `${nobody} ${note}`);
    }
    const named = this.#registry.get(request.to);
    if (!named) throw new Refusal(404, "There is no handler of that name.");
    return { joined: [named], failed: {} };
  }

  /** Tells whoever reads them of a request that was refused for its content. */
  #reject(
    of: Pick<RejectedRequest, "requestId" | "client" | "path" | "size">,
    headers: Headers,
    status: number,
    reason: string,
    handlers: RejectedRequest["handlers"],
  ): void {
    const contentType = mediaType(headers.get("content-type"));
    const event = IngestionRejected.create({ ...of, status, contentType, reason, handlers });
    if (this.#hive.clock.now() >= this.#reportsFrom)
      this.#hive.push(event).catch((error: unknown) => this.#unreported(error));
    this.#logger.info({ requestId: of.requestId, client: of.client, status, reason }, "a request was refused");
  }

  /** A hive whose topic nobody reads is not asked for each wrong request. */
  #unreported(error: unknown): void {
    if (isBeeHiveError(error, "QueueNotFound")) this.#reportsFrom = this.#hive.clock.now() + unreadMs;
    else this.#logger.warn({ err: error }, "a refused request could not be reported");
  }
}

/** The time between two tries to report where nobody reads the reports, in ms. */
const unreadMs = 60_000;

function ackIn(url: URL): Ack | undefined {
  const ack = url.searchParams.get("ack");
  if (ack === null || ack === "none" || ack === "accepted" || ack === "processed") return ack ?? undefined;
  throw new Refusal(400, "ack must be none, accepted or processed.");
}
