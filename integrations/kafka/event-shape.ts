import type { Published } from "../../src/actors/actor.ts";
import { destination } from "../../src/actors/descriptor.ts";
import { messageOf } from "../../src/base/error-text.ts";

/** The event that a record becomes, where the record does not say. */
export interface EventShape {
  readonly queueName: string;
  readonly eventType: string;
  readonly contentType: string;
}

interface ShapeOptions {
  /** @default the name of the destination */
  readonly eventType?: string | undefined;
  /** @default "application/json" */
  readonly contentType?: string | undefined;
}

export function shapeOf(of: Published, { eventType, contentType = "application/json" }: ShapeOptions): EventShape {
  const target = destination(of);
  const name = typeof of === "string" ? target.topic : of.name;
  return { queueName: String(target), eventType: eventType ?? name, contentType };
}

/** Returns what is wrong with a destination of events, in words. */
export function destinationProblems(option: string, given: unknown): string[] {
  if (given === undefined) return [`${option} must name the topic, queue or event type of the events`];
  try {
    destination(given as Published);
    return [];
  } catch (error) {
    return [`${option}: ${messageOf(error)}`];
  }
}
