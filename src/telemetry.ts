import {
  context,
  metrics,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Counter,
  type Histogram,
  type Span,
  type Tracer,
  type UpDownCounter,
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
const noHeaders: Readonly<Record<string, string>> = {};

/** What is measured with; taken from the SDK that is set up when the hive is made. */
class Instruments {
  readonly tracer: Tracer = trace.getTracer(scope);
  readonly #meter = metrics.getMeter(scope);
  readonly sent: Counter = this.#meter.createCounter("messaging.client.sent.messages", {
    description: "Events published",
    unit: "{message}",
  });
  readonly consumed: Counter = this.#meter.createCounter("messaging.client.consumed.messages", {
    description: "Events delivered to actors, by outcome",
    unit: "{message}",
  });
  readonly duration: Histogram = this.#meter.createHistogram("messaging.process.duration", {
    description: "Time an actor worked on an event",
    unit: "s",
  });
  readonly inFlight: UpDownCounter = this.#meter.createUpDownCounter("beehive.in_flight", {
    description: "Events being worked on",
    unit: "{message}",
  });
  readonly lag: Histogram = this.#meter.createHistogram("beehive.lag", {
    description: "Time from an event's timestamp to its first delivery",
    unit: "s",
  });
}

/** What one hive tells OpenTelemetry. */
export class Telemetry {
  readonly #system: string;
  readonly #clock: Clock;
  readonly #instruments = new Instruments();
  readonly #sentTo = new Map<string, Attributes>();

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
    const span = this.#instruments.tracer.startSpan("send", {
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
    for (const { queueName } of events) this.#instruments.sent.add(1, this.#destination(queueName));
  }

  #destination(queueName: string): Attributes {
    const known = this.#sentTo.get(queueName);
    if (known) return known;
    const attributes = { "messaging.system": this.#system, "messaging.destination.name": queueName };
    this.#sentTo.set(queueName, attributes);
    return attributes;
  }

  /** What is measured of the deliveries of one actor. */
  actor(descriptor: ActorDescriptor): ActorTelemetry {
    return new ActorTelemetry(this.#instruments, this.#system, this.#clock, descriptor);
  }
}

/** Spans and metrics of one actor on one subscription. */
export class ActorTelemetry {
  readonly #instruments: Instruments;
  readonly #clock: Clock;
  readonly #spanName: string;
  /** The same objects for each event: this is on the path of every one of them. */
  readonly #attributes: Attributes;
  readonly #outcomes: Readonly<Record<Outcome, Attributes>>;

  constructor(instruments: Instruments, system: string, clock: Clock, { name, queueName }: ActorDescriptor) {
    this.#instruments = instruments;
    this.#clock = clock;
    this.#spanName = `process ${queueName}`;
    this.#attributes = {
      "messaging.system": system,
      "messaging.operation.type": "process",
      "messaging.destination.name": queueName.toString(),
      "beehive.actor": name,
    };
    const of = (outcome: Outcome): Attributes => ({ ...this.#attributes, "beehive.outcome": outcome });
    this.#outcomes = {
      committed: of("committed"),
      retried: of("retried"),
      "dead-lettered": of("dead-lettered"),
      "given-back": of("given-back"),
      "lease-lost": of("lease-lost"),
    };
  }

  /** Starts the span of one delivery, a child of the span that published the event. */
  start(event: Event, attempt: number): ProcessSpan {
    const parent =
      "traceparent" in event.properties ? propagation.extract(context.active(), event.properties) : undefined;
    const { tracer, inFlight, lag, duration, consumed } = this.#instruments;
    const span = tracer.startSpan(this.#spanName, { kind: SpanKind.CONSUMER, attributes: this.#attributes }, parent);
    if (span.isRecording()) {
      span.setAttributes({
        "messaging.message.id": event.id,
        "messaging.message.conversation_id": event.correlationId,
        "beehive.attempt": attempt,
      });
    }
    inFlight.add(1, this.#attributes);
    if (attempt === 1)
      lag.record(Math.max(0, (this.#clock.now() - event.timestamp.getTime()) / 1000), this.#attributes);
    return new ProcessSpan(span, event, (seconds, outcome) => {
      inFlight.add(-1, this.#attributes);
      duration.record(seconds, this.#outcomes[outcome]);
      consumed.add(1, this.#outcomes[outcome]);
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
    if (!("traceparent" in this.#event.properties)) return noHeaders;
    const headers: Record<string, string> = {};
    for (const name of traceHeaders) {
      const value = this.#event.properties[name];
      if (typeof value === "string") headers[name] = value;
    }
    return headers;
  }

  end(outcome: Outcome, error?: unknown): void {
    if (this.#span.isRecording()) this.#span.setAttribute("beehive.outcome", outcome);
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
