import { backoff, type RetryPolicy } from "../../actors/retry-policy.ts";
import { withTimeLimit, type Clock } from "../../base/clock.ts";
import { errorNameOf } from "../../base/error-text.ts";
import { BeeHiveError, isBeeHiveError } from "../../base/errors.ts";
import { inMs } from "../../base/duration.ts";
import type { Logger } from "../../base/logger.ts";
import type { IngestHandler, IngestRequest } from "./handler.ts";
import { Refusal } from "./refusal.ts";

/**
 * The state of a handler.
 *
 * - `running`: it takes requests.
 * - `restarting`: it failed, and takes requests again from `until`.
 * - `stopped`: it failed too often in a row, and takes requests after a restart only.
 */
export type HandlerCondition = "running" | "restarting" | "stopped";

/** A handler and what it did in this process, as `GET /handlers` shows it. */
export interface HandlerState {
  readonly name: string;
  readonly state: HandlerCondition;
  /** When it takes requests again, if it is restarting. */
  readonly until: Date | undefined;
  /** Failures in a row. */
  readonly failures: number;
  /** The code of a `BeeHiveError` or the name of another error of the last failure. */
  readonly error: string | undefined;
  /** Requests that it joined. */
  readonly requests: number;
  /** Requests that it found invalid. */
  readonly rejected: number;
  /** Events that were published of it. */
  readonly events: number;
}

/** The parts that all handlers of an ingestion share. */
export interface SupervisionParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** The restarts; the handler stops at the last failure of `maxAttempts` in a row. */
  readonly restart: RetryPolicy;
  /** The longest time of a method, in ms. */
  readonly timeoutMs: number;
}

/** A handler under supervision: a failure ends no other, and makes the next object of its class. */
export class SupervisedHandler {
  readonly name: string;
  requests = 0;
  rejected = 0;
  events = 0;
  readonly #make: () => IngestHandler | Promise<IngestHandler>;
  readonly #parts: SupervisionParts;
  #made: Promise<IngestHandler> | undefined;
  #failures = 0;
  /** Counts the restarts: requests of one life that fail are one failure. */
  #life = 0;
  #error: string | undefined;
  /** When it takes requests again, in ms since the epoch. */
  #until = -Infinity;

  constructor(name: string, make: () => IngestHandler | Promise<IngestHandler>, parts: SupervisionParts) {
    this.name = name;
    this.#make = make;
    this.#parts = parts;
  }

  get condition(): HandlerCondition {
    if (this.#failures >= this.#parts.restart.maxAttempts) return "stopped";
    return this.#parts.clock.now() < this.#until ? "restarting" : "running";
  }

  get state(): HandlerState {
    const { name, condition: state, requests, rejected, events } = this;
    const until = state === "restarting" ? new Date(this.#until) : undefined;
    return { name, state, until, failures: this.#failures, error: this.#error, requests, rejected, events };
  }

  /** The time until it takes requests, in ms; 0 when it does. */
  get waitMs(): number {
    if (this.condition === "stopped") return this.#parts.restart.maxDelay;
    return Math.max(0, this.#until - this.#parts.clock.now());
  }

  /** Makes it take requests again, with a new object. */
  restart(): void {
    this.#made = undefined;
    this.#failures = 0;
    this.#until = -Infinity;
  }

  /**
   * Runs a method within the time limit.
   *
   * @throws Refusal and the errors of invalid content as they are. Any other error counts as a failure, once for all
   *   requests that were under way together, and not while the handler is down.
   */
  async run<T>(
    request: IngestRequest,
    method: (handler: IngestHandler, request: IngestRequest) => T | Promise<T>,
  ): Promise<T> {
    const { clock, timeoutMs } = this.#parts;
    const over = new AbortController();
    const life = this.waitMs === 0 ? this.#life : undefined;
    try {
      const handler = await (this.#made ??= Promise.resolve(this.#make()));
      const ms = handler.timeout === undefined ? timeoutMs : inMs(handler.timeout);
      const own = { ...request, signal: AbortSignal.any([request.signal, over.signal]) };
      const work = (async () => method(handler, own))();
      return await withTimeLimit(work, clock, ms, () => {
        over.abort();
        throw new BeeHiveError("Timeout", `The handler ${this.name} took more than ${ms} ms.`);
      });
    } catch (error) {
      if (!(error instanceof Refusal) && !isOfContent(error)) this.#failed(error, request, life === this.#life);
      throw error;
    }
  }

  /** Notes that a request went well, so that failures before do not count any more. */
  succeeded(events: number): void {
    this.#failures = 0;
    this.events += events;
  }

  #failed(error: unknown, { id }: IngestRequest, counts: boolean): void {
    const { clock, logger, random, restart } = this.#parts;
    if (counts) {
      this.#made = undefined;
      this.#failures++;
      this.#life++;
      this.#error = errorNameOf(error);
      this.#until = clock.now() + backoff(this.#failures, restart, random());
    }
    const { name: handler, condition: state } = this;
    const after = state === "stopped" ? "and is stopped: it failed too often in a row" : "and is restarted";
    logger.error({ err: error, handler, requestId: id, failures: this.#failures }, `a handler failed, ${after}`);
  }
}

/** Returns whether an error tells of the content of a request. It is no failure of the handler. */
export function isOfContent(error: unknown): error is BeeHiveError {
  return isBeeHiveError(error, "InvalidEvent") || isBeeHiveError(error, "BodyUnreadable");
}
