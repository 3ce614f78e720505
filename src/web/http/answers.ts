import { isBeeHiveError, Overloaded, type ErrorCode } from "../../base/errors.ts";
import type { IngestAnswer } from "./handler.ts";
import { Refusal } from "./refusal.ts";

/** The wait that a client is told where nothing says how long, in ms. */
const defaultRetryMs = 1_000;

/**
 * The errors that a wait cures. Other errors wait for an operator, such as a missing topic, a missing right or a wrong
 * option: a client that is told to come back would come back for ever.
 */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "Overloaded",
  "Throttled",
  "Unavailable",
  "Timeout",
  "ConcurrencyConflict",
  "LeaseLost",
  "LockLost",
  // A hive that stops comes back as another process.
  "InvalidState",
]);

/** Returns the response of an answer. */
export function answered(answer: IngestAnswer): Response {
  const isBusy = answer.status === 503;
  return jsonResponse(answer.status, answer, isBusy ? { "retry-after": seconds(defaultRetryMs) } : {});
}

/**
 * Returns the response of a request that was refused, or failed.
 *
 * Says nothing of an error of the hive but its code: the message may name hosts and queues.
 */
export function refused(requestId: string, error: unknown): Response {
  const { status, message, details } = error instanceof Refusal ? error : refusalOf(error);
  const { retryAfterMs, problems, headers = {} } = details;
  const answer: IngestAnswer = { requestId, status, handlers: {}, error: message, ...(problems && { problems }) };
  const retry = retryAfterMs === undefined ? {} : { "retry-after": seconds(retryAfterMs) };
  return jsonResponse(status, answer, { ...retry, ...headers });
}

/** Returns the refusal for an error of a push, or of the stores. */
function refusalOf(error: unknown): Refusal {
  if (!isBeeHiveError(error)) return new Refusal(500, "The request failed; the log has more.");
  if (error.code === "TooLarge") return new Refusal(413, "An event is larger than the provider can carry.");
  if (passing.has(error.code)) {
    const retryAfterMs = error instanceof Overloaded ? error.retryAfterMs : defaultRetryMs;
    return new Refusal(503, `The events could not be published: ${error.code}.`, { retryAfterMs });
  }
  return new Refusal(500, `The events could not be published: ${error.code}; the log has more.`);
}

function seconds(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1_000)));
}

/** Returns a response of JSON that nobody keeps. */
export function jsonResponse(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}
