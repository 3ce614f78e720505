import { performance } from "node:perf_hooks";
import {
  context,
  propagation,
  SpanKind,
  trace,
  type Attributes,
  type Span,
  type SpanOptions,
} from "@opentelemetry/api";
import type { ActorDescriptor } from "../actors/actor.ts";
import type { Outcome } from "../actors/outcome.ts";
import type { Clock } from "../base/clock.ts";
import type { Event } from "../events/event.ts";
import { carriesTrace, contextOf, destinationAttributes, fail, messageAttributes, withError } from "./attributes.ts";
import type { Instruments } from "./instruments.ts";

/** The W3C trace context headers, carried as properties of events. */
const traceHeaders = ["traceparent", "tracestate"] as const;
const noHeaders: Readonly<Record<string, string>> = {};
/** The settlement of each outcome; a lost lease is not settled. */
const settlements: Readonly<Partial<Record<Outcome, string>>> = {
  committed: "commit",
  retried: "abandon",
  abandoned: "abandon",
  "dead-lettered": "dead-letter",
  expired: "commit",
};

/** Spans and metrics of one actor on one subscription. */
export class ActorTelemetry {
  readonly #instruments: Instruments;
  readonly #clock: Clock;
  readonly #subscription: string;
  /** Made once, because every event uses them. */
  readonly #spanName: string;
  readonly #attributes: Attributes;
  readonly #spanOptions: SpanOptions;
  /** The attributes with each outcome, made when they are first used. */
  readonly #outcomes: Partial<Record<Outcome, Attributes>> = {};

