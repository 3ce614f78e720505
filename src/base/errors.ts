import { brandAs, isInstance } from "./brand.ts";
import { inMs, type Duration } from "./duration.ts";
import { delay, isNumber, told } from "./numbers.ts";

/**
 * Every code that a {@link BeeHiveError} can carry, and whether repeating the same step later can
 * succeed with no change of code or configuration. The loop retries what can and dead-letters at
 * once what cannot.
 */
const retryableByCode = {
  /** An event could not be made: no type, a body that is not JSON, a bad property. */
  InvalidEvent: false,
  /** A queue name is not `Topic-Subscription`, `Topic-` or `Queue`. */
  InvalidQueueName: false,
  /** The name of a store, or an id or key in it, is empty, too long or holds control characters; a count is no safe integer. */
  InvalidKey: false,
  /** Actors or options contradict each other; the message lists every problem. */
  InvalidConfiguration: false,
  /** An actor returned something that is not an iterable of events. */
  InvalidOutput: false,
  /** A call came at the wrong time: a hive not started, a step that is over. */
  InvalidState: false,
  /** The body of a received event cannot be read; the message says where. */
  BodyUnreadable: false,
  /** What is to be stored is not JSON. */
  InvalidItem: false,
  /** An event or item is larger than the provider takes; the message names both sizes. */
  TooLarge: false,
  /** An actor asked for the dead letters by throwing. */
  Rejected: false,
  /** An actor could not be made: something that it needs is not bound, or failed while it was made. */
  Unresolvable: true,
  /** No such topic, subscription or queue. */
  QueueNotFound: true,
  /** The lease ended before it was settled; another consumer may have the event now. */
  LeaseLost: true,
  /** The lock ended before it was released. */
  LockLost: true,
  /** The store has no item of that id. */
  NotFound: true,
  /** The store has an item of that id already. */
  AlreadyExists: true,
  /** The item changed since it was read. */
  ConcurrencyConflict: true,
  /** A counter would have gone below the minimum that the caller named; nothing changed. */
  BelowMinimum: true,
  /** The provider refused the credentials or the operation; the message names the right that is missing. */
  AccessDenied: true,
  /** The provider asks to slow down. */
  Throttled: true,
  /** The provider cannot be reached or answered with a fault of its own. */
  Unavailable: true,
  /** A time limit passed. */
  Timeout: true,
  /** An event kept coming back and was never settled: its consumers may have crashed on it. */
  Exhausted: true,
} as const;

/** The closed set of error codes. */
export type ErrorCode = keyof typeof retryableByCode;

/** Every error code. */
export const errorCodes = Object.keys(retryableByCode) as readonly ErrorCode[];

/**
 * The one error class of the library. `code` says what happened, `cause` keeps the original error and
 * the message says what was tried, on what, and what to do next. Messages never hold event bodies or
 * credentials.
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

  /** `error instanceof BeeHiveError`, and that of its classes here, holds for those of another installed copy too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
  }

  /** Whether repeating the step later can succeed with no change of code or configuration. */
  get retryable(): boolean {
    return retryableByCode[this.code];
  }
}

/**
 * Thrown by an actor to send its event to the dead letters now, with this reason, whatever the retry
 * policy says.
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
 * Thrown by an actor to have its event delivered again after `delay`, in place of the back-off of the retry policy.
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
 * Thrown by an actor or a middleware to pause its subscription: something that all its events need is down.
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

/** Thrown by a circuit breaker: what its actors call is down. */
export class CircuitOpen extends PauseSubscription {
  override readonly name: string = "CircuitOpen";
}

function withTime(message: string, ms: unknown): string {
  return isNumber(ms, delay) ? message : `${message} (${told(ms)} is not a length of time: the retry policy decides)`;
}

/** An item changed since it was read. */
export class ConcurrencyConflict extends BeeHiveError {
  static {
    brandAs("ConcurrencyConflict", this);
  }

  override readonly name: string = "ConcurrencyConflict";
  /** The item, the same text for all who collide on it. */
  readonly resource: string;

  constructor(resource: string, message: string, options?: { cause?: unknown }) {
    super("ConcurrencyConflict", message, options);
    this.resource = resource;
  }
}

/** Whether `error` is a {@link BeeHiveError}, of that code when one is given. */
export function isBeeHiveError(error: unknown, code?: ErrorCode): error is BeeHiveError {
  return error instanceof BeeHiveError && (code === undefined || error.code === code);
}
