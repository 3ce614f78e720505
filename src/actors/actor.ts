import type { Clock } from "../base/clock.ts";
import type { Duration } from "../base/duration.ts";
import type { Logger } from "../base/logger.ts";
import type { AnyEventType, BodyOf, EventType } from "../events/event-type.ts";
import type { Event } from "../events/event.ts";
import type { QueueName } from "../events/queue-name.ts";
import type { Stores } from "../contract/stores.ts";
import type { Replayed, StartPosition } from "../contract/topic-log.ts";
import type { BatchOptions, BatchSettings } from "./batch-options.ts";
import type { Elastic, Parallelism } from "./elastic.ts";
import type { Isolation } from "./isolate.ts";
import type { HoldWhen } from "./hold-when.ts";
import type { RetryOptions, RetryPolicy } from "./retry-policy.ts";
import type { ChildRun, SpawnOptions } from "./spawn.ts";
import type { ThrottleOptions } from "./middleware/throttle-options.ts";
import type { FailureLimit, SupervisionRule } from "./supervision.ts";

/** The events that an actor returns: any iterable, also an async one, or nothing. */
export type ActorOutput = Iterable<Event> | AsyncIterable<Event> | void | undefined | null;

/**
 * Takes one event, does one piece of work and returns the events that follow.
 *
 * An actor knows no other actor and keeps no state of its own: an instance lives for one event, state lives in stores.
 * An actor with `Symbol.asyncDispose`, `Symbol.dispose` or a method `dispose` is disposed after its event.
 *
 * @example
 * @actorDescription("OrderAccepted-Payment", { publishes: ["PaymentAuthorised"] })
 * class PaymentActor implements ProcessorActor {
 *   async processAsync(event: Event): Promise<ActorOutput> {
 *     const { orderId } = event.getBody<{ orderId: string }>();
 *     return [new Event("PaymentAuthorised", { orderId })];
 *   }
 * }
 * @example <caption>Typed by its event</caption>
 * @actorDescription("OrderAccepted-Payment", { event: OrderAccepted, publishes: [PaymentAuthorised] })
 * class PaymentActor implements ProcessorActor<typeof OrderAccepted> {
 *   async processAsync(_event: Event, { body }: TypedContext<typeof OrderAccepted>) {
 *     return [PaymentAuthorised.create({ orderId: body.orderId })];
 *   }
 * }
 */
export interface ProcessorActor<T extends AnyEventType | undefined = undefined> {
  /**
   * Processes one event.
   *
   * Runs at least once for each event. The effect is exactly once where the provider commits a step atomically.
   * An event whose actor throws is retried with a delay; {@link RejectEvent} dead-letters it, {@link RetryLater} names
   * the delay, {@link PauseSubscription} pauses the subscription.
   */
  processAsync(event: Event, context: ContextOf<T>): ActorOutput | Promise<ActorOutput>;
}

/**
 * Takes events in batches, in place of {@link ProcessorActor}. An instance lives for one batch.
 *
 * The events of a batch are of one subscription. Where steps are atomic a batch is one step: its store writes, its
 * outputs and all of its events commit together or not at all.
 *
 * @example
 * @actorDescription("MemberChanged-Index", { batch: { size: 1_000, interval: "30s" } })
 * class IndexActor implements BatchActor {
 *   async processBatchAsync(events: readonly Event[], context: BatchContext): Promise<ActorOutput> {
 *     await this.index.addAll(events.map((event) => event.getBody<Member>()));
 *   }
 * }
 */
export interface BatchActor<T extends AnyEventType | undefined = undefined> {
  /**
   * Processes the events of a batch, in the order of their delivery. A throw fails all of them.
   *
   * An output belongs to the event that its `causationId` names, else to the batch.
   */
  processBatchAsync(events: readonly Event[], context: BatchContext<BodyIn<T>>): ActorOutput | Promise<ActorOutput>;
}

/** An actor of either kind. */
export type AnyActor = ProcessorActor | BatchActor;

/** The context of an actor, with the body if its options name its event. */
type ContextOf<T extends AnyEventType | undefined> = [T] extends [AnyEventType] ? TypedContext<T> : ActorContext;

