import { messageOf, stackOf } from "../../../base/error-text.ts";
import {
  BeeHiveError,
  ConcurrencyConflict,
  errorCodes,
  PauseSubscription,
  RejectEvent,
  RetryLater,
  type ErrorCode,
} from "../../../base/errors.ts";

/** An error as it crosses between threads: its class by its name, and the fields that decide what follows. */
export interface CrossedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
  readonly resource: string | undefined;
  readonly delayMs: number | undefined;
  readonly pauseMs: number | undefined;
}

/** Returns a thrown value as data. */
export function crossed(thrown: unknown): CrossedError {
  const { name, code, resource, delayMs, pauseMs } = Object(thrown) as Partial<CrossedError>;
  return {
    name: typeof name === "string" ? name : "Error",
    message: messageOf(thrown),
    stack: stackOf(thrown),
    code: typeof code === "string" ? code : undefined,
    resource: typeof resource === "string" ? resource : undefined,
    delayMs: typeof delayMs === "number" ? delayMs : undefined,
    pauseMs: typeof pauseMs === "number" ? pauseMs : undefined,
  };
}

/** Returns the error on the other side: of the same class, if it is one of the library or of the language. */
export function arrived(error: CrossedError): Error {
  const own = sameClass(error);
  if (error.stack !== undefined) Object.defineProperty(own, "stack", { value: error.stack, configurable: true });
  return own;
}

function sameClass({ name, message, code, resource, delayMs, pauseMs }: CrossedError): Error {
  if (name === "RejectEvent") return new RejectEvent(message);
  if (name === "RetryLater" && delayMs !== undefined) return new RetryLater(delayMs, message);
  if (pauseMs !== undefined) return new PauseSubscription(pauseMs, message);
  if (resource !== undefined) return new ConcurrencyConflict(resource, message);
  if (errorCodes.includes(code as ErrorCode)) return new BeeHiveError(code as ErrorCode, message);
  const known: unknown = (globalThis as Readonly<Record<string, unknown>>)[name];
  const type = typeof known === "function" && known.prototype instanceof Error ? (known as ErrorConstructor) : Error;
  return Object.assign(new type(message), { name, ...(code !== undefined && { code }) });
}
