import { Refusal } from "./refusal.ts";

/** The target of a request. */
export interface Route {
  readonly kind: "ingest" | "handlers";
  /** The handler that the path names. */
  readonly to: string | undefined;
  readonly url: URL;
}

const ingestPath = /\/ingest(?:\/([^/]+))?\/?$/;
const handlersPath = /\/handlers\/?$/;

/** Returns the target of a request, whatever the path of the mount. @throws Refusal 404, 405. */
export function routeOf({ url: address, method }: Request): Route {
  const url = new URL(address);
  const route = kindOf(url);
  if (!route) throw new Refusal(404, "Not found. Use POST /ingest, POST /ingest/NAME or GET /handlers.");
  const allow = route.kind === "ingest" ? "POST" : "GET";
  if (method === allow || method === "OPTIONS") return route;
  throw new Refusal(405, `Method not allowed. Use ${allow}.`, { headers: { allow } });
}

function kindOf(url: URL): Route | undefined {
  const { pathname } = url;
  const ingest = ingestPath.exec(pathname);
  if (ingest) return { kind: "ingest", to: ingest[1], url };
  return handlersPath.test(pathname) ? { kind: "handlers", to: undefined, url } : undefined;
}