/** The delivery that an actor works on. */
export interface ActorContext {
  /**
   * Aborts when the lease is lost, or at the deadline of a stop.
   *
   * Outputs that are returned afterwards are discarded, because another consumer may have the event.
   *
   * @example
   * await fetch(url, { signal: context.signal });
   */
  readonly signal: AbortSignal;
  /** 1 for the first attempt. A step that runs again after a concurrency conflict is the same attempt. */
  readonly attempt: number;
  /** Adds the actor, the subscription, the event and the attempt to each line. */
  readonly logger: Logger;
  readonly descriptor: ActorDescriptor;
  /** The clock of the hive; virtual in tests. */
  readonly clock: Clock;
  /**
   * Set when a rewind delivers the event again; `undefined` for an event that comes for the first time.
   *
   * @example
   * if (!context.replayed) await sendMail(order);
   */
  readonly replayed?: Replayed | undefined;
  /**
   * The stores of the provider, which write at once and outside of the step. For middleware.
   *
   * An actor gets stores injected, whose writes belong to its step.
   */
  readonly stores: Stores;
  /** True where store writes, outputs and the event commit together. */
  readonly atomic: boolean;
  /**
   * Cancels the events that wait under a cancel key, together with the commit of this step.
   *
   * Events that the step returns are not cancelled, so that a step may replace an event by a later one.
   *
   * @example
   * context.cancel(`hold-${seat}`);
   * return [HoldEnded.create({ seat }, { cancelKey: `hold-${seat}`, delay: "10m" })];
   */
  cancel(key: string): void;
  /**
   * Starts a child of the hive that lives longer than the event: a poller, a socket. Returns whether it was started.
   *
   * The hive has one child of each name, however often it is spawned; each process has its own. The child is restarted
   * when it fails, and ends with the hive. It is started at once, also when the step fails later.
   *
   * @throws BeeHiveError `InvalidConfiguration`, `InvalidState` in a host that hands over events.
   * @example
   * context.spawn(`feed ${id}`, ({ signal, push }) => follow(url, { signal, found: push }), { restart: "always" });
   */
  spawn(name: string, run: ChildRun, options?: SpawnOptions): boolean;
}

/** The delivery to an actor whose options name its event, see {@link ActorOptions.event}. */
export interface TypedContext<T extends AnyEventType> extends ActorContext {
  /** The body of the event: upcast and checked by the type. */
  readonly body: BodyOf<T>;
}

/** The body of an event, where the options of its actor name the type. */
type BodyIn<T extends AnyEventType | undefined> = [T] extends [AnyEventType] ? BodyOf<T> : unknown;

/** An event of a batch, as it was delivered. Its time is `event.timestamp`. */
export interface Batched<Body = unknown> {
  readonly event: Event;
  /** The body, upcast and checked by the type that the options of the actor name; `undefined` without one. */
  readonly body: Body;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** The position in its topic, where the topic keeps its events. */
  readonly position: number | undefined;
  /** See {@link ActorContext.replayed}. */
  readonly replayed: Replayed | undefined;
}

/** The delivery of a batch. Its `attempt` is the highest of its events, its `replayed` that of the first. */
export interface BatchContext<Body = unknown> extends ActorContext {
  /**
   * The events of the batch in order, each with its body, attempt and position.
   *
   * @example
   * for (const { event, body, position } of context.batch) …
   */
  readonly batch: readonly Batched<Body>[];
  /**
   * Fails one event, which is retried or dead-lettered as if its actor had thrown the error. The others go on.
   *
   * Outputs that it caused are discarded. Store writes are not: fail an event before anything is written for it.
   *
   * @example
   * if (!isValid(row)) context.fail(event, new RejectEvent("the row has no id"));
   */
  fail(event: Event, error: unknown): void;
}

/** The delivery of a batch to an actor whose options name its event, as {@link TypedContext}. */
export type TypedBatchContext<T extends AnyEventType> = BatchContext<BodyOf<T>>;

/**
 * Runs the next middleware, and finally the actor. Resolves with all events that the actor returned.
 *
 * May be called once, several times or not at all. A context that is passed replaces the one seen further in.
 */
export type Next = (context?: ActorContext) => Promise<readonly Event[]>;

