import { isBranded } from "../base/brand.ts";
import { BeeHiveError } from "../base/errors.ts";
import { ranSince } from "../base/event-loop.ts";
import { adopted } from "../events/adopted-event.ts";
import { isEventType } from "../events/event-type.ts";
import type { Event } from "../events/event.ts";
import type { ActorContext, ActorDescriptor, ActorOutput } from "./actor.ts";

/** The actor that returned the outputs, and the signal that ends their reading. */
export interface OutputSource extends Pick<ActorContext, "signal"> {
  readonly descriptor: Pick<ActorDescriptor, "name" | "maxOutputs">;
}

/**
 * Returns the outputs of an actor as a list, for an async iterable as a promise.
 *
 * An async iterable is ended, and read no further, when the signal of the source aborts.
 *
 * @throws BeeHiveError `InvalidOutput` when the output is no iterable of events, or holds too many.
 */
export function collect(output: ActorOutput, source: OutputSource): readonly Event[] | Promise<readonly Event[]> {
  if (output === undefined || output === null) return [];
  if (typeof output === "object" && Symbol.asyncIterator in output) return collectAsync(output, source);
  const { name, maxOutputs } = source.descriptor;
  const events: Event[] = [];
  if (Array.isArray(output)) {
    // Runs no code of the actor, so that nothing is to be timed.
    for (let n = 0; n < output.length; n++) add(output[n], events, name, maxOutputs);
    return events;
  }
  if (typeof output === "object" && Symbol.iterator in output) {
    const startedAt = performance.now();
    try {
      for (const one of output) add(one, events, name, maxOutputs);
    } finally {
      ranSince(startedAt, name);
    }
    return events;
  }
  throw new BeeHiveError(
    "InvalidOutput",
    `${name} returned ${kindOf(output)}; processAsync returns events in an array, another iterable or nothing.`,
  );
}

/** Rejects as soon as the signal aborts, even while the iterable is still busy. */
function collectAsync(output: AsyncIterable<Event>, { descriptor, signal }: OutputSource): Promise<readonly Event[]> {
  signal.throwIfAborted();
  const iterator = output[Symbol.asyncIterator]();
  const { name, maxOutputs } = descriptor;
  const read = async (): Promise<readonly Event[]> => {
    const events: Event[] = [];
    for (;;) {
      const { done, value } = await iterator.next();
      signal.throwIfAborted();
      if (done === true) return events;
      add(value, events, name, maxOutputs);
    }
  };
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      signal.removeEventListener("abort", aborted);
      // A generator that awaits something ends only after that.
      end(iterator);
      reject(error);
    };
    const aborted = (): void => fail(signal.reason as Error);
    signal.addEventListener("abort", aborted);
    read().then((events) => {
      signal.removeEventListener("abort", aborted);
      resolve(events);
    }, fail);
  });
}

/** Lets an iterable clean up. Its failures are ignored, because the step has failed already. */
function end(iterator: AsyncIterator<Event>): void {
  try {
    void iterator.return?.().then(undefined, () => {});
  } catch {
    // Generators never throw here; hand-made iterators may.
  }
}

function add(value: unknown, events: Event[], name: string, maxOutputs: number): void {
  if (events.length >= maxOutputs)
    throw new BeeHiveError(
      "InvalidOutput",
      `${name} returned more than ${maxOutputs} events for one event, none of which was published. ` +
        "Does its generator end? " +
        "Raise maxOutputs, or split the work over several events.",
    );
  events.push(assertEvent(value, name));
}

function assertEvent(value: unknown, actor: string): Event {
  const event = adopted(value);
  if (event) return event;
  throw new BeeHiveError(
    "InvalidOutput",
    `${actor} returned ${kindOf(value)} among its events; ` +
      "make each with new Event(type, body), Event from beehive-actors.",
  );
}

function kindOf(value: unknown): string {
  if (isBranded(value, "Event")) return "a single event";
  if (value instanceof Promise) return "a promise";
  // Without an import, `Event` is the DOM's.
  if ((value as object | null | undefined)?.constructor?.name === "Event") return "an Event of another class";
  if (isEventType(value)) return `the event type ${value.name}`;
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
