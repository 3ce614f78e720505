import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopback, isOwnOrigin } from "../http/origin.ts";

/** A person or program that may see the dashboard. Returned by {@link Authorize}. */
export interface Operator {
  /** The name for the journal, which keeps who did what. */
  readonly name: string;
  /** Allows actions, such as pause and requeue. @default true */
  readonly act?: boolean | undefined;
  /** Shows the bodies of events, which may hold personal data. @default false */
  readonly bodies?: boolean | undefined;
}

/**
 * Returns the sender of a request, or nothing for a stranger.
 *
 * It may also return a response of its own, such as a redirect to a login.
 *
 * @param from The second argument of `fetch`: for `nodeListener` the request of Node, with what middleware has
 *   added to it.
 * @example
 * authorize: async (request) => {
 *   const user = await userOf(request.headers.get("cookie"));
 *   return user?.isAdmin ? { name: user.email, bodies: true } : undefined;
 * }
 */
export type Authorize = (
  request: Request,
  from: unknown,
) => Operator | Response | undefined | Promise<Operator | Response | undefined>;

/** A header that only the page sets: a browser does not send it from elsewhere without asking. */
export const actHeader = "x-beehive-dashboard";

/**
 * Returns whether the page itself sends a request, and no other site.
 *
 * Browsers say so by `Sec-Fetch-Site`; without it, the origin must be the host.
 */
export function isFromPage(request: Request): boolean {
  const { headers } = request;
  if (!headers.has(actHeader)) return false;
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  return isOwnOrigin(request);
}

/** Allows all who reach a loopback address. Refuses other host names, by which a foreign site could reach it too. */
export function loopbackOnly(name: string): Authorize {
  return ({ url }) => {
    const { hostname } = new URL(url);
    if (isLoopback(hostname)) return { name, bodies: true };
    return new Response("This dashboard serves localhost only.\n", { status: 403 });
  };
}

/** Allows those with the password: as `Authorization: Basic`, for which browsers ask, or `Bearer`. */
export function withPassword(password: string): Authorize {
  return ({ headers }) => {
    const { name, secret } = credentialsIn(headers.get("authorization") ?? "");
    if (secret !== undefined && isSame(secret, password)) return { name, bodies: true };
    return new Response("The password is missing or wrong.\n", {
      status: 401,
      headers: { "www-authenticate": 'Basic realm="beehive", charset="UTF-8"' },
    });
  };
}

function credentialsIn(header: string): { readonly name: string; readonly secret: string | undefined } {
  const [, scheme = "", value = ""] = /^(\w+) +(\S+)$/.exec(header) ?? [];
  if (scheme.toLowerCase() === "bearer") return { name: "token", secret: value };
  if (scheme.toLowerCase() !== "basic") return { name: "", secret: undefined };
  const [name = "", ...rest] = Buffer.from(value, "base64").toString("utf8").split(":");
  return { name: name === "" ? "operator" : name, secret: rest.join(":") };
}

/** Compares in a time that tells nothing of the password. */
function isSame(one: string, other: string): boolean {
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}
