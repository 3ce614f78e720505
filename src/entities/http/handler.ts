import type { StandardSchemaV1 } from "@standard-schema/spec";
import { BeeHiveError } from "../../base/errors.ts";
import { safeLogger, standardErrorLogger, type Logger } from "../../base/logger.ts";
import type { Token } from "../../actors/injection/tokens.ts";
import { isCreated } from "../bound-entities.ts";
import type { Definitions } from "../definition.ts";
import type { Entities } from "../entities.ts";
import type { EntityCalls, EntityService, ListQuery } from "../entity-service.ts";
import { noEntity } from "../errors.ts";
import type { AnyEntry } from "../graph.ts";
import { isObject } from "../merge-patch.ts";
import { bodyOf } from "./body.ts";
import { etagOf, isUnchanged, versionWanted } from "./etags.ts";
import { problem, refusal } from "./problem.ts";
import { listQuery } from "./query.ts";

/** The options of {@link entityHandler}. */
export interface EntityHandlerOptions<User> {
  /**
   * Returns the user of a request. `undefined` refuses it with 401, as does `null` or `false`. A response of its own is
   * sent as it is.
   *
   * @param from The second argument of `fetch`, such as the request of Node.
   */
  readonly user: (request: Request, from: unknown) => Asked<User> | Promise<Asked<User>>;
  /** The path before the names of types. @default "" */
  readonly path?: string | undefined;
  /** The most bytes of a body. @default 1_000_000 */
  readonly maxBytes?: number | undefined;
  /** The logger for errors that are no refusals. @default A logger to the standard error. */
  readonly logger?: Logger | undefined;
}

type Asked<User> = User | Response | undefined;

/** A web application, as frameworks mount it. */
export interface EntityHandler {
  fetch(request: Request, from?: unknown): Promise<Response>;
}

type AnyCalls = EntityCalls<StandardSchemaV1<Readonly<Record<string, unknown>>>>;
type AnyService = Readonly<Record<string, AnyCalls>> & {
  createGraph(entries: readonly AnyEntry[]): Promise<readonly unknown[]>;
};

interface Call {
  readonly request: Request;
  readonly service: AnyService;
  readonly calls: AnyCalls;
  readonly type: string;
  readonly id: string;
  readonly maxBytes: number;
}

const defaultMaxBytes = 1_000_000;

/**
 * Serves entities over HTTP, with the permissions of the user of each request.
 *
 * `POST /Member`, `GET /Member`, `GET`, `PUT`, `PATCH` and `DELETE /Member/ada`; `POST /` takes a graph.
 *
 * @param hive The hive whose provider keeps them; it need not be started.
 * @example
 * const handler = entityHandler(Staff, hive, { user: (request) => userOf(request.headers.get("authorization")) });
 * const response = await handler.fetch(new Request("http://localhost/Member/ada"));
 */
export function entityHandler<D extends Definitions, User extends NonNullable<unknown>>(
  declared: Entities<D, User>,
  hive: { store<T>(token: Token<T>): T },
  options: EntityHandlerOptions<User>,
): EntityHandler {
  const { user, path = "", maxBytes = defaultMaxBytes } = options;
  const logger = safeLogger(options.logger ?? standardErrorLogger);
  const types = new Set(declared.published.map(({ name }) => name.slice(0, -"Changed".length)));
  return {
    async fetch(request, from) {
      try {
        const asking = await user(request, from);
        if (asking instanceof Response) return asking;
        if (!asking) return problem(401, "Unauthorized", "The request names no user.");
        const place = placeIn(new URL(request.url).pathname, path, types);
        if (!place) return problem(404, "Not found", "There are no entities at this path.");
        const service = hive.store<EntityService<D, User>>(declared.token).as(asking) as unknown as AnyService;
        const calls = service[place.type] as AnyCalls;
        return await answered({ request, service, calls, ...place, maxBytes });
      } catch (error) {
        const response = refusal(error, request);
        if (response.status >= 500)
          logger.error({ err: error, method: request.method }, "a request of entities failed");
        return response;
      }
    },
  };
}