/**
 * Wraps the run of an actor.
 *
 * A middleware may inspect the event, throw to refuse it, delay it, or change the outputs. It returns the events of
 * `next`, or others, or `[]`: only returned events are published. An error that it throws fails the step like any
 * other.
 *
 * @example
 * const timed: Middleware = async (event, { clock, logger }, next) => {
 *   const startedAt = clock.now();
 *   const outputs = await next();
 *   logger.info({ eventId: event.id, ms: clock.now() - startedAt }, "processed");
 *   return outputs;
 * };
 */
export type Middleware = (event: Event, context: ActorContext, next: Next) => Events | Promise<Events>;

type Events = Iterable<Event> | AsyncIterable<Event>;

/** A class whose instances are actors, constructed through dependency injection. */
// oxlint-disable-next-line typescript/no-explicit-any -- constructor parameters are contravariant: only `any` accepts every class
export type ActorClass = new (...dependencies: any[]) => AnyActor;

/**
 * A class of actors that takes the context of events of a type.
 *
 * A property, because the compiler compares the parameters of methods loosely; `never` accepts any type of event.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- as for `ActorClass`
type ClassOn<T extends AnyEventType | undefined> = new (...dependencies: any[]) =>
  | { readonly processAsync: (event: never, context: ContextOf<T>) => ActorOutput | Promise<ActorOutput> }
  | {
      readonly processBatchAsync: (
        events: never,
        context: BatchContext<BodyIn<T>>,
      ) => ActorOutput | Promise<ActorOutput>;
    };

/** A destination of events: a topic, a queue, or an event type with its destination. */
export type Published = string | Pick<EventType<unknown>, "name" | "queueName">;

/**
 * How an actor works on its subscription.
 *
 * @example
 * @actorDescription("OrderAccepted-Payment", { parallelism: 20, lease: "1m", retry: { maxAttempts: 5 } })
 */
export interface ActorOptions<T extends AnyEventType | undefined = AnyEventType | undefined> {
  /**
   * The type of the events. The context of the actor then has their body, read before the actor runs: one that cannot
   * be read dead-letters its event. @default None: the actor reads the body itself.
   */
  readonly event?: T;
  /**
   * The name in logs, metrics, overrides, graphs and the journal. Set it where a bundler shortens the names of classes.
   * @default the name of the class
   */
  readonly name?: string | undefined;
  /**
   * Events, or batches, that one process works on at the same time. With `{ min, max }` the number of events follows the
   * load: it grows while more brings more throughput, and shrinks again. @default 10, and 1 for batches
   */
  readonly parallelism?: Parallelism | undefined;
  /**
   * The batches of an actor with `processBatchAsync`. One more fills while as many as its `parallelism` run.
   * @default { size: 100, interval: "1s" }
   */
  readonly batch?: BatchOptions | undefined;
  /** Leases nothing while a queue downstream is full, see {@link HoldWhen}. @default Never. */
  readonly holdWhen?: HoldWhen | readonly HoldWhen[] | undefined;
  /**
   * Runs the actor in a thread of its own pool, for computations that take long. Gets stores and classes injected.
   * @default None: it runs in the thread of the hive.
   */
  readonly isolate?: Isolation | undefined;
  /** How long an event is leased. Leases are renewed while the actor works. @default 30_000 */
  readonly lease?: Duration | undefined;
  /**
   * The most events that one step may return. More are taken for a mistake, such as a generator without an end, and
   * dead-letter the event. @default 10_000
   */
  readonly maxOutputs?: number | undefined;
  /**
   * The longest that an event may wait for this actor. Health, alerts and the dashboard name one that waits longer.
   *
   * @default None.
   * @example
   * @actorDescription("SeatHeld-Payment", { maxLag: "2s" })
   */
  readonly maxLag?: Duration | undefined;
  /** Gives outputs without a partition key that of their input, as `defaults` for all actors. @default false */
  readonly inheritPartitionKey?: boolean | undefined;
  /** Replaces fields of the hive's retry policy. */
  readonly retry?: RetryOptions | undefined;
  /**
   * The topics (`OrderShipped` or `OrderShipped-`), queues (`Invoices-Invoices`) and event types that the actor
   * publishes to. The set-up makes them, and graphs draw them.
   */
  readonly publishes?: readonly Published[] | undefined;
  /**
   * Processes events of one `partitionKey` one at a time and in order. A failing event holds back its own key and no
   * other. Events without a key have no order. @default false
   */
  readonly ordered?: boolean | undefined;
  /**
   * Where the subscription starts when it is made, on a topic that keeps its events. Later starts go on where it was.
   * @default "now"
   */
  readonly from?: StartPosition | undefined;
  /** Replaces the retry policy for some errors. The rules of the hive follow. @default [] */
  readonly supervision?: readonly SupervisionRule[] | undefined;
  /** Pauses the subscription, or stops the hive, when the actor fails too often. */
  readonly failureLimit?: FailureLimit | undefined;
  /** Wraps each run of this actor, inside the middleware of the hive. The first is outermost. @default [] */
  readonly middleware?: readonly Middleware[] | undefined;
}

