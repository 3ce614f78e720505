import {
  context,
  propagation,
  SpanKind,
  trace,
  type Attributes,
  type ObservableResult,
  type Span,
  type SpanOptions,
} from "@opentelemetry/api";
import type { ActorDescriptor } from "../actors/actor.ts";
import type { Clock } from "../base/clock.ts";
import { ownText } from "../base/bytes.ts";
import type { Event } from "../events/event.ts";
import { QueueName } from "../events/queue-name.ts";
import { ActorTelemetry } from "./actor-telemetry.ts";
import {
  carriesTrace,
  contextOf,
  createOperation,
  destinationAttributes,
  fail,
  messageAttributes,
  nameOfSpan,
  sendOperation,
  systemName,
  withError,
} from "./attributes.ts";
import { Instruments } from "./instruments.ts";

export type { ActorTelemetry, BatchSpan, ProcessSpan } from "./actor-telemetry.ts";

/*
 * Spans and metrics by the OpenTelemetry semantic conventions for messaging. Everything is a no-op until the
 * application sets up an SDK.
 */

/** Destinations that are remembered: more than a hive has, unless names are made up. */
const maxRemembered = 10_000;

/** Spans and metrics of one hive. */
export class Telemetry {
  readonly #system: string;
  readonly #clock: Clock;
  readonly #instruments = new Instruments();
  readonly #sentTo = new Map<string, Sending>();
  readonly #nowhere: Sending;

  /** @param provider The name of the provider, for `messaging.system`. */
  constructor(provider: string, clock: Clock) {
    this.#clock = clock;
    this.#system = systemName(provider);
    this.#nowhere = new Sending({ "messaging.system": this.#system, ...sendOperation });
  }

  /**
   * Runs a push inside a span, and passes the events with their trace headers to `send`.
   *
   * A single event continues the span of the push. Each of several events has a span of its own, which the push links
   * to: otherwise all events that follow from a batch would be one trace. An event that carries a trace already keeps
   * it.
   */
  push<T>(events: readonly Event[], send: (traced: readonly Event[]) => Promise<T>): Promise<T> {
    const { spanName, ofOne, ofSeveral, attributes } = this.#destinationOf(events);
    const span = this.#instruments.tracer.startSpan(spanName, events.length === 1 ? ofOne : ofSeveral);
    if (!span.isRecording() && !this.#instruments.measuring) return send(events);
    return this.#measured(events, span, attributes, send);
  }

  async #measured<T>(
    events: readonly Event[],
    span: Span,
    attributes: Attributes,
    send: (traced: readonly Event[]) => Promise<T>,
  ): Promise<T> {
    const startedAt = performance.now();
    let failure: unknown;
    try {
      const traced = span.isRecording() ? this.#traced(events, span) : events;
      const sent = await context.with(trace.setSpan(context.active(), span), () => send(traced));
      this.sent(events);
      return sent;
    } catch (error) {
      failure = error;
      fail(span, error);
      throw error;
    } finally {
      span.end();
      this.#instruments.operation.record((performance.now() - startedAt) / 1000, withError(attributes, failure));
    }
  }

  /** Counts events that were published. */
  sent(events: readonly Event[]): void {
    if (!this.#instruments.measuring) return;
    for (const { queueName } of events) this.#instruments.sent.add(1, this.#destination(queueName).attributes);
  }

  /** Measures how many events each subscription is behind. Returns a function that ends it. */
  observeBehind(count: () => Promise<ReadonlyMap<QueueName, { readonly behind: number }>>): () => void {
    if (!this.#instruments.measuring) return () => {};
    const observe = async (result: ObservableResult): Promise<void> => {
      const lags = await count().catch(() => new Map<QueueName, { readonly behind: number }>());
      for (const [name, { behind }] of lags)
        result.observe(behind, { "messaging.system": this.#system, ...destinationAttributes(name) });
    };
    this.#instruments.behind.addCallback(observe);
    return () => this.#instruments.behind.removeCallback(observe);
  }

  /** Measures the slots of each subscription. Returns a function that ends it. */
  observeSizes(sizes: () => readonly (readonly [QueueName, number])[]): () => void {
    if (!this.#instruments.measuring) return () => {};
    const observe = (result: ObservableResult): void => {
      for (const [name, size] of sizes())
        result.observe(size, { "messaging.system": this.#system, ...destinationAttributes(name) });
    };
    this.#instruments.parallelism.addCallback(observe);
    return () => this.#instruments.parallelism.removeCallback(observe);
  }

  /** Returns the spans and metrics of one actor. */
  actor(descriptor: ActorDescriptor): ActorTelemetry {
    return new ActorTelemetry(this.#instruments, this.#system, this.#clock, descriptor);
  }

  #traced(events: readonly Event[], push: Span): readonly Event[] {
    const [first] = events;
    if (first && events.length === 1) {
      push.setAttributes(messageAttributes(first));
      return [this.#continuing(push, first, push)];
    }
    push.setAttribute("messaging.batch.message_count", events.length);
    return events.map((event) => {
      if (carriesTrace(event)) return this.#continuing(push, event, push);
      const destination = this.#destination(event.queueName).attributes;
      const created = this.#instruments.tracer.startSpan(nameOfSpan("create", destination), {
        kind: SpanKind.PRODUCER,
        attributes: { ...destination, ...createOperation, ...messageAttributes(event) },
      });
      created.end();
      return this.#continuing(created, event, push);
    });
  }

  /** Returns the event with the headers of the span that it continues. The push links to any other span. */
  #continuing(span: Span, event: Event, push: Span): Event {
    const own = carriesTrace(event) ? contextOf(event) : undefined;
    const from = own ?? span.spanContext();
    if (from.spanId !== push.spanContext().spanId) push.addLink({ context: from });
    if (own) return event;
    const headers: Record<string, string> = {};
    propagation.inject(trace.setSpan(context.active(), span), headers);
    return event.clone({ id: event.id, properties: { ...event.properties, ...headers } });
  }

  /** Returns the common destination of events, if they have one. */
  #destinationOf(events: readonly Event[]): Sending {
    const queueName = events[0]?.queueName;
    return queueName !== undefined && events.every((event) => event.queueName === queueName)
      ? this.#destination(queueName)
      : this.#nowhere;
  }

  #destination(queueName: string): Sending {
    const known = this.#sentTo.get(queueName);
    if (known) return known;
    const destination = destinationAttributes(QueueName.parse(queueName));
    const sending = new Sending({ ...this.#nowhere.attributes, ...destination });
    if (this.#sentTo.size < maxRemembered) this.#sentTo.set(ownText(queueName), sending);
    return sending;
  }
}

/** The spans of pushes to one destination. Made once, because every push uses them. */
class Sending {
  readonly attributes: Attributes;
  readonly spanName: string;
  /** By the conventions, events continue the span of a producer. */
  readonly ofOne: SpanOptions;
  readonly ofSeveral: SpanOptions;

  constructor(attributes: Attributes) {
    this.attributes = attributes;
    this.spanName = nameOfSpan("send", attributes);
    this.ofOne = { kind: SpanKind.PRODUCER, attributes };
    this.ofSeveral = { kind: SpanKind.CLIENT, attributes };
  }
}
