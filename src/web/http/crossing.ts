import { isAllowed } from "./live/origin.ts";
import { Refusal } from "./refusal.ts";

/** How long a browser remembers what it may send, in s. */
const maxAgeS = 600;

/** Lets the pages of chosen sites send, and refuses those of others. Programs send no origin. */
export class Crossing {
  readonly #origins: ReadonlySet<string>;

  constructor(origins: readonly string[]) {
    this.#origins = new Set(origins);
  }

  /** Returns the response to a browser that asks whether it may send. @throws Refusal 403. */
  check(request: Request): Response | undefined {
    if (!isAllowed(request, this.#origins)) throw new Refusal(403, "Pages of this origin may not send.");
    if (request.method !== "OPTIONS") return undefined;
    const headers = {
      "access-control-allow-methods": "GET, POST",
      "access-control-allow-headers": request.headers.get("access-control-request-headers") ?? "content-type",
      "access-control-max-age": String(maxAgeS),
    };
    return new Response(null, { status: 204, headers });
  }

  /** Returns the response, for a page of a chosen site to read. */
  open(request: Request, response: Response): Response {
    const origin = request.headers.get("origin");
    if (origin === null) return response;
    const headers = new Headers(response.headers);
    headers.append("vary", "origin");
    if (this.#origins.has(origin)) headers.set("access-control-allow-origin", origin);
    return new Response(response.body, { status: response.status, headers });
  }
}
