import { performance } from "node:perf_hooks";
import type { Clock } from "../../base/clock.ts";
import { BeeHiveError } from "../../base/errors.ts";
import { ranSince } from "../../base/event-loop.ts";
import type { Logger } from "../../base/logger.ts";
import type { Stores } from "../../contract/stores.ts";
import type { Replayed } from "../../contract/topic-log.ts";
import type { AnyEventType } from "../../events/event-type.ts";
import type { Event } from "../../events/event.ts";
import type {
  ActorContext,
  ActorDescriptor,
  ActorOutput,
  BatchActor,
  BatchContext,
  Middleware,
  ProcessorActor,
  TypedContext,
} from "../actor.ts";
import { collect } from "../output.ts";
import type { ChildRun, SpawnOptions } from "../spawn.ts";

/** Runs the actor inside its middleware, the first outermost, and returns the outputs. */
export function runThrough(
  middleware: readonly Middleware[],
  actor: ProcessorActor,
  event: Event,
  context: ActorContext,
): ActorOutput | Promise<ActorOutput> {
  if (middleware.length === 0) return runActor(actor, event, context);
  return runWithin(middleware, event, context, (seen) => runActor(actor, event, seen));
}

/** Runs the actor of a batch inside its middleware, which sees the first event and wraps the batch as a whole. */
export function runBatchThrough(
  middleware: readonly Middleware[],
  actor: BatchActor,
  events: readonly Event[],
  context: BatchContext,
): ActorOutput | Promise<ActorOutput> {
  const [first] = events;
  if (!first || middleware.length === 0) return runBatch(actor, events, context);
  return runWithin(middleware, first, context, (seen) => runBatch(actor, events, seenBy(seen, context)));
}

/** Returns the context of a batch with the signal that its middleware passed on. */
function seenBy(seen: Partial<ActorContext>, context: BatchContext): BatchContext {
  const { signal } = seen;
  if (seen === context || signal === undefined) return context;
  const { batch } = context;
  return Object.assign(withSignal(context, signal), {
    batch,
    fail: (event: Event, error: unknown) => context.fail(event, error),
  });
}

function runWithin(
  middleware: readonly Middleware[],
  event: Event,
  context: ActorContext,
  runInner: (seen: ActorContext) => ActorOutput | Promise<ActorOutput>,
): Promise<ActorOutput> {
  const { name } = context.descriptor;
  const run = async (index: number, seen: ActorContext): Promise<ActorOutput> => {
    const wrap = middleware[index];
    if (!wrap) return runInner(seen);
    const returned = await wrap(event, seen, async (changed = seen) => {
      const next = wholeOf(changed, context);
      return collect(await run(index + 1, next), next);
    });
    // A forgotten `return` would silently discard all outputs of the actor.
    if ((returned as unknown) === undefined)
      throw new BeeHiveError(
        "InvalidOutput",
        `A middleware of ${name} returned nothing; return what next() gives, or [].`,
      );
    return returned;
  };
  return run(0, context);
}

/** Returns a context with the getters that it lacks when a middleware made it by spreading another one. */
function wholeOf(changed: ActorContext, context: ActorContext): ActorContext {
  if ("signal" in changed && "logger" in changed) return changed;
  const { signal = context.signal } = changed as Partial<ActorContext>;
  return Object.assign(new ContextWithSignal(context, signal), changed);
}

/** Notes how long the actor holds the event loop before its first `await`. */
function runActor(actor: ProcessorActor, event: Event, context: ActorContext): ActorOutput | Promise<ActorOutput> {
  const { event: type, name } = context.descriptor;
  const startedAt = performance.now();
  try {
    return actor.processAsync(event, type === undefined ? context : new ContextWithBody(context, type.read(event)));
  } finally {
    ranSince(startedAt, name);
  }
}

function runBatch(
  actor: BatchActor,
  events: readonly Event[],
  context: BatchContext,
): ActorOutput | Promise<ActorOutput> {
  const startedAt = performance.now();
  try {
    return actor.processBatchAsync(events, context);
  } finally {
    ranSince(startedAt, context.descriptor.name);
  }
}

/** Returns the context with another signal. The logger is still made only when it is read. */
export function withSignal(context: ActorContext, signal: AbortSignal): ActorContext {
  return new ContextWithSignal(context, signal);
}

/*
 * Contexts are classes: V8 keeps what the getters of an object literal can reach until a full collection, so that
 * each event and its delivery would live that long.
 */

/** A context with another signal. */
class ContextWithSignal implements ActorContext {
  readonly signal: AbortSignal;
  readonly attempt: number;
  readonly descriptor: ActorDescriptor;
  readonly clock: Clock;
  readonly replayed: Replayed | undefined;
  readonly stores: Stores;
  readonly atomic: boolean;
  readonly cancel: ActorContext["cancel"];
  readonly spawn: ActorContext["spawn"];
  readonly #context: ActorContext;

  constructor(context: ActorContext, signal: AbortSignal) {
    this.#context = context;
    this.signal = signal;
    this.attempt = context.attempt;
    this.descriptor = context.descriptor;
    this.clock = context.clock;
    this.replayed = context.replayed;
    this.stores = context.stores;
    this.atomic = context.atomic;
    this.cancel = (key) => context.cancel(key);
    this.spawn = (name, run, options) => context.spawn(name, run, options);
  }

  get logger(): Logger {
    return this.#context.logger;
  }
}

/** A context with the body of the event. The signal and the logger are still made only when they are read. */
class ContextWithBody implements TypedContext<AnyEventType> {
  readonly body: unknown;
  readonly #context: ActorContext;

  constructor(context: ActorContext, body: unknown) {
    this.#context = context;
    this.body = body;
  }

  get attempt(): number {
    return this.#context.attempt;
  }

  get descriptor(): ActorDescriptor {
    return this.#context.descriptor;
  }

  get clock(): Clock {
    return this.#context.clock;
  }

  get replayed(): Replayed | undefined {
    return this.#context.replayed;
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }

  get logger(): Logger {
    return this.#context.logger;
  }

  get stores(): Stores {
    return this.#context.stores;
  }

  get atomic(): boolean {
    return this.#context.atomic;
  }

  cancel(key: string): void {
    this.#context.cancel(key);
  }

  spawn(name: string, run: ChildRun, options?: SpawnOptions): boolean {
    return this.#context.spawn(name, run, options);
  }
}
