import { isBeeHiveError, type ErrorCode } from "../../base/errors.ts";
import { safeText } from "../../base/safe-text.ts";
import { InvalidEntity, NotPermitted } from "../errors.ts";
import { RefusedBody } from "./body.ts";

/** The status of each refusal; other errors are failures of the server. */
const statusOf: Partial<Record<ErrorCode, readonly [status: number, title: string]>> = {
  InvalidEvent: [400, "Bad request"],
  InvalidKey: [400, "Bad request"],
  NotFound: [404, "Not found"],
  AlreadyExists: [409, "Conflict"],
  InvalidState: [409, "Conflict"],
  TooLarge: [413, "Too large"],
  InvalidItem: [422, "Unprocessable entity"],
  Throttled: [429, "Too many requests"],
  Unavailable: [503, "Unavailable"],
};

const maxDetail = 1_000;

/** Returns a response that tells what is wrong (RFC 9457). */
export function problem(
  status: number,
  title: string,
  detail: string,
  {
    headers = {},
    ...more
  }: { readonly headers?: Readonly<Record<string, string>>; readonly [name: string]: unknown } = {},
): Response {
  return Response.json(
    { type: "about:blank", title, status, detail: safeText(detail, maxDetail), ...more },
    { status, headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headers } },
  );
}

/** Returns the response for an error. A failure of the server tells nothing of it. */
export function refusal(error: unknown, { headers }: Request): Response {
  if (error instanceof RefusedBody) return problem(error.status, "Bad request", error.message);
  if (!isBeeHiveError(error)) return problem(500, "Failed", "The request failed.");
  const { code, message } = error;
  if (error instanceof InvalidEntity) {
    const errors = error.problems.map(({ path, problem: detail }) => ({ path, detail }));
    return problem(422, "Unprocessable entity", message, { code, errors });
  }
  if (error instanceof NotPermitted) return problem(403, "Forbidden", message, { code });
  if (code === "ConcurrencyConflict") {
    const isGiven = headers.has("if-match");
    return problem(isGiven ? 412 : 409, isGiven ? "Precondition failed" : "Conflict", message, { code });
  }
  // A write with If-None-Match: * found an entity, one with If-Match: * found none.
  const isUnmet =
    (code === "AlreadyExists" && headers.has("if-none-match")) || (code === "NotFound" && headers.has("if-match"));
  const [status, title] = isUnmet ? ([412, "Precondition failed"] as const) : (statusOf[code] ?? [500, "Failed"]);
  if (status >= 500) return problem(status, title, "The request failed.", status === 503 ? later : {});
  return problem(status, title, message, { code, ...(status === 429 ? later : {}) });
}

const later = { headers: { "retry-after": "1" } } as const;
