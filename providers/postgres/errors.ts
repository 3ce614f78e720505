import { messageOf } from "../../src/base/error-text.ts";
import { BeeHiveError, isBeeHiveError, type ErrorCode } from "../../src/base/errors.ts";
import { safeText } from "../../src/base/safe-text.ts";

/** The ways to repeat a failed call: never, since it did nothing, or although it may have been done. */
export type Failure = "refused" | "undone" | "unknown";

/** The advice about an error, by its SQLSTATE or the code of Node; the first match counts. */
const meanings: readonly (readonly [codes: RegExp, code: ErrorCode, failure: Failure, advice: string])[] = [
  [/^28/, "AccessDenied", "refused", "the user or the password was refused. Check both, and pg_hba.conf of the server"],
  [/^3D000$/, "Unavailable", "refused", "there is no such database. Create it, or name another one"],
  [
    /^(42501|3F000)$/,
    "AccessDenied",
    "refused",
    "a right is missing. `beehive policy` prints the rights of a worker; the owner of the schema grants them",
  ],
  [/^(42883|42P01)$/, "Unavailable", "refused", "the schema lacks something. Run `beehive setup` as its owner"],
  [
    /^0A000$/,
    "InvalidConfiguration",
    "refused",
    "the server lacks something that PostgreSQL has. Use PostgreSQL 14 or later",
  ],
  [
    /^(22021|22P05)$/,
    "InvalidItem",
    "refused",
    "a text cannot be kept. Nothing of it was written; bytes hold anything",
  ],
  [/^54000$/, "TooLarge", "refused", "a value is too large. Store it in smaller parts"],
  [
    /^(53100|53200)$/,
    "Unavailable",
    "undone",
    "the server is out of disk or memory. Nothing that was confirmed is lost",
  ],
  [
    /^53300$/,
    "Unavailable",
    "undone",
    "the server has no connection left. Lower `connections`, or raise max_connections",
  ],
  [/^25006$/, "Unavailable", "undone", "the server only reads: it is a standby. Name the primary"],
  [/^57P03$/, "Unavailable", "undone", "the server is starting or stopping. It is retried"],
  [/^(40001|40P01|55P03)$/, "Unavailable", "undone", "rows were locked for too long. It is retried"],
  [/^57014$/, "Timeout", "unknown", "the server cancelled it. Look for a statement_timeout that is too short"],
  [/^(57P0[125]|08|XX000)/, "Unavailable", "unknown", "the connection was ended. It is retried"],
  [
    /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOENT|EACCES)$/,
    "Unavailable",
    "undone",
    "the server does not answer. Check host, port, and that it runs",
  ],
  [/^(ENOTFOUND|EAI_AGAIN)$/, "Unavailable", "undone", "the host is not known. Check its name"],
  [/^(ECONNRESET|EPIPE|ETIMEDOUT)$/, "Unavailable", "unknown", "the connection was lost. It is retried"],
  [
    /^(DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_|CERT_|ERR_TLS)/,
    "AccessDenied",
    "refused",
    "its certificate is not trusted. Name its authority by sslrootcert",
  ],
];

/** Errors of `pg` itself, which have no code. */
const byMessage: readonly (readonly [message: RegExp, code: ErrorCode, failure: Failure, advice: string])[] = [
  [
    /connection timeout|trying to connect/i,
    "Timeout",
    "undone",
    "no connection was had in time. The server or `connections` is at its limit",
  ],
  [/query read timeout/i, "Timeout", "unknown", "the server did not answer in time. It is retried"],
  [
    /connection terminated|connection error|not queryable|client was closed/i,
    "Unavailable",
    "unknown",
    "the connection was lost. It is retried",
  ],
  [
    /does not support SSL/i,
    "InvalidConfiguration",
    "refused",
    "it has no TLS. Leave sslmode out, or switch TLS on at the server",
  ],
  [
    /password must be a string|no password/i,
    "AccessDenied",
    "refused",
    "it asks for a password. Give one in the URL or by PGPASSWORD",
  ],
];

const unknown = ["Unavailable", "refused", "PostgreSQL failed"] as const;

function meaningOf(error: unknown): readonly [code: ErrorCode, failure: Failure, advice: string] {
  const sqlState = codeOf(error);
  const [, ...found] =
    meanings.find(([codes]) => codes.test(sqlState)) ??
    byMessage.find(([message]) => message.test(messageOf(error))) ??
    ([undefined, ...unknown] as const);
  return found;
}

/** Returns whether a call that failed with `error` may be repeated. */
export function failureOf(error: unknown): Failure {
  return error instanceof BeeHiveError ? "refused" : meaningOf(error)[1];
}

/** Returns the SQLSTATE of an error of the server, or the code of one of Node; empty for none. */
export function codeOf(error: unknown): string {
  const { code, errors } = (error ?? {}) as { readonly code?: unknown; readonly errors?: readonly unknown[] };
  // Node tries each address of a host, and gives an AggregateError.
  if (typeof code !== "string" && errors?.[0] !== undefined) return codeOf(errors[0]);
  return typeof code === "string" ? code : "";
}

/** Returns whether an error came from the server, or from a connection that it had taken. */
export function isOfServer(error: unknown): boolean {
  return !/^E[A-Z]/.test(codeOf(error));
}

/** Translates an error of the server or of `pg` to a `BeeHiveError` with advice. Returns a `BeeHiveError` unchanged. */
export function translate(error: unknown, where: string): BeeHiveError {
  if (error instanceof BeeHiveError) return error;
  const [code, , advice] = meaningOf(error);
  const what = safeText(messageOf(error) || codeOf(error), 512);
  return new BeeHiveError(code, `${where} could not be used: ${advice} (${what}).`, { cause: error });
}

/** Returns whether one of several commits in a statement may be the cause, so that the others succeed without it. */
export function isOneOfGroup(error: Error): boolean {
  if (isBeeHiveError(error, "QueueNotFound")) return true;
  const code = codeOf(error.cause);
  return /^[0-9A-Z]{5}$/.test(code) && !/^(08|25|28|3D|42501|53[23]|57)/.test(code);
}