/** An actor on a subscription or queue, with every option resolved; lengths of time in ms. */
export interface ActorDescriptor {
  readonly actorType: ActorClass;
  /** See {@link ActorOptions.name}. */
  readonly name: string;
  readonly queueName: QueueName;
  /** See {@link ActorOptions.event}. */
  readonly event: AnyEventType | undefined;
  /** The most events that one process works on at the same time. */
  readonly parallelism: number;
  /** `undefined` for an actor that takes one event at a time. */
  readonly batch?: BatchSettings | undefined;
  /** The bounds of a parallelism that follows the load; `undefined` for a fixed one. */
  readonly elastic?: Elastic | undefined;
  /** See {@link ActorOptions.isolate}. */
  readonly isolate?: Isolation | undefined;
  /** See {@link ActorOptions.holdWhen}. */
  readonly holdWhen?: readonly HoldWhen[] | undefined;
  readonly lease: number;
  readonly maxOutputs: number;
  /** See {@link ActorOptions.maxLag}; in ms. */
  readonly maxLag?: number | undefined;
  readonly inheritPartitionKey: boolean;
  readonly retry: RetryPolicy;
  readonly publishes: readonly QueueName[];
  readonly ordered: boolean;
  readonly from: StartPosition | undefined;
  readonly supervision: readonly SupervisionRule<number>[];
  readonly failureLimit: FailureLimit<number> | undefined;
  readonly middleware: readonly Middleware[];
  /** The throttle that an operator set, which is among the middleware. */
  readonly throttle?: ThrottleOptions | undefined;
  /** Origin of each setting: `default`, `decorator`, the path of a file, the name of a variable, or `operator NAME`. */
  readonly origins: Readonly<Record<string, string>>;
}

/** The arguments of one `@actorDescription`. */
interface Subscription {
  readonly queueName: string;
  readonly options: ActorOptions;
}

const subscriptions = Symbol.for("beehive-actors.descriptions");

/**
 * Subscribes an actor class to a topic or a queue.
 *
 * Several on one class are several subscriptions. Works as a legacy (`experimentalDecorators`) and as a standard
 * decorator, and as a plain call. Nothing is checked here: `createHive` lists every mistake at once.
 *
 * @param queueName `OrderAccepted-Payment` for the subscription `Payment` of the topic `OrderAccepted`, `Invoices` for
 *   a simple queue.
 * @example
 * @actorDescription("OrderAccepted-Payment", { parallelism: 20 })
 * class PaymentActor implements ProcessorActor { … }
 */
export function actorDescription<const T extends AnyEventType | undefined = undefined>(
  queueName: string,
  options: ActorOptions<T> = {},
): <C extends ClassOn<T>>(actorType: C, context?: ClassDecoratorContext<C>) => void {
  return (actorType) => {
    // Decorators are applied from the last to the first; prepending keeps the order of the source.
    Object.defineProperty(actorType, subscriptions, {
      value: [{ queueName, options }, ...subscriptionsOf(actorType)],
      configurable: true,
    });
  };
}

/** Returns the subscriptions of a class, in the order of the source. They are not inherited. */
export function subscriptionsOf(actorType: object): readonly Subscription[] {
  if (!Object.hasOwn(actorType, subscriptions)) return [];
  return (actorType as { [subscriptions]: readonly Subscription[] })[subscriptions];
}
