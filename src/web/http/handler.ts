import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Duration } from "../../base/duration.ts";
import type { Event } from "../../events/event.ts";
import type { Signature } from "./signatures.ts";

/** The time at which a request is answered, see {@link IngestionOptions.ack}. */
export type Ack = "none" | "accepted" | "processed";

/** A problem of a request, and its place: `3.lines.0.sku` is in the fourth of several items; empty for the whole. */
export interface IngestProblem {
  readonly path: string;
  readonly problem: string;
}

/** A value of a request: its body, an element of its array, or a line. */
export interface IngestItem {
  /** The parsed JSON; of a CloudEvent its data. A body that is no JSON is a text, or bytes. */
  readonly value: unknown;
  /** The CloudEvent, without a destination; `undefined` for other formats. */
  readonly event: Event | undefined;
  /** The place in the request: `3` for the fourth of several, empty for the only one. */
  readonly path: string;
}

/** A request as handlers see it. Its body has been read and parsed. */
export interface IngestRequest {
  /** The id that the answer and the logs name. */
  readonly id: string;
  /** The name of the client, from {@link IngestionOptions.authorize}. */
  readonly client: string;
  /** The handler that the path names; `undefined` for `/ingest` alone. */
  readonly to: string | undefined;
  readonly url: URL;
  readonly headers: Headers;
  readonly items: readonly IngestItem[];
  /** The body as it was sent, decompressed. */
  readonly bytes: Uint8Array;
  /** Aborts when the client has gone, or the time of the handler is over. */
  readonly signal: AbortSignal;
}

/** The result of {@link IngestHandler.validate}: nothing, true or an empty list for a valid request; else why not. */
export type Validity = void | undefined | boolean | string | readonly (string | IngestProblem)[];

/**
 * Makes events of requests. Its methods are called in this order.
 *
 * @example
 * class Readings implements IngestHandler {
 *   join = ({ headers }: IngestRequest) => headers.has("x-device");
 *   ingest = ({ items }: IngestRequest) => items.map(({ value }) => ReadingTaken.create(value as Reading));
 * }
 */
export interface IngestHandler {
  /** Returns whether it wants a request to `/ingest`. A path with its name does not ask. @default false */
  join?(request: IngestRequest): boolean | Promise<boolean>;
  /** The check of the signature of a webhook. @default None. */
  readonly signature?: Signature | undefined;
  /** Any synchronous Standard Schema: each item must fit it, and the methods below get the values that it returns. */
  readonly schema?: StandardSchemaV1 | undefined;
  /**
   * Returns what is wrong, if anything. An event type that throws `InvalidEvent` says it as well.
   *
   * Nothing is published unless all who joined find the request valid.
   */
  validate?(request: IngestRequest): Validity | Promise<Validity>;
  /** Returns the events to publish. The events of all who joined are published in one push. */
  ingest(request: IngestRequest): Ingested | Promise<Ingested>;
  /** The longest time of each method. @default {@link IngestionOptions.timeout} */
  readonly timeout?: Duration | undefined;
  /** @default {@link IngestionOptions.ack} */
  readonly ack?: Ack | undefined;
}

/** The events that a handler returns. */
export type Ingested = Event | Iterable<Event> | AsyncIterable<Event> | void | undefined;

/** The answer of one handler to a request. */
export interface HandlerAnswer {
  /** 200 for published events, 202 without a wait for them. 401, 422, 500 or 503 for none. */
  readonly status: number;
  /** The ids of the events. */
  readonly events?: readonly string[] | undefined;
  readonly problems?: readonly IngestProblem[] | undefined;
  readonly error?: string | undefined;
}

/** The answer to a request, as JSON. */
export interface IngestAnswer {
  readonly requestId: string;
  /** The status of the response. 207 when a handler failed and the events of others are published. */
  readonly status: number;
  readonly handlers: Readonly<Record<string, HandlerAnswer>>;
  /** The end of what followed, for `ack: "processed"`; `waiting` when the time was over before. */
  readonly processed?: Processed | undefined;
  /** The reason of a refusal. */
  readonly error?: string | undefined;
  readonly problems?: readonly IngestProblem[] | undefined;
}

/** How far the events of a request and all that followed from them are; `failed` events are dead letters. */
export type Processed = "done" | "failed" | "waiting";
