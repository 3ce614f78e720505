import {
  context,
  propagation,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type SpanContext,
} from "@opentelemetry/api";
import { errorNameOf, messageOf } from "../base/error-text.ts";
import { safeText } from "../base/safe-text.ts";
import { registeredProvider } from "../contract/provider-module.ts";
import type { Event } from "../events/event.ts";
import type { QueueName } from "../events/queue-name.ts";

/* Names and values of the OpenTelemetry semantic conventions for messaging. */

/** Returns `messaging.system` for the name of a provider. */
export function systemName(provider: string): string {
  return registeredProvider(provider)?.messagingSystem ?? provider;
}

export const sendOperation: Attributes = { "messaging.operation.type": "send", "messaging.operation.name": "send" };
export const createOperation: Attributes = {
  "messaging.operation.type": "create",
  "messaging.operation.name": "create",
};

export function destinationAttributes({ topic, subscription }: QueueName): Attributes {
  return subscription === ""
    ? { "messaging.destination.name": topic }
    : { "messaging.destination.name": topic, "messaging.destination.subscription.name": subscription };
}

export function messageAttributes({ id, correlationId, bodySize }: Event): Attributes {
  return {
    "messaging.message.id": id,
    "messaging.message.body.size": bodySize,
    ...(correlationId === undefined ? {} : { "messaging.message.conversation_id": correlationId }),
  };
}

export function withError(attributes: Attributes, error: unknown): Attributes {
  return error === undefined ? attributes : { ...attributes, "error.type": errorNameOf(error) };
}

export function nameOfSpan(operation: string, destination: Attributes): string {
  const name = destination["messaging.destination.name"];
  return typeof name === "string" ? `${operation} ${name}` : operation;
}

export function carriesTrace({ properties }: Event): boolean {
  return "traceparent" in properties;
}

/** Returns the span context in the properties of an event; `undefined` when they hold none. */
export function contextOf({ properties }: Event): SpanContext | undefined {
  return trace.getSpanContext(propagation.extract(context.active(), properties));
}

const maxStatus = 1_024;

/** Marks a span as failed. Its text holds no secret and no body, because spans leave for an outside service. */
export function fail(span: Span, error: unknown): void {
  span.setAttribute("error.type", errorNameOf(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: safeText(messageOf(error), maxStatus) });
}
