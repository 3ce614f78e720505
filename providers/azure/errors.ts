import { BeeHiveError, type ErrorCode } from "../../src/base/errors.ts";
import { safeText } from "../../src/base/safe-text.ts";
import { makingAdvice } from "../../src/provider-kit/errors.ts";
import { entityPathAdvice } from "./queues/entity-path.ts";

/** The fields that errors of the Azure SDKs have in common. */
interface SdkError {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly message?: unknown;
  readonly errors?: readonly unknown[];
}

const rights =
  "Check the key or the identity: sending needs the right Send (Azure Service Bus Data Sender), receiving Listen " +
  '(Data Receiver), making queues Manage (Data Owner; without it make them beforehand and use topology: "check"), ' +
  "storage the roles Storage Table Data Contributor and Storage Blob Data Contributor";

/** Codes of Service Bus over AMQP (`ServiceBusErrorCode`) and of the administration client. */
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
    "The namespace or account throttles requests. Events of actors are retried; repeat a push of your own later. " +
    "Lower the parallelism or raise the tier if it lasts",
};

const maxMessage = 1_024;

/**
 * Returns the error of an SDK as a `BeeHiveError`, with the original as its cause.
 *
 * @param action what was tried, on what: "send to Orders".
 */
export function translate(error: unknown, action: string): BeeHiveError {
  if (error instanceof BeeHiveError) return error;
  const actual = lastErrorOf(error);
  const code = codeOf(actual);
  const text = typeof actual.message === "string" ? firstLineOf(actual.message) : String(error);
  const help = advice[code];
  return new BeeHiveError(code, `Could not ${action}: ${safeText(text, maxMessage)}${help ? `. ${help}.` : ""}`, {
    cause: error,
  });
}

function firstLineOf(text: string): string {
  const end = text.indexOf("\n");
  return end === -1 ? text : text.slice(0, end);
}

/** Runs `work` and translates the errors of the SDK. @throws BeeHiveError */
export async function translateErrors<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translate(error, action);
  }
}

/** Returns the HTTP status of an error of the storage or administration clients. */
export function statusOf(error: unknown): number | undefined {
  const { statusCode } = lastErrorOf(error);
  return typeof statusCode === "number" ? statusCode : undefined;
}

/** Returns whether an error of the SDK has that code. */
export function isCode(error: unknown, code: string): boolean {
  return lastErrorOf(error).code === code;
}

/** Returns whether a receiver was refused because of sessions, present or absent. The SDK gives this error no code. */
export function isSessionMismatch(error: unknown): boolean {
  return /requires? sessions/i.test(String(lastErrorOf(error).message));
}

/** Returns the last of the errors that the SDK bundles after retries in vain. */
function lastErrorOf(error: unknown): SdkError {
  const one = (typeof error === "object" && error !== null ? error : {}) as SdkError;
  return Array.isArray(one.errors) && one.errors.length > 0 ? lastErrorOf(one.errors.at(-1)) : one;
}

function codeOf({ code, statusCode, message }: SdkError): ErrorCode {
  // The SDK notices this mistake of a connection string only when it sends, and gives it no code.
  if (typeof message === "string" && message.includes("does not match the EntityPath")) return "InvalidConfiguration";
  if (typeof statusCode === "number" && (statusCode === 401 || statusCode === 429))
    return byStatus[statusCode] as ErrorCode;
  const known = typeof code === "string" ? byCode[code] : undefined;
  return known ?? (typeof statusCode === "number" ? byStatus[statusCode] : undefined) ?? "Unavailable";
}
