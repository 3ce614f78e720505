import { brandAs, isInstance } from "./brand.ts";
import { inMs, type Duration } from "./duration.ts";
import { delay, isNumber, valueText } from "./numbers.ts";

/**
 * The codes of a {@link BeeHiveError}, and whether the same step can succeed later without a change of code or options.
 *
 * The loop retries if it can, and dead-letters at once if it cannot.
 */
const retryableByCode = {
  /** An event is invalid: no type, a body that is not JSON, a bad property. */
  InvalidEvent: false,
  /** A queue name is not `Topic-Subscription`, `Topic-` or `Queue`. */
  InvalidQueueName: false,
  /** A name, id or key is empty, too long or malformed; a count is no safe integer. */
  InvalidKey: false,
  /** Actors or options contradict each other; the message lists every problem. */
  InvalidConfiguration: false,
  /** An actor returned a value that is not an iterable of events. */
  InvalidOutput: false,
  /** A call came too early or too late: before a hive's start, after a step's end. */
  InvalidState: false,
  /** The body of a received event cannot be read; the message says where. */
  BodyUnreadable: false,
  /** An item cannot be stored: it is not JSON, an entity does not fit its schema, or a blob is not bytes. */
  InvalidItem: false,
  /** An event or item exceeds the provider's limit; the message names both sizes. */
  TooLarge: false,
  /** An actor threw {@link RejectEvent}. */
  Rejected: false,
  /** An actor cannot be made: a dependency is not bound, or its construction failed. */
  Unresolvable: true,
  /** The topic, subscription or queue does not exist. */
  QueueNotFound: true,
  /** The lease ended before the event was settled; another consumer may have the event. */
  LeaseLost: true,
  /** The lock ended before it was released. */
  LockLost: true,
  /** The store has no item of that id. */
  NotFound: true,
  /** The store has an item of that id already. */
  AlreadyExists: true,
  /** The item changed since it was read. */
  ConcurrencyConflict: true,
  /** The increment of a counter would fall below its `min`; nothing changed. */
  BelowMinimum: true,
  /** The provider refused the credentials or the operation, or a permission of entities a change; the message says which. */
  AccessDenied: true,
  /** The provider throttles the caller. */
  Throttled: true,
  /** A queue is above its limit, so that nothing more is pushed; see {@link Overloaded}. */
  Overloaded: true,
  /** The provider is unreachable, or failed itself. */
  Unavailable: true,
  /** A time limit passed. */
  Timeout: true,
  /** An event was delivered too often without being settled. Its consumers may have crashed on it. */
  Exhausted: true,
} as const;

/** The closed set of error codes. */
export type ErrorCode = keyof typeof retryableByCode;

/** Every error code. */
export const errorCodes = Object.keys(retryableByCode) as readonly ErrorCode[];

/**
 * The error class of the library. `code` names the kind of failure, `cause` is the original error.
 *
 * The message says what was tried, on what, and what to do next. It never holds event bodies or credentials.
 *
 * @example
 * if (isBeeHiveError(error, "NotFound")) return undefined;
 */
export class BeeHiveError extends Error {
  static {
    brandAs("BeeHiveError", this);
  }

  override readonly name: string = "BeeHiveError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** Makes `instanceof` hold for errors of another installed copy too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
  }

  /** True if the same step can succeed later without a change of code or options. */
  get retryable(): boolean {
    return retryableByCode[this.code];
  }
}

/**
 * Dead-letters the event at once when an actor throws it, whatever the retry policy is.
 *
 * @example
 * throw new RejectEvent(`the order ${orderId} has no lines`);
 */
export class RejectEvent extends BeeHiveError {
  static {
    brandAs("RejectEvent", this);
  }

  override readonly name: string = "RejectEvent";

  constructor(reason: string, options?: { cause?: unknown }) {
    super("Rejected", reason, options);
  }
}

/**
 * Thrown by an actor to retry its event after `delay`, not after its policy's back-off.
 *
 * It counts as an attempt, so the policy's limit still holds. A delay that is no length of time up to 100 years leaves
 * the decision to the retry policy, and the message says so.
 *
 * @example
 * if (response.status === 503) throw new RetryLater("30s");
 */
export class RetryLater extends BeeHiveError {
  static {
    brandAs("RetryLater", this);
  }

  override readonly name: string = "RetryLater";
  readonly delayMs: number;

  constructor(delay: Duration, message?: string, options?: { cause?: unknown }) {
    const delayMs = inMs(delay);
    super("Unavailable", withTime(message ?? `asked to be retried in ${delayMs} ms`, delayMs), options);
    this.delayMs = delayMs;
  }
}

/**
 * Thrown by an actor or a middleware to pause its subscription while a service is down.
 *
 * The event is abandoned, and this delivery does not count as an attempt. A pause that is no length of time up to 100
 * years makes it a failure like any other, and the message says so.
 *
 * @example
 * if (response.status === 401) throw new PauseSubscription("5m", "the token was revoked");
 */
export class PauseSubscription extends BeeHiveError {
  static {
    brandAs("PauseSubscription", this);
  }

  override readonly name: string = "PauseSubscription";
  readonly pauseMs: number;

  constructor(pause: Duration, message?: string, options?: { cause?: unknown }) {
    const pauseMs = inMs(pause);
    super("Unavailable", withTime(message ?? `asked to pause for ${pauseMs} ms`, pauseMs), options);
    this.pauseMs = pauseMs;
  }
}

/** Pauses the subscription on behalf of a circuit breaker. */
export class CircuitOpen extends PauseSubscription {
  override readonly name: string = "CircuitOpen";
}

/** The error of a run over a limit across processes. Its event is abandoned with a delay, and counts no attempt. */
export class OverLimit extends BeeHiveError {
  static {
    brandAs("OverLimit", this);
  }

  override readonly name: string = "OverLimit";
  readonly delayMs: number;

  constructor(delayMs: number, message: string) {
    super("Throttled", message);
    this.delayMs = delayMs;
  }
}

/**
 * The error of a push to a queue above its limit. Nothing was published.
 *
 * @example
 * if (error instanceof Overloaded) response.setHeader("Retry-After", Math.ceil(error.retryAfterMs / 1000));
 */
export class Overloaded extends BeeHiveError {
  static {
    brandAs("Overloaded", this);
  }

  override readonly name: string = "Overloaded";
  /** The queue or subscription that is full. */
  readonly queue: string;
  /** How long a caller should wait before it pushes again, in ms. */
  readonly retryAfterMs: number;

  constructor(queue: string, retryAfterMs: number, message: string) {
    super("Overloaded", message);
    this.queue = queue;
    this.retryAfterMs = retryAfterMs;
  }
}

function withTime(message: string, ms: unknown): string {
  return isNumber(ms, delay)
    ? message
    : `${message} (${valueText(ms)} is not a length of time: the retry policy decides)`;
}

/** The error of a write over an item that changed since it was read. */
export class ConcurrencyConflict extends BeeHiveError {
  static {
    brandAs("ConcurrencyConflict", this);
  }

  override readonly name: string = "ConcurrencyConflict";
  /** The name of the item: the same text for all steps that collide on it. */
  readonly resource: string;

  constructor(resource: string, message: string, options?: { cause?: unknown }) {
    super("ConcurrencyConflict", message, options);
    this.resource = resource;
  }
}

/** Returns whether `error` is a {@link BeeHiveError}. @param code of the error; any code by default. */
export function isBeeHiveError(error: unknown, code?: ErrorCode): error is BeeHiveError {
  return error instanceof BeeHiveError && (code === undefined || error.code === code);
}
