import {
  context,
  metrics,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
} from "@opentelemetry/api";
import type { ActorDescriptor } from "./actor.ts";
import type { Clock } from "./clock.ts";
import type { Event } from "./event.ts";
import { messageOf } from "./retry-policy.ts";

/*
 * Spans and metrics by the OpenTelemetry semantic conventions for messaging. Everything is a no-op until the
 * application sets up an SDK.
 */

/** How the work on one delivery ended. */
export type Outcome = "committed" | "retried" | "dead-lettered" | "given-back" | "lease-lost";

const scope = "beehive-actors";
/** The W3C trace context headers, carried as properties of events. */
const traceHeaders = ["traceparent", "tracestate"] as const;

export class Telemetry {
  readonly #system: string;
  readonly #clock: Clock;
  readonly #tracer = trace.getTracer(scope);
  readonly #meter = metrics.getMeter(scope);
  readonly #sent = this.#meter.createCounter("messaging.client.sent.messages", {
    description: "Events published",
    unit: "{message}",
  });
  readonly #consumed = this.#meter.createCounter("messaging.client.consumed.messages", {
    description: "Events delivered to actors, by outcome",
    unit: "{message}",
  });
  readonly #duration = this.#meter.createHistogram("messaging.process.duration", {
    description: "Time an actor worked on an event",
    unit: "s",
  });
  readonly #inFlight = this.#meter.createUpDownCounter("beehive.in_flight", {
    description: "Events being worked on",
    unit: "{message}",
  });
  readonly #lag = this.#meter.createHistogram("beehive.lag", {
    description: "Time from an event's timestamp to its first delivery",
    unit: "s",
  });

  /** @param system the provider, as `messaging.system`. */
  constructor(system: string, clock: Clock) {
    this.#clock = clock;
    this.#system = system;
  }

  /** Runs a push of events inside a producer span; returns the trace headers that belong into their properties. */
  async push(
    events: readonly Event[],
    send: (tracing: Readonly<Record<string, string>>) => Promise<void>,
  ): Promise<void> {
    const span = this.#tracer.startSpan("send", {
      kind: SpanKind.PRODUCER,
      attributes: {
        "messaging.system": this.#system,
        "messaging.operation.type": "send",
        "messaging.batch.message_count": events.length,
      },
    });
    try {
      await context.with(trace.setSpan(context.active(), span), () => send(headersOf(span)));
      this.sent(events);
    } catch (error) {
      fail(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  /** Counts events that were published. */
  sent(events: readonly Event[]): void {
    for (const event of events) {
      this.#sent.add(1, { "messaging.system": this.#system, "messaging.destination.name": event.queueName });
    }
  }

  /** Starts the span of one delivery, a child of the span that published the event. */
  process(event: Event, descriptor: ActorDescriptor, attempt: number): ProcessSpan {
    const attributes = {
      "messaging.system": this.#system,
      "messaging.operation.type": "process",
      "messaging.destination.name": event.queueName,
      "beehive.actor": descriptor.name,
    };
    const parent =
      "traceparent" in event.properties ? propagation.extract(context.active(), event.properties) : context.active();
    const span = this.#tracer.startSpan(
      `process ${event.queueName}`,
      {
        kind: SpanKind.CONSUMER,
        attributes: {
          ...attributes,
          "messaging.message.id": event.id,
          "messaging.message.conversation_id": event.correlationId,
          "beehive.attempt": attempt,
        },
      },
      parent,
    );
    this.#inFlight.add(1, attributes);
    if (attempt === 1)
      this.#lag.record(Math.max(0, (this.#clock.now() - event.timestamp.getTime()) / 1000), attributes);
    return new ProcessSpan(span, event, (seconds, outcome) => {
      this.#inFlight.add(-1, attributes);
      this.#duration.record(seconds, { ...attributes, "beehive.outcome": outcome });
      this.#consumed.add(1, { ...attributes, "beehive.outcome": outcome });
    });
  }
}

/** The span around one delivery: the actor runs inside it, so that spans of its own become children. */
export class ProcessSpan {
  readonly #span: Span;
  readonly #event: Event;
  readonly #ended: (seconds: number, outcome: Outcome) => void;
  readonly #startedAt = performance.now();

  constructor(span: Span, event: Event, ended: (seconds: number, outcome: Outcome) => void) {
    this.#span = span;
    this.#event = event;
    this.#ended = ended;
  }

  run<T>(work: () => T): T {
    if (!this.#span.isRecording()) return work();
    return context.with(trace.setSpan(context.active(), this.#span), work);
  }

  /** What outputs carry on: this span when one is recorded, else what the input carried. */
  headers(): Readonly<Record<string, string>> {
    if (this.#span.isRecording()) return headersOf(this.#span);
    const headers: Record<string, string> = {};
    for (const name of traceHeaders) {
      const value = this.#event.properties[name];
      if (typeof value === "string") headers[name] = value;
    }
    return headers;
  }

  end(outcome: Outcome, error?: unknown): void {
    this.#span.setAttribute("beehive.outcome", outcome);
    if (error !== undefined) fail(this.#span, error);
    this.#span.end();
    this.#ended((performance.now() - this.#startedAt) / 1000, outcome);
  }
}

function headersOf(span: Span): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  if (span.isRecording()) propagation.inject(trace.setSpan(context.active(), span), headers);
  return headers;
}

function fail(span: Span, error: unknown): void {
  const attributes: Attributes = { "error.type": error instanceof Error ? error.name : typeof error };
  span.setAttributes(attributes);
  span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
}
