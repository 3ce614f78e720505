import { entityPathAdvice } from "./queues/entity-path.ts";
import { BeeHiveError, type ErrorCode } from "../../src/base/errors.ts";
import { makingAdvice } from "../../src/provider-kit/errors.ts";
import { safeText } from "../../src/base/safe-text.ts";

/*
 * Errors of the Azure SDKs as ours, made once, at the edge. Messages say what was tried and what to do; those of the
 * SDKs are kept as the cause.
 */

/** What the SDKs' errors have in common. */
interface SdkError {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly message?: unknown;
  readonly errors?: readonly unknown[];
}

const rights =
  "Check the key or the identity: sending needs the right Send (Azure Service Bus Data Sender), receiving Listen (Data Receiver), " +
  'making queues Manage (Data Owner; without it make them beforehand and use topology: "check"), storage the roles Storage Table ' +
  "Data Contributor and Storage Blob Data Contributor";

/** Codes of Service Bus over AMQP, see `ServiceBusErrorCode`, and of the administration client. */
const byCode: Readonly<Record<string, ErrorCode>> = {
  MessagingEntityNotFound: "QueueNotFound",
  MessageEntityNotFoundError: "QueueNotFound",
  MessagingEntityDisabled: "Unavailable",
  MessageLockLost: "LeaseLost",
  SessionLockLost: "LeaseLost",
  MessageNotFound: "LeaseLost",
  MessageSizeExceeded: "TooLarge",
  UnauthorizedAccess: "AccessDenied",
  UnauthorizedRequestError: "AccessDenied",
  QuotaExceeded: "Throttled",
  QuotaExceededError: "Throttled",
  ServiceBusy: "Throttled",
  ServerBusyError: "Throttled",
  ServiceTimeout: "Timeout",
  OperationTimeoutError: "Timeout",
};

const byStatus: Readonly<Record<number, ErrorCode>> = {
  401: "AccessDenied",
  403: "AccessDenied",
  413: "TooLarge",
  429: "Throttled",
  503: "Throttled",
};

const advice: Partial<Readonly<Record<ErrorCode, string>>> = {
  QueueNotFound: makingAdvice,
  AccessDenied: rights,
  InvalidConfiguration: entityPathAdvice,
  LeaseLost: "The lock is gone; the event was or will be delivered again",
  Throttled:
    "The namespace or account asks to slow down. What an actor does is tried again; push again what you pushed yourself. Lower the parallelism or raise the tier if it lasts",
};

const maxTold = 1_024;

/** The error as ours. `what` says what was tried, on what: "send to Orders". */
export function translated(error: unknown, what: string): BeeHiveError {
  if (error instanceof BeeHiveError) return error;
  const actual = actualOf(error);
  const code = codeOf(actual);
  const told = typeof actual.message === "string" ? firstLineOf(actual.message) : String(error);
  const help = advice[code];
  return new BeeHiveError(code, `Could not ${what}: ${safeText(told, maxTold)}${help ? `. ${help}.` : ""}`, {
    cause: error,
  });
}

function firstLineOf(text: string): string {
  const end = text.indexOf("\n");
  return end === -1 ? text : text.slice(0, end);
}

/** Runs `work`; what the SDK throws becomes ours. */
export async function translating<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translated(error, what);
  }
}

/** The HTTP status of an error of the storage or administration clients. */
export function statusOf(error: unknown): number | undefined {
  const { statusCode } = actualOf(error);
  return typeof statusCode === "number" ? statusCode : undefined;
}

/** Whether an error of the SDK has that code. */
export function isCode(error: unknown, code: string): boolean {
  return actualOf(error).code === code;
}

/** Whether a receiver was refused because its queue or subscription has sessions, or has none: both have no code. */
export function isSessionMismatch(error: unknown): boolean {
  return /requires? sessions/i.test(String(actualOf(error).message));
}

/** An operation that was retried in vain throws all its errors as one; the last says what is wrong. */
function actualOf(error: unknown): SdkError {
  const one = (typeof error === "object" && error !== null ? error : {}) as SdkError;
  return Array.isArray(one.errors) && one.errors.length > 0 ? actualOf(one.errors.at(-1)) : one;
}

function codeOf({ code, statusCode, message }: SdkError): ErrorCode {
  // The SDK's one error of its connection string that shows only when it is used; it has no code.
  if (typeof message === "string" && message.includes("does not match the EntityPath")) return "InvalidConfiguration";
  if (typeof statusCode === "number" && (statusCode === 401 || statusCode === 429))
    return byStatus[statusCode] as ErrorCode;
  const known = typeof code === "string" ? byCode[code] : undefined;
  return known ?? (typeof statusCode === "number" ? byStatus[statusCode] : undefined) ?? "Unavailable";
}