  constructor(instruments: Instruments, system: string, clock: Clock, { name, queueName }: ActorDescriptor) {
    this.#instruments = instruments;
    this.#clock = clock;
    this.#subscription = queueName.toString();
    this.#attributes = {
      "messaging.system": system,
      "messaging.operation.type": "process",
      "messaging.operation.name": "process",
      ...destinationAttributes(queueName),
      "beehive.actor": name,
    };
    this.#spanName = `process ${queueName}`;
    this.#spanOptions = { kind: SpanKind.CONSUMER, attributes: this.#attributes };
  }

  /** Starts the span of a delivery, linked to its parent, the span that published the event. */
  start(event: Event, attempt: number): ProcessSpan {
    const { tracer, measuring, inFlight, lag } = this.#instruments;
    const parent = carriesTrace(event) ? propagation.extract(context.active(), event.properties) : undefined;
    const published = parent && trace.getSpanContext(parent);
    const options = published ? { ...this.#spanOptions, links: [{ context: published }] } : this.#spanOptions;
    const span = tracer.startSpan(this.#spanName, options, parent);
    if (span.isRecording()) span.setAttributes({ ...messageAttributes(event), "beehive.attempt": attempt });
    if (measuring) {
      inFlight.add(1, this.#attributes);
      if (attempt === 1) lag.record(Math.max(0, (this.#clock.now() - event.timestampMs) / 1000), this.#attributes);
    }
    return new ProcessSpan(span, event, this);
  }

  /** Starts the span of a batch, linked to the spans that published its events. */
  startBatch(deliveries: readonly { readonly event: Event; readonly attempt: number }[]): BatchSpan {
    const { tracer, measuring, inFlight, lag } = this.#instruments;
    const links = deliveries.flatMap(({ event }) => {
      const published = carriesTrace(event) ? contextOf(event) : undefined;
      return published ? [{ context: published }] : [];
    });
    const span = tracer.startSpan(this.#spanName, { ...this.#spanOptions, links });
    span.setAttribute("messaging.batch.message_count", deliveries.length);
    if (measuring) {
      const now = this.#clock.now();
      inFlight.add(deliveries.length, this.#attributes);
      for (const { event, attempt } of deliveries)
        if (attempt === 1) lag.record(Math.max(0, (now - event.timestampMs) / 1000), this.#attributes);
    }
    return new BatchSpan(span, this);
  }

  /** @internal */
  now(): number {
    return this.#clock.now();
  }

  /** @internal */
  ended(durationMs: number, outcome: Outcome, error: unknown): void {
    const { measuring, inFlight, duration, consumed } = this.#instruments;
    if (!measuring) return;
    const attributes = withError(
      (this.#outcomes[outcome] ??= { ...this.#attributes, "beehive.outcome": outcome }),
      error,
    );
    inFlight.add(-1, this.#attributes);
    duration.record(durationMs / 1000, attributes);
    consumed.add(1, attributes);
  }

  /** @internal Records the span of the settlement, a child of the delivery's. */
  settled(delivery: Span, event: Event, outcome: Outcome, startTime: number = this.now()): void {
    const operation = settlements[outcome];
    if (operation === undefined) return;
    const { tracer } = this.#instruments;
    const span = tracer.startSpan(
      `${operation} ${this.#subscription}`,
      {
        kind: SpanKind.CLIENT,
        startTime,
        attributes: {
          ...this.#attributes,
          ...messageAttributes(event),
          "messaging.operation.type": "settle",
          "messaging.operation.name": operation,
        },
      },
      trace.setSpan(context.active(), delivery),
    );
    span.end();
  }
}

/** The span around the delivery of a batch. Its events are settled one by one. */
export class BatchSpan {
  readonly #span: Span;
  readonly #actor: ActorTelemetry;
  readonly #startedAt = performance.now();
  #failure: unknown;

  constructor(span: Span, actor: ActorTelemetry) {
    this.#span = span;
    this.#actor = actor;
  }

  /** Runs `work` inside the span. */
  run<A extends unknown[], T>(work: (...given: A) => T, ...given: A): T {
    if (!this.#span.isRecording()) return work(...given);
    return context.with(trace.setSpan(context.active(), this.#span), () => work(...given));
  }

  /** Returns the trace headers of an output: of this span if recorded, else of the event that caused it. */
  headers(cause: Event): Readonly<Record<string, string>> {
    return headersOf(this.#span, cause);
  }

  /** Notes the outcome of an event, and returns the duration of the batch so far in ms. */
  settled(outcome: Outcome, error?: unknown): number {
    this.#failure ??= error;
    const durationMs = performance.now() - this.#startedAt;
    this.#actor.ended(durationMs, outcome, error);
    return durationMs;
  }

  /** Ends the span, with the first failure of an event. */
  end(): void {
    if (this.#failure !== undefined) fail(this.#span, this.#failure);
    this.#span.end();
  }
}

/** The span around one delivery. The actor runs inside it, so that spans of its own become children. */
export class ProcessSpan {
  readonly #span: Span;
  readonly #event: Event;
  readonly #actor: ActorTelemetry;
  /** By `performance.now()`. */
  readonly startedAt: number = performance.now();
  /** When the actor last returned or threw, in ms since the epoch. The settlement begins there. */
  #ranAt: number | undefined;

  constructor(span: Span, event: Event, actor: ActorTelemetry) {
    this.#span = span;
    this.#event = event;
    this.#actor = actor;
  }

  /** Runs `work` inside the span. Its parameters are listed: rest parameters would make an array for each event. */
  run<A, B, T>(work: (a: A, b: B) => T, a: A, b: B): T;
  run<A, B, C, D, T>(work: (a: A, b: B, c: C, d: D) => T, a: A, b: B, c: C, d: D): T;
  run<A, B, C, D, T>(work: (a: A, b: B, c?: C, d?: D) => T, a: A, b: B, c?: C, d?: D): T {
    if (!this.#span.isRecording()) return work(a, b, c, d);
    const result = context.with(trace.setSpan(context.active(), this.#span), () => work(a, b, c, d));
    const ran = (): void => {
      this.#ranAt = this.#actor.now();
    };
    void Promise.resolve(result).then(ran, ran);
    return result;
  }

  /** Returns the trace headers of outputs: of this span if recorded, else of the input. */
  headers(): Readonly<Record<string, string>> {
    return headersOf(this.#span, this.#event);
  }

  /** Ends the span, and returns the duration of the delivery in ms. */
  end(outcome: Outcome, error?: unknown): number {
    if (this.#span.isRecording()) {
      this.#span.setAttribute("beehive.outcome", outcome);
      this.#actor.settled(this.#span, this.#event, outcome, this.#ranAt);
    }
    if (error !== undefined) fail(this.#span, error);
    this.#span.end();
    const durationMs = performance.now() - this.startedAt;
    this.#actor.ended(durationMs, outcome, error);
    return durationMs;
  }
}

function headersOf(span: Span, input: Event): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  if (span.isRecording()) {
    propagation.inject(trace.setSpan(context.active(), span), headers);
    return headers;
  }
  if (!carriesTrace(input)) return noHeaders;
  for (const name of traceHeaders) {
    const value = input.properties[name];
    if (typeof value === "string") headers[name] = value;
  }
  return headers;
}
