import { isOwnOrigin } from "../origin.ts";

/** Returns whether a request comes from a page of this host, of an allowed origin, or from no page. */
export function isAllowed(request: Request, origins: ReadonlySet<string>): boolean {
  const { headers } = request;
  const origin = headers.get("origin");
  if (origin !== null) return origins.has(origin) || isOwnOrigin(request);
  // Requests of a page to its own host may have no origin.
  const site = headers.get("sec-fetch-site");
  return site === null || site === "same-origin" || site === "none";
}

/** Returns the headers by which a browser lets a page of another origin read a response. */
export function crossOriginHeaders({ headers }: Request, origins: ReadonlySet<string>): Record<string, string> {
  const origin = headers.get("origin");
  if (origin === null || !origins.has(origin)) return {};
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    "access-control-allow-headers": "authorization, content-type",
    "access-control-max-age": "600",
    vary: "origin",
  };
}
