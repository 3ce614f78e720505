import type { Clock } from "../base/clock.ts";
import type { Event } from "../events/event.ts";
import type { EventType } from "../events/event-type.ts";
import type { Logger } from "../base/logger.ts";
import type { QueueName } from "../events/queue-name.ts";
import type { RetryOptions } from "./retry-policy.ts";
import type { FailureLimit, SupervisionRule } from "./supervision.ts";

/** The events that follow from an event: any iterable, an async one too, or nothing. */
export type ActorOutput = Iterable<Event> | AsyncIterable<Event> | void | undefined | null;

/**
 * Takes one event, does one piece of work and returns the events that follow. It knows no other actor and
 * keeps no state of its own: an instance lives for one event, state lives in the stores.
 *
 * An actor that has `Symbol.asyncDispose`, `Symbol.dispose` or a method `dispose` is disposed after its event.
 */
export interface ProcessorActor {
  /**
   * Runs at least once for each event: exactly once in effect where the provider commits a step
   * atomically, possibly again after a crash where it does not. Throwing sends the event back to be retried
   * with delay; {@link RejectEvent} and {@link RetryLater} say more.
   */
  processAsync(event: Event, context: ActorContext): ActorOutput | Promise<ActorOutput>;
}

/** What an actor may know of the delivery that it works on. */
export interface ActorContext {
  /**
   * Aborts when the lease is lost, another consumer may have the event then, or when the hive stops and its
   * deadline has passed. What the actor returns afterwards is thrown away.
   */
  readonly signal: AbortSignal;
  /** 1 for the first attempt. A step that is run again after a concurrency conflict is the same attempt. */
  readonly attempt: number;
  /** Adds the actor, the subscription, the event and the attempt to each line. */
  readonly logger: Logger;
  readonly descriptor: ActorDescriptor;
  /** Time as the hive sees it: a test can hand the hive a clock of its own. */
  readonly clock: Clock;
}

/**
 * Runs what comes after: the next middleware, and in the end the actor. May be called once, several times or not
 * at all; with a context, that one is seen further in. Resolves with everything the actor returned.
 */
export type Next = (context?: ActorContext) => Promise<readonly Event[]>;

/**
 * Wraps the run of an actor: may look at the event, refuse it by throwing, delay it, change what is returned.
 * It returns what `next` gives, or other events, or `[]` for none: what it does not return is not published. The loop knows
 * nothing of it; what a middleware throws is a failure of the step like any other.
 */
export type Middleware = (event: Event, context: ActorContext, next: Next) => Events | Promise<Events>;

type Events = Iterable<Event> | AsyncIterable<Event>;

/** A class whose instances are actors, constructed through dependency injection. */
// oxlint-disable-next-line typescript/no-explicit-any -- constructor parameters are contravariant: only `any` accepts every class
export type ActorClass = new (...dependencies: any[]) => ProcessorActor;

/** Where events are published to: a topic, a queue, or wherever the events of a type go. */
export type Published = string | Pick<EventType<unknown>, "name" | "queueName">;

/** What a descriptor says of how a subscription is worked on. */
export interface ActorOptions {
  /** How many events are worked on at the same time, in one process; 10 unless said. */
  readonly parallelism?: number | undefined;
  /** How long an event is leased before it is renewed or comes back, in ms; 30,000 unless said. */
  readonly lease?: number | undefined;
  /**
   * How many events one step may return. A step that returns more is a mistake, such as a generator without an end, and
   * its event goes to the dead letters. @default 10_000
   */
  readonly maxOutputs?: number | undefined;
  /** What differs from the hive's retry policy. */
  readonly retry?: Partial<RetryOptions> | undefined;
  /**
   * The topics (`OrderShipped` or `OrderShipped-`) and queues (`Invoices-Invoices`) that it publishes to, or the event types
   * whose events go where those say: made by the set-up, drawn in the graph.
   */
  readonly publishes?: readonly Published[] | undefined;
  /**
   * Whether events of one `partitionKey` are handled one at a time and in order; a failing one holds back its key
   * and no other. Events without a key have no order.
   */
  readonly ordered?: boolean | undefined;
  /** What is done about some errors in the place of the retry policy; before the rules of the hive. */
  readonly supervision?: readonly SupervisionRule[] | undefined;
  /** What is done when the subscription fails too often. */
  readonly failureLimit?: FailureLimit | undefined;
  /** What wraps each run of this actor, inside what wraps all actors of the hive; the first is outermost. */
  readonly middleware?: readonly Middleware[] | undefined;
}

/** One actor on one subscription or queue, with everything decided. */
export interface ActorDescriptor {
  readonly actorType: ActorClass;
  /** The name of the class. */
  readonly name: string;
  readonly queueName: QueueName;
  readonly parallelism: number;
  readonly lease: number;
  readonly maxOutputs: number;
  readonly retry: RetryOptions;
  readonly publishes: readonly QueueName[];
  readonly ordered: boolean;
  readonly supervision: readonly SupervisionRule[];
  readonly failureLimit: FailureLimit | undefined;
  readonly middleware: readonly Middleware[];
  /** Where each setting came from: `default`, `decorator`, a file, a variable. */
  readonly origins: Readonly<Record<string, string>>;
}

/** What one `@actorDescription` says. */
export interface ActorDescription {
  readonly queueName: string;
  readonly options: ActorOptions;
}

const descriptions = Symbol.for("beehive-actors.descriptions");

/**
 * Subscribes an actor class: `@actorDescription("OrderAccepted-Payment")` to the subscription `Payment` of the
 * topic `OrderAccepted`, `@actorDescription("Invoices")` to a simple queue. Several on one class are several
 * subscriptions. Works as a legacy (`experimentalDecorators`) and as a standard decorator, and as a plain call.
 *
 * Nothing is checked here: `createHive` lists every mistake at once.
 */
export function actorDescription(
  queueName: string,
  options: ActorOptions = {},
): <C extends ActorClass>(actorType: C, context?: ClassDecoratorContext<C>) => void {
  return (actorType) => {
    // Decorators are applied from the last to the first; prepending keeps the order of the source.
    Object.defineProperty(actorType, descriptions, {
      value: [{ queueName, options }, ...descriptionsOf(actorType)],
      configurable: true,
    });
  };
}

/** What the decorators of a class say, in the order of the source. Not inherited: a subclass subscribes for itself. */
export function descriptionsOf(actorType: object): readonly ActorDescription[] {
  if (!Object.hasOwn(actorType, descriptions)) return [];
  return (actorType as { [descriptions]: readonly ActorDescription[] })[descriptions];
}
