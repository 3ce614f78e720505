import assert from "node:assert/strict";
import { matches, type ErrorMatch } from "../actors/supervision.ts";
import { errorNameOf, messageOf } from "../base/error-text.ts";
import { isBeeHiveError } from "../base/errors.ts";
import type { Stores } from "../contract/stores.ts";
import type { DeliveryReport } from "../delivery/delivery.ts";
import { isJson } from "../events/body.ts";
import type { Event, EventProperty } from "../events/event.ts";

/** Result of a delivery. */
export interface Reacted {
  readonly report: DeliveryReport;
  readonly stores: Stores;
}

/**
 * Expectations of an actor. A reaction takes several expectations: the actor runs for the first of
 * them only. Each throws an `AssertionError` when it is not met.
 */
export class Reaction {
  readonly #what: string;
  readonly #react: () => Promise<Reacted>;
  #reacted: Promise<Reacted> | undefined;

  /** @internal Created by `given(...).when(...)`. */
  constructor(what: string, react: () => Promise<Reacted>) {
    this.#what = what;
    this.#react = react;
  }

  /**
   * Expects the actor to return these events, in this order.
   *
   * Compares type, destination, body, partition key and properties; not ids and times.
   */
  // oxlint-disable-next-line unicorn/no-thenable -- reads as given, when, then; an `await` by mistake throws
  then(expected: Iterable<Event>): Promise<void> {
    // An `await` calls `then` with a function, and sees only errors thrown synchronously.
    if (typeof expected === "function") throw new Error(`${this.#what}: name the expected events, with .then([...]).`);
    return this.#thenEvents(expected);
  }

  async #thenEvents(expected: Iterable<Event>): Promise<void> {
    const { error, outputs } = (await this.#once()).report;
    const undeclared = isBeeHiveError(error, "QueueNotFound");
    const what = undeclared ? "its publishes lacks the destination of an event" : "it failed";
    if (error !== undefined) throw this.#failed(`${what}: ${messageOf(error)}`, error);
    const actual = outputs.map(factsOf);
    const wanted = Array.from(expected, factsOf);
    try {
      assert.deepEqual(actual, wanted);
    } catch (difference) {
      const message = `${this.#what}: other events than expected. ${messageOf(difference)}`;
      throw new assert.AssertionError({ message, actual, expected: wanted, operator: "deepStrictEqual" });
    }
  }

  /** Expects a failure: an error of a class, with a code, or accepted by a function. */
  async thenThrows(expected: ErrorMatch): Promise<void> {
    const { error, outcome } = (await this.#once()).report;
    if (error === undefined) throw this.#failed(`it was expected to fail, but was ${outcome}`);
    if (matches(expected, error)) return;
    const name = errorNameOf(error);
    throw this.#failed(`it failed with another error than expected: ${name}: ${messageOf(error)}`, error);
  }

  /** Checks the stores afterwards. A failed step writes nothing to them. */
  async thenStores(check: (stores: Stores) => unknown): Promise<void> {
    await check((await this.#once()).stores);
  }

  #once(): Promise<Reacted> {
    this.#reacted ??= this.#react();
    return this.#reacted;
  }

  #failed(reason: string, cause?: unknown): assert.AssertionError {
    const error = new assert.AssertionError({ message: `${this.#what}: ${reason}` });
    error.cause = cause;
    return error;
  }
}

/** Parts of an event for comparison: everything but ids, times and trace properties. */
interface EventFacts {
  readonly eventType: string;
  readonly queueName: string;
  readonly body: unknown;
  readonly contentType?: string;
  readonly partitionKey?: string;
  readonly properties?: Readonly<Record<string, EventProperty>>;
  readonly url?: string;
  readonly delivery?: "log";
}

/** Returns the facts of an event without usual values, for readable differences. */
function factsOf(event: Event): EventFacts {
  const { eventType, queueName, contentType, partitionKey, url } = event;
  const { traceparent: _parent, tracestate: _state, ...properties } = event.properties;
  return {
    eventType,
    queueName,
    body: event.body.length === 0 || !isJson(contentType) ? event.body : event.getBody(),
    ...(contentType === "application/json" ? {} : { contentType }),
    ...(partitionKey === undefined ? {} : { partitionKey }),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(url === undefined ? {} : { url }),
    ...(event.delivery === "log" ? { delivery: event.delivery } : {}),
  };
}
