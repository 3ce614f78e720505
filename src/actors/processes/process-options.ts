import type { ActorContext, Published } from "../actor.ts";
import type { Duration } from "../../base/duration.ts";
import type { Stored } from "../../contract/stores.ts";
import type { AnyEventType, BodyOf, EventOf } from "../../events/event-type.ts";
import type { Event } from "../../events/event.ts";
import type { FunctionOptions, OutputOf } from "../injection/function-actor.ts";
import type { Used, Uses } from "../injection/uses.ts";
import type { ProcessState } from "./process-state.ts";

/** A turn of a process: its state, and how it ends. */
export interface Turn<S extends ProcessState, P extends readonly Published[]> {
  /** The key of the process. */
  readonly id: string;
  /** The state. Changes of it are stored with the turn; fields of your own are absent until a turn sets them. */
  readonly state: Stored<S>;
  readonly context: ActorContext;
  /** Returns whether the process took an event of each of these types. The present one counts. */
  readonly has: (...types: readonly AnyEventType[]) => boolean;
  /** Ends the process, and publishes these events. Later events of the process are ignored. */
  readonly complete: (...events: readonly EventOf<P[number]>[]) => void;
  /**
   * Ends the process, publishes these events, and then every compensation, the latest first.
   *
   * An event that comes later is compensated at once.
   */
  readonly cancel: (...events: readonly EventOf<P[number]>[]) => void;
}

/** An event that a process took, and its body. */
interface Taken<T extends AnyEventType> {
  readonly body: BodyOf<T>;
  readonly event: Event;
}

type Answer<P extends readonly Published[]> = OutputOf<P> | Promise<OutputOf<P>>;

/** How a process handles the events of one type. */
export interface ProcessStep<
  T extends AnyEventType,
  S extends ProcessState,
  P extends readonly Published[],
  U extends Uses,
> {
  readonly event: T;
  /** Returns the events that follow. @default None follow. */
  readonly run?: (turn: Turn<S, P> & Taken<T> & Used<U>) => Answer<P>;
  /** Returns the compensation of the event, for a process that is cancelled. @default None. */
  readonly undo?: (taken: Pick<Turn<S, P>, "id" | "state" | "context"> & Taken<T> & Used<U>) => Answer<P>;
  /** Returns the key; `undefined` for an event that concerns no process. @default the field `key` of the body */
  readonly by?: (body: BodyOf<T>, event: Event) => string | undefined;
}

/** A step needs `by` if the body of its event has no key. */
type Keyed<T extends AnyEventType, K extends string> =
  BodyOf<T> extends { readonly [F in K]: string } ? unknown : { readonly by: unknown };

/** The options of a process manager, beside those of an actor. */
export interface ProcessOptions<
  S extends ProcessState,
  P extends readonly Published[],
  First extends AnyEventType,
  Others extends readonly AnyEventType[],
  U extends Uses,
  K extends string,
> extends Omit<FunctionOptions<P, U>, "name" | "uses"> {
  /** Stores by their tokens, classes, and tokens of your own, as `@injects` takes them. @default {} */
  readonly uses?: U & { readonly [N in keyof Turn<S, P> | keyof Taken<First>]?: never };
  /** The field of bodies that holds the key of the process. @default "id" */
  readonly key?: K;
  /** The event that starts a process. Another one with the key of a process is ignored. */
  readonly starts: ProcessStep<First, S, P, U> & Keyed<First, K>;
  /** The events of a process that has started. One that comes before is retried. @default [] */
  readonly on?: { readonly [I in keyof Others]: ProcessStep<Others[I], S, P, U> & Keyed<Others[I], K> };
  /**
   * Time limits, counted from the start. One that finds the process ended does nothing.
   *
   * @default {}
   * @example
   * after: { "15m": ({ id, cancel }) => cancel(BookingCancelled.create({ id })) }
   */
  readonly after?: { readonly [limit in Duration]?: (turn: Turn<S, P> & Used<U>) => Answer<P> };
}