/** Returns the type and id in a path, both empty for the root; `undefined` for another path. */
function placeIn(path: string, base: string, types: ReadonlySet<string>): { type: string; id: string } | undefined {
  if (path !== base && !path.startsWith(`${base}/`)) return undefined;
  const [type = "", id = "", ...more] = path
    .slice(base.length)
    .split("/")
    .filter((part) => part !== "");
  if (more.length > 0 || (type !== "" && !types.has(type))) return undefined;
  try {
    return { type, id: decodeURIComponent(id) };
  } catch {
    return undefined;
  }
}

async function answered(call: Call): Promise<Response> {
  const methods = call.type === "" ? ofRoot : call.id === "" ? ofType : ofEntity;
  const { method } = call.request;
  const handle = methods[method === "HEAD" ? "GET" : method];
  if (handle) return await handle(call);
  const allow = Object.keys(methods).join(", ");
  return problem(405, "Method not allowed", `This path takes ${allow}.`, { headers: { allow } });
}

type Methods = Readonly<Record<string, (call: Call) => Promise<Response>>>;

const ofRoot: Methods = {
  async POST({ request, service, maxBytes }) {
    const entries = await bodyOf(request, maxBytes);
    if (!Array.isArray(entries)) throw new BeeHiveError("InvalidEvent", "A graph is an array of entries.");
    return json(200, { entities: (await service.createGraph(entries as AnyEntry[])).map((one) => one ?? null) });
  },
};

const ofType: Methods = {
  async GET({ request, calls }) {
    const query: ListQuery = listQuery(new URL(request.url).searchParams);
    return json(200, await calls.list(query));
  },
  async POST({ request, calls, maxBytes }) {
    const created = await calls.create(objectIn(await bodyOf(request, maxBytes)));
    const { pathname } = new URL(request.url);
    const location = `${pathname.replace(/\/$/, "")}/${encodeURIComponent(created.id)}`;
    return json(201, created, { location, etag: etagOf(created.version) });
  },
};

const ofEntity: Methods = {
  async GET({ request, calls, type, id }) {
    const found = await calls.find(id);
    if (!found) throw noEntity(type, id);
    const etag = etagOf(found.version);
    if (isUnchanged(request, found.version)) return new Response(undefined, { status: 304, headers: { ...own, etag } });
    return json(200, found, { etag });
  },
  async PUT({ request, calls, id, maxBytes }) {
    const given = objectIn(await bodyOf(request, maxBytes));
    const version = versionWanted(request);
    if (version === "new") return stored(await calls.create({ ...given, id }));
    if (version === "any") return stored(await calls.update(id, given));
    return stored(await calls.put(id, given, { version }));
  },
  async PATCH({ request, calls, id, maxBytes }) {
    const patch = objectIn(await bodyOf(request, maxBytes, ["application/merge-patch+json", "application/json"]));
    const version = versionWanted(request);
    return stored(await calls.patch(id, patch, typeof version === "number" ? { version } : {}));
  },
  async DELETE({ request, calls, id }) {
    const version = versionWanted(request);
    await calls.delete(id, typeof version === "number" ? { version } : {});
    return new Response(undefined, { status: 204, headers: own });
  },
};

/** Shared caches keep nothing: each user sees another part. */
const own = { "cache-control": "private, no-cache" } as const;

function objectIn(body: unknown): Readonly<Record<string, unknown>> {
  if (isObject(body)) return body;
  throw new BeeHiveError("InvalidEvent", "The body must be an object.");
}

function stored(entity: { readonly version: number }): Response {
  return json(isCreated(entity) ? 201 : 200, entity, { etag: etagOf(entity.version) });
}

function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json(body, { status, headers: { ...own, ...headers } });
}
