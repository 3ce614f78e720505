import {
  actorDescription,
  type ActorClass,
  type ActorContext,
  type ActorOutput,
  type ActorOptions,
  type BatchActor,
  type BatchContext,
  type Batched,
  type ProcessorActor,
  type TypedBatchContext,
  type Published,
  type TypedContext,
} from "../actor.ts";
import type { BatchOptions } from "../batch-options.ts";
import { BeeHiveError } from "../../base/errors.ts";
import { objectProblems, throwProblems } from "../../base/problems.ts";
import type { AnyEventType, BodyOf, EventOf } from "../../events/event-type.ts";
import type { Event } from "../../events/event.ts";
import { injects } from "./container.ts";
import { usedIn, type Used, type Uses } from "./uses.ts";

/** The events that a function returns: any iterable of those that its `publishes` names, or nothing. */
export type OutputOf<P extends readonly Published[]> =
  | readonly EventOf<P[number]>[]
  | Iterable<EventOf<P[number]>>
  | AsyncIterable<EventOf<P[number]>>
  | void
  | undefined
  | null;

/** The options of an actor that is a function: those of a class, and the dependencies that it gets by name. */
export interface FunctionOptions<P extends readonly Published[], U extends Uses> extends Omit<
  ActorOptions,
  "event" | "name" | "publishes" | "batch"
> {
  /** The name in logs, metrics, overrides, graphs and the journal. @default the subscription or queue */
  readonly name?: string | undefined;
  /** The destinations and types of its events. It returns no others. @default [] */
  readonly publishes?: P;
  /** Stores by their tokens, classes, and tokens of your own, as `@injects` takes them. @default {} */
  readonly uses?: U & { readonly [K in keyof (Delivered<AnyEventType> & DeliveredBatch<AnyEventType>)]?: never };
}

/** The options of an actor that is a function and takes its events in batches. */
export interface BatchFunctionOptions<P extends readonly Published[], U extends Uses> extends FunctionOptions<P, U> {
  /** The batches; `{}` for those of the defaults. */
  readonly batch: BatchOptions;
}

/** The argument of an actor that is a function and takes its events in batches, beside what it uses. */
export interface DeliveredBatch<T extends AnyEventType> {
  /** The events in order, each with its body, attempt and position. */
  readonly batch: readonly Batched<BodyOf<T>>[];
  readonly context: TypedBatchContext<T>;
}

/** The argument of an actor that is a function, beside what it uses. */
export interface Delivered<T extends AnyEventType> {
  /** The body of the event: upcast and checked by the type. */
  readonly body: BodyOf<T>;
  readonly event: Event;
  readonly context: TypedContext<T>;
}

/**
 * Makes an actor of a function, typed by its event.
 *
 * The actor is a class like any other: a module exports it, `createHive` and `given` take it, and it has every option
 * of `@actorDescription`. Without decorators, plain Node runs it.
 *
 * @param queueName `OrderAccepted-Payment` for the subscription `Payment` of the topic `OrderAccepted`, `Invoices` for
 *   a simple queue.
 * @param type The type of the events that it reads.
 * @param run Returns the events that follow. The compiler refuses those that `publishes` does not name.
 * @throws BeeHiveError `InvalidConfiguration` when `run` is not a function, or the options are none; `createHive` lists
 *   every other mistake.
 * @example
 * export const Payment = actor(
 *   "OrderAccepted-Payment",
 *   OrderAccepted,
 *   { publishes: [OrderPaid], uses: { orders: Orders } },
 *   async ({ body: { orderId }, orders }) => {
 *     const { price } = await orders.get(orderId);
 *     return [OrderPaid.create({ orderId, price })];
 *   },
 * );
 * @example <caption>In batches</caption>
 * export const Import = actor(
 *   "RowRead-Import",
 *   RowRead,
 *   { batch: { size: 200 }, uses: { rows: Rows } },
 *   async ({ batch, rows }) => {
 *     for (const { body } of batch) await rows.upsert(body);
 *   },
 * );
 */
export function actor<
  T extends AnyEventType,
  const P extends readonly Published[] = readonly [],
  const U extends Uses = Record<never, never>,
>(
  queueName: string,
  type: T,
  options: BatchFunctionOptions<P, U>,
  run: (delivered: DeliveredBatch<T> & Used<U>) => OutputOf<P> | Promise<OutputOf<P>>,
): ActorClass;
export function actor<
  T extends AnyEventType,
  const P extends readonly Published[] = readonly [],
  const U extends Uses = Record<never, never>,
>(
  queueName: string,
  type: T,
  // Without `batch` being refused here, a lambda might get its types of this signature before the other is tried.
  options: FunctionOptions<P, U> & { readonly batch?: undefined },
  run: (delivered: Delivered<T> & Used<U>) => OutputOf<P> | Promise<OutputOf<P>>,
): ActorClass;
export function actor(
  queueName: string,
  type: AnyEventType,
  options: FunctionOptions<readonly Published[], Uses> & { readonly batch?: BatchOptions | undefined },
  run: (delivered: never) => ActorOutput | Promise<ActorOutput>,
): ActorClass {
  if (typeof run !== "function")
    throw new BeeHiveError(
      "InvalidConfiguration",
      `The actor on "${queueName}" has no function: actor(queueName, eventType, options, async ({ body }) => [...]).`,
    );
  throwProblems(objectProblems(`the actor on "${queueName}": its options`, options));
  const { uses = {}, name = nameFrom(queueName), ...rest } = options;
  throwProblems(objectProblems(`${name} on "${queueName}": uses`, uses));
  const made = (rest.batch === undefined ? singleActor : batchActor)(uses, run as Run);
  Object.defineProperty(made, "name", { value: name });
  injects(...Object.values<Uses[string]>(uses))(made);
  actorDescription(queueName, { ...rest, name, event: type })(made);
  return made;
}

type Run = (delivered: object) => ActorOutput | Promise<ActorOutput>;

function singleActor(uses: Uses, run: Run): ActorClass {
  return class FunctionActor implements ProcessorActor {
    readonly #used: Readonly<Record<string, unknown>>;

    constructor(...injected: readonly unknown[]) {
      this.#used = usedIn(uses, injected);
    }

    processAsync(event: Event, context: ActorContext): ActorOutput | Promise<ActorOutput> {
      const { body } = context as TypedContext<AnyEventType>;
      return run({ ...this.#used, body, event, context });
    }
  };
}

function batchActor(uses: Uses, run: Run): ActorClass {
  return class BatchFunctionActor implements BatchActor {
    readonly #used: Readonly<Record<string, unknown>>;

    constructor(...injected: readonly unknown[]) {
      this.#used = usedIn(uses, injected);
    }

    processBatchAsync(_events: readonly Event[], context: BatchContext): ActorOutput | Promise<ActorOutput> {
      return run({ ...this.#used, batch: context.batch, context });
    }
  };
}

/** Returns the subscription or queue of a name, which may be wrong: nothing is checked before `createHive`. */
function nameFrom(queueName: unknown): string {
  return String(queueName).split("-").pop() ?? "";
}
